// Where the database is, and how to speak of it without telling the password. Pure; thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace patchbay::store {

using Env = std::function<std::optional<std::string>(const char* name)>;

// libpq's connection string from DATABASE_URL (a postgres:// URL or "key=value" words, with all of libpq's parameters),
// or else from DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASS and DB_SSL (true/false or one of libpq's sslmodes).
// kNotFound when neither is set; kInvalid, naming the variable, for what cannot be right. No error holds the password.
Result<std::string> ConnectionString(const Env& env);

// `connection` with a parameter that it does not name itself.
std::string WithDefault(std::string connection, std::string_view key, std::string_view value);

// Takes the connection's password (and every other that looks like one) out of a text, for logs and errors.
class Scrubber {
 public:
  explicit Scrubber(const std::string& connection);
  std::string Scrub(std::string_view text) const;

 private:
  std::vector<std::string> secrets_;
};

}  // namespace patchbay::store
