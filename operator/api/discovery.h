// What there is: /api, /apis, group and resource lists, aggregated discovery, /version. Written once from the kinds;
// thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/documents.h"
#include "schema/kind.h"

namespace patchbay::api {

class Discovery {
 public:
  Discovery(const Kinds& kinds, const std::string& version);

  // Answers when the path is one of discovery's; false otherwise.
  bool Serve(const CallPtr& call) const;

 private:
  void Put(const std::string& path, const std::string& version, const Json& value);
  std::map<std::pair<std::string, std::string>, Document> documents_;  // path and aggregated form: {"/apis", "v2"}
};

// "/openapi/v3/apis/patchbay.dev/v1" and discovery name group versions so: "api/v1", "apis/patchbay.dev/v1".
std::vector<std::pair<std::string, std::string>> GroupVersions(const Kinds& kinds);  // group, version; in order
std::string GroupVersionPath(std::string_view group, std::string_view version);

}  // namespace patchbay::api
