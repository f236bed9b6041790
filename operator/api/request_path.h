// Where a request goes: /api/v1/..., /apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::api {

struct ResourcePath {
  std::string group;    // "" for core
  std::string version;  // "v1"
  bool watch = false;   // the deprecated /watch/ prefix
  std::string ns;       // "" when the path names none
  std::string plural;
  std::string name;         // "" for the collection
  std::string subresource;  // "status", or ""
};

// `path` is decoded. Nothing when it does not reach below a group version: discovery, health and the like.
std::optional<ResourcePath> ParseResourcePath(std::string_view path);

}  // namespace patchbay::api
