// A bound, listening, non-blocking socket.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace patchbay::http {

class Listening {
 public:
  // "127.0.0.1:6444", "[::1]:0", "unix:/run/x.sock" (mode 0600; a socket file is replaced when nobody answers on it).
  // Errors: kInvalid (not an address), kUnavailable ("127.0.0.1:6444: Address already in use").
  static Result<Listening> Bind(const std::string& address);
  ~Listening();  // closes, and removes the socket file if it is still ours
  Listening(Listening&& other) noexcept;
  Listening& operator=(Listening&& other) = delete;

  int descriptor() const { return descriptor_; }
  const std::string& address() const { return address_; }  // as bound
  bool is_unix() const { return !path_.empty(); }

  // The next connection, non-blocking, its peer's address ("unix" for one) in `remote`; -1 and errno otherwise.
  int Accept(std::string& remote) const;

 private:
  Listening(int descriptor, std::string address, std::string path)
      : descriptor_(descriptor), address_(std::move(address)), path_(std::move(path)) {}
  static Result<Listening> BindTcp(const std::string& address);
  static Result<Listening> BindUnix(const std::string& address, const std::string& path);

  int descriptor_ = -1;
  std::string address_;
  std::string path_;
  unsigned long inode_ = 0;
};

}  // namespace patchbay::http
