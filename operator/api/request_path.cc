#include "api/request_path.h"

#include <cstddef>
#include <span>
#include <vector>

#include "base/text.h"

namespace patchbay::api {
namespace {

using Segments = std::span<const std::string>;

// namespaces/NAME/status is the namespace's own subresource, not a kind inside it.
bool IsNamespaceSubresource(std::string_view word) { return word == "status" || word == "finalize"; }

bool TakeNamespace(Segments& rest, ResourcePath& path) {
  if (rest.size() < 3 || rest[0] != "namespaces" || IsNamespaceSubresource(rest[2])) return true;
  path.ns = rest[1];
  rest = rest.subspan(2);
  return !path.ns.empty();
}

}  // namespace

std::optional<ResourcePath> ParseResourcePath(std::string_view path) {
  if (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (path.empty() || path.front() != '/') return std::nullopt;
  const std::vector<std::string> segments = Split(path.substr(1), '/');
  Segments rest = segments;
  ResourcePath parsed;
  if (rest[0] == "api" && rest.size() >= 3) {
    parsed.version = rest[1];
    rest = rest.subspan(2);
  } else if (rest[0] == "apis" && rest.size() >= 4) {
    parsed.group = rest[1];
    parsed.version = rest[2];
    rest = rest.subspan(3);
  } else {
    return std::nullopt;
  }
  if (rest[0] == "watch" && rest.size() >= 2) {
    parsed.watch = true;
    rest = rest.subspan(1);
  }
  if (!TakeNamespace(rest, parsed) || rest.size() > 3) return std::nullopt;
  for (const std::string& segment : rest) {
    if (segment.empty()) return std::nullopt;
  }
  parsed.plural = rest[0];
  if (rest.size() > 1) parsed.name = rest[1];
  if (rest.size() > 2) parsed.subresource = rest[2];
  return parsed;
}

}  // namespace patchbay::api
