// Kong's Admin API as HTTP calls. Thread-safe when the client is.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/result.h"
#include "driver/gateway/kong_routes.h"
#include "http/client.h"
#include "object/json.h"

namespace patchbay::driver {

// What "GET /" says of the node.
struct KongNode {
  KongVersion version;
  std::string version_text;  // "3.4.2", "3.4.3.5-enterprise-edition"
  bool has_database = true;  // false: DB-less, the configuration goes in as a whole
  std::string boot;          // another value when a DB-less node was started again
};

// Errors: kUnavailable, kTimeout, kInDoubt as HttpClient; kInDoubt also for 500 after a write; kInvalid when Kong
// refuses (400), the message is its own with its "fields"; kConflict the same for 409; kNotFound; kForbidden (401,
// 403); kInternal for an answer that is not Kong's.
class KongAdmin {
 public:
  // `address`: "http://127.0.0.1:8001" or "unix:/run/kong/admin.sock". `token`: sent as Kong-Admin-Token; "" for none.
  // `deadline`: of each call. kInvalid for any other address.
  static Result<KongAdmin> At(const std::string& address, std::string token, http::HttpClient& client,
                              std::chrono::milliseconds deadline);

  Result<KongNode> Node() const;
  // Every entity of the collection "/services", with the tag, unless "": all pages.
  Result<void> List(const std::string& path, const std::string& tag, const std::function<void(Json)>& visit) const;
  Result<void> Write(const std::string& method, const std::string& path, const Json& body) const;
  Result<void> Delete(const std::string& path) const;  // gone already is fine

 private:
  KongAdmin(http::HttpClient& client, std::chrono::milliseconds deadline) : client_(&client), deadline_(deadline) {}
  Result<http::Answer> Send(const std::string& method, const std::string& path, std::string body) const;

  http::HttpClient* client_;
  std::chrono::milliseconds deadline_;
  std::string url_;
  std::string unix_socket_;
  std::string token_;
};

}  // namespace patchbay::driver
