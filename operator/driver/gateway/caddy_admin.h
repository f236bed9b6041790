// Caddy's admin API as HTTP calls: read a path with its ETag, change a path when the ETag still holds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"

namespace patchbay::driver {

// One path of the configuration as it was read.
struct CaddyValue {
  bool exists = false;  // false: null, or the way to it is not there
  std::string body;     // JSON, Go's printing, no line end
  std::string etag;     // names its path; "" when the way to it is not there
};

// Thread-safe when the client is. Errors: kUnavailable, kTimeout, kInDoubt as HttpClient; kConflict when the ETag no
// longer held; kInvalid when Caddy refuses the change, the message is its own; kInternal for an answer that is not
// Caddy's.
class CaddyAdmin {
 public:
  // `address`: "http://127.0.0.1:2019", "127.0.0.1:2019" or, for a Unix socket, "unix//run/caddy/admin.sock" (also
  // "unix:///run/..."). `deadline`: of each call. kInvalid for any other address.
  static Result<CaddyAdmin> At(const std::string& address, http::HttpClient& client,
                               std::chrono::milliseconds deadline);

  // GET `path` ("/config/apps/http/servers/patchbay").
  Result<CaddyValue> Get(const std::string& path) const;
  // `method`: PATCH replaces, PUT creates (with the way to it) or inserts, POST sets or appends, DELETE. Only when
  // `etag` (of any path) still holds; "" for always. Caddy reloads before it answers.
  Result<void> Change(const std::string& method, const std::string& path, std::string body,
                      const std::string& etag) const;

 private:
  CaddyAdmin(http::HttpClient& client, std::chrono::milliseconds deadline) : client_(&client), deadline_(deadline) {}
  http::Call NewCall(const std::string& method, const std::string& path) const;

  http::HttpClient* client_;
  std::chrono::milliseconds deadline_;
  std::string url_;
  std::string unix_socket_;
};

}  // namespace patchbay::driver
