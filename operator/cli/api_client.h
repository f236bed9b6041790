// The API as the commands call it. Not thread-safe; blocks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/connection.h"
#include "http/client.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::cli {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// "/apis/patchbay.dev/v1/namespaces/default/plugins/echo/scale"; ns empty: all namespaces (or cluster scope).
std::string ObjectPath(const Kind& kind, const std::string& ns, const std::string& name = "",
                       const std::string& subresource = "");

struct Reply {
  Json body;
  int status = 0;
  std::vector<std::string> warnings;
};

class ApiClient {
 public:
  ApiClient(Connection connection, std::unique_ptr<http::HttpClient> client);

  // An answer that is not 2xx is an Error: its message is the server's, its causes the Status's.
  Result<Reply> Send(const std::string& method, const std::string& path, const Parameters& parameters = {},
                     const Json* body = nullptr, const std::string& content_type = "application/json",
                     const std::string& accept = "application/json");
  Result<Json> Get(const std::string& path, const Parameters& parameters = {},
                   const std::string& accept = "application/json");
  // Pieces as they come, until the server ends it, `on_piece` gives false or Ctrl-C.
  Result<void> Stream(const std::string& path, const Parameters& parameters, const std::string& accept,
                      const std::function<bool(std::string_view)>& on_piece);
  // Whole lines, each JSON.
  Result<void> StreamLines(const std::string& path, const Parameters& parameters, const std::string& accept,
                           const std::function<bool(const Json&)>& on_line);

  const Connection& connection() const { return connection_; }

 private:
  http::Call Prepare(const std::string& method, const std::string& path, const Parameters& parameters,
                     const std::string& accept) const;
  const Connection connection_;
  std::unique_ptr<http::HttpClient> client_;
};

}  // namespace patchbay::cli
