#include "object/extent.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace patchbay {
namespace {

bool Covers(std::string_view pattern, std::string_view host) {
  if (EqualsIgnoreCase(pattern, host)) return true;
  if (!pattern.starts_with("*.") || host.size() < pattern.size() - 1) return false;
  return EqualsIgnoreCase(pattern.substr(1), host.substr(host.size() - pattern.size() + 1));
}

template <class Meets>
bool SomeMeet(const std::vector<std::string>& a, const std::vector<std::string>& b, Meets meets) {
  if (a.empty() || b.empty()) return true;
  return std::any_of(a.begin(), a.end(), [&](const auto& one) {
    return std::any_of(b.begin(), b.end(), [&](const auto& other) { return meets(one, other) || meets(other, one); });
  });
}

}  // namespace

bool Overlap(const Extent& a, const Extent& b) {
  return SomeMeet(a.hosts, b.hosts, [](const auto& one, const auto& other) { return Covers(one, other); }) &&
         SomeMeet(a.prefixes, b.prefixes, [](const auto& one, const auto& other) { return other.starts_with(one); });
}

}  // namespace patchbay
