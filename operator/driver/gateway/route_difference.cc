#include "driver/gateway/route_difference.h"

#include <algorithm>

#include "base/text.h"
#include "driver/gateway/gateway.h"
#include "object/differences.h"

namespace patchbay::driver {
namespace {

constexpr std::size_t kLongest = 120;  // of a value that is told

std::string Print(const Json* value) {
  if (value == nullptr) return "none";
  std::string text = value->is_string() ? value->get<std::string>() : DumpJson(*value);
  // One line, or what shows it breaks.
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' '; })) text = DumpJson(*value);
  if (text.size() > kLongest) text = StrCat(text.substr(0, kLongest), "...");
  return IsUtf8(text) ? text : "(cut short)";
}

}  // namespace

void AddDifferences(const GatewayRoute& route, const std::string& place, const std::string& wanted, const std::string& served,
                    RouteDifferences& found) {
  if (wanted == served) return;
  const auto left = ParseJson(wanted);
  const auto right = ParseJson(served);
  if (!left.ok() || !right.ok()) {
    found.push_back({place, "as in the spec", "something else"});
    return;
  }
  for (const JsonDifference& each : FindDifferences(*left, *right)) {
    const std::string field = place.empty() || each.path.empty() ? StrCat(place, each.path) : StrCat(place, ".", each.path);
    if (route.auth) found.push_back({field, "as in the spec", "something else"});
    else found.push_back({field, Print(each.left), Print(each.right)});
  }
}

}  // namespace patchbay::driver
