#include "object/caddy_entries.h"

#include <functional>

#include "base/digest.h"
#include "base/text.h"

namespace patchbay {
namespace {

constexpr int kDeepest = 16;

// Calls `visit` with each route, its place and its name, outer ones first. One that answers true is taken out.
class Walk {
 public:
  using Visit = std::function<bool(const std::string& place, const std::string& name)>;
  Walk(std::string_view server, Visit visit) : server_(server), visit_(std::move(visit)) {}

  bool Enter(Json& routes, const std::string& place, const std::string& around, int depth) {
    if (!routes.is_array() || depth > kDeepest) return false;
    bool taken = false;
    std::size_t number = 0;
    for (auto route = routes.begin(); route != routes.end(); ++number) {
      const std::string here = StrCat(place, "[", number, "]");
      const std::string name = StrCat(server_, ":", Sha256Hex(StrCat(around, DumpJson(*route))).substr(0, 16));
      if (visit_(here, name)) {
        route = routes.erase(route);
        taken = true;
        continue;
      }
      taken = Within(*route, here, around, depth) || taken;
      ++route;
    }
    return taken;
  }

 private:
  bool Within(Json& route, const std::string& place, const std::string& around, int depth) {
    Json* handlers = Find(route, {"handle"});
    if (handlers == nullptr || !handlers->is_array()) return false;
    const Json* match = Find(route, {"match"});
    const std::string conditions = StrCat(around, match == nullptr ? "" : DumpJson(*match), "\n");
    bool taken = false;
    for (std::size_t i = 0; i < handlers->size(); ++i)
      if (Json* inner = Find((*handlers)[i], {"routes"}); inner != nullptr && FindString((*handlers)[i], {"handler"}) == "subroute")
        taken = Enter(*inner, StrCat(place, ".handle[", i, "].routes"), conditions, depth + 1) || taken;
    return taken;
  }

  const std::string server_;
  const Visit visit_;
};

}  // namespace

std::map<std::string, std::string> NameCaddyEntries(std::string_view server, const Json& routes) {
  std::map<std::string, std::string> names;
  Json copy = routes;
  Walk(server, [&](const std::string& place, const std::string& name) {
    names[place] = name;
    return false;
  }).Enter(copy, "", "", 0);
  return names;
}

bool RemoveCaddyEntries(std::string_view server, const std::set<std::string>& names, Json& routes) {
  return Walk(server, [&](const std::string&, const std::string& name) { return names.contains(name); }).Enter(routes, "", "", 0);
}

}  // namespace patchbay
