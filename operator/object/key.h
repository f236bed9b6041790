// The name of one object. Values; thread-safe as such.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

// A place in the one order of all commits; 0 is before everything. Kubernetes' resourceVersion, as a number.
using Revision = std::int64_t;

// `resource` is the plural with its group: "plugins.patchbay.dev"; for core/v1 the bare plural: "secrets".
// `ns` is empty for cluster-scoped kinds.
struct Key {
  std::string resource;
  std::string ns;
  std::string name;

  std::string ToString() const;  // "plugins.patchbay.dev default/echo"
  friend auto operator<=>(const Key&, const Key&) = default;
  friend bool operator==(const Key&, const Key&) = default;
};

inline constexpr std::string_view kPlugins = "plugins.patchbay.dev";
inline constexpr std::string_view kRoutes = "routes.patchbay.dev";
inline constexpr std::string_view kWebhooks = "webhooks.patchbay.dev";
inline constexpr std::string_view kNamespaces = "namespaces";
inline constexpr std::string_view kSecrets = "secrets";
inline constexpr std::string_view kConfigMaps = "configmaps";
inline constexpr std::string_view kEvents = "events";
inline constexpr std::string_view kPods = "pods";

// RFC 1123 subdomain (253) and label (63): what Kubernetes asks of names. Empty when good, else the rule broken, in
// Kubernetes' words.
std::string CheckSubdomain(std::string_view name);
std::string CheckLabel(std::string_view name);
// Label and annotation keys ("patchbay.dev/owner"), label values: every rule broken, in Kubernetes' words.
std::vector<std::string> CheckQualifiedName(std::string_view name);
std::vector<std::string> CheckLabelValue(std::string_view value);

}  // namespace patchbay

template <>
struct std::hash<patchbay::Key> {
  std::size_t operator()(const patchbay::Key& key) const noexcept;
};
