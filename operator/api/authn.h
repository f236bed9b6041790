// Who is asking: bearer tokens from a file. Immutable after construction; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/message.h"

namespace patchbay::api {

struct User {
  std::string name;
  std::vector<std::string> groups;
};

class Authenticator {
 public:
  // `token_file`: lines "TOKEN,USER[,GROUP...]", '#' begins a comment line. Empty: everybody is system:admin. A file
  // that cannot be read lets nobody in.
  explicit Authenticator(const std::string& token_file);

  // Nothing: the caller is nobody we know.
  std::optional<User> Authenticate(const http::Request& request) const;
  // Whether this one may do what this server does, all of it: whom a token names, system:admin where no tokens are
  // asked for, and the group system:masters. (A name that is only impersonated may be nobody's.)
  bool Allows(const User& user) const;

 private:
  struct Token {
    std::string digest;  // SHA-256 of the token: all are compared, each in constant time
    User user;
  };
  void ReadTokens(const std::string& path);
  const bool open_;
  std::vector<Token> tokens_;
};

}  // namespace patchbay::api
