// Kong's entities, as its Admin API lists them (2.8 to 3.x).
#include <algorithm>

#include "base/text.h"
#include "cli/import_gateway.h"
#include "object/extent.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

bool IsOurs(const Json& entity) {
  for (const std::string& tag : Strings(Find(entity, {"tags"})))
    if (tag.starts_with("patchbay-")) return true;
  return false;
}

// Kong 3 marks a regex with "~"; before, a path with other than these characters is one.
bool IsRegex(const std::string& path) {
  return path.starts_with('~') ||
         path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/%") !=
             std::string::npos;
}

Json MakePath(const std::string& path) {
  if (!IsRegex(path))
    return {{"type", "Prefix"},
            {"value", path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path}};
  const std::string pattern = path.starts_with('~') ? path.substr(1) : path;
  return {{"type", "Regex"}, {"value", pattern.starts_with('^') ? pattern : StrCat("^", pattern)}};
}

class KongReader {
 public:
  KongReader(const KongEntities& entities, const KnownPlaces& known, const std::string& ns, bool adopt)
      : entities_(entities), known_(known), ns_(ns), adopt_(adopt) {}

  GatewayImport Read() {
    for (const Json& route : entities_.routes)
      if (!IsOurs(route)) ReadRoute(route);
    while (adopt_ && LeaveOutWhatHides()) {
    }
    for (const Json& plugin : entities_.plugins)
      if (!IsOurs(plugin) && IsNothing(Find(plugin, {"route"})) && IsNothing(Find(plugin, {"service"})))
        done_.left_out.push_back(StrCat("plugins/", FindString(plugin, {"id"}), ": ", FindString(plugin, {"name"}),
                                        " is not carried; it goes on for all of Kong"));
    return std::move(done_);
  }

 private:
  const Json* ServiceOf(const Json& route) const {
    const std::string id = FindString(route, {"service", "id"});
    for (const Json& service : entities_.services)
      if (!id.empty() && FindString(service, {"id"}) == id) return &service;
    return nullptr;
  }

  void ReadRoute(const Json& route) {
    const std::string id = FindString(route, {"id"});
    const std::string place = StrCat("routes/", id);
    const auto leave = [&](const std::string& why) {
      done_.left_out.push_back(StrCat(place, ": ", why, "; the route is left out"));
      stay_.push_back(ExtentOf(route));
    };
    const Json* service = ServiceOf(route);
    if (service == nullptr) return leave("it has no service");
    for (const char* condition : {"headers", "snis", "sources", "destinations", "expression"})
      if (!IsNothing(Find(route, {condition}))) return leave(StrCat(condition, ": a Route has no such condition"));
    const std::string scheme = FindString(*service, {"protocol"}, "http");
    if (scheme != "http" && scheme != "https") return leave(StrCat("protocol ", scheme, " of its service is not HTTP"));
    if (const std::string path = FindString(*service, {"path"}); !path.empty() && path != "/")
      return leave(StrCat("path ", path, " of its service: a backend has none"));
    const auto paths = Strings(Find(route, {"paths"}));
    const bool strip = FindBool(route, {"strip_path"}, true);
    const std::string title = FindString(route, {"name"}, FindString(*service, {"name"}, "kong"));
    Imported imported{MakeObject("Route", MakeName(title, taken_), ns_), nullptr, {StrCat("made of ", place)}};
    if (adopt_) imported.object["metadata"]["annotations"] = {{kAdoptAnnotation, StrCat("kong:", id, "@", FindInt(route, {"updated_at"}))}};
    Json& spec = imported.object["spec"];
    if (const auto hosts = Strings(Find(route, {"hosts"})); !hosts.empty()) spec["hosts"] = hosts;
    for (const std::string& path : paths) spec["paths"].push_back(MakePath(path));
    if (paths.empty()) spec["paths"].push_back({{"type", "Prefix"}, {"value", "/"}});
    if (const auto methods = Strings(Find(route, {"methods"})); !methods.empty()) spec["methods"] = methods;
    if (strip && std::any_of(paths.begin(), paths.end(), [](const auto& path) { return path != "/"; })) {
      if (std::any_of(paths.begin(), paths.end(), IsRegex)) return leave("strip_path of a regex path");
      spec["stripPath"] = true;
    }
    if (!AddBackends(*service, scheme, imported)) return leave("its service has no target");
    ReadRest(route, *service, imported);
    done_.routes.push_back(std::move(imported));
    extents_.push_back(ExtentOf(route));
  }

  static Extent ExtentOf(const Json& route) {
    Extent extent{Strings(Find(route, {"hosts"})), Strings(Find(route, {"paths"}))};
    for (std::string& path : extent.prefixes)
      if (IsRegex(path)) path.clear();
    return extent;
  }

  // Our paths are regular expressions, and Kong asks those first: ours would come before what is more special and stays.
  bool LeaveOutWhatHides() {
    for (std::size_t i = 0; i < extents_.size(); ++i)
      for (const Extent& other : stay_) {
        const auto special = [&](const std::string& path) {
          return extents_[i].prefixes.empty() || std::any_of(extents_[i].prefixes.begin(), extents_[i].prefixes.end(), [&](const auto& own) { return path.starts_with(own); });
        };
        const bool hides = Overlap(extents_[i], other) &&
                           (other.prefixes.empty() ? extents_[i].prefixes.empty() : std::any_of(other.prefixes.begin(), other.prefixes.end(), special));
        if (!hides) continue;
        done_.left_out.push_back(StrCat(done_.routes[i].notes.front(), ": a Route would hide a route that is left out (--no-adopt writes it)"));
        stay_.push_back(extents_[i]);
        extents_.erase(extents_.begin() + static_cast<std::ptrdiff_t>(i));
        done_.routes.erase(done_.routes.begin() + static_cast<std::ptrdiff_t>(i));
        return true;
      }
    return false;
  }

  bool AddBackends(const Json& service, const std::string& scheme, Imported& imported) {
    const std::string host = FindString(service, {"host"});
    Json& spec = imported.object["spec"];
    if (const auto targets = entities_.targets.find(host); targets != entities_.targets.end()) {
      for (const Json& target : targets->second) {
        Json backend = MakeBackend(scheme, FindString(target, {"target"}), known_, imported);
        if (const auto weight = FindInt(target, {"weight"}, 100); weight != 1) backend["weight"] = weight;
        spec["backends"].push_back(std::move(backend));
      }
      return spec.contains("backends");
    }
    if (host.empty()) return false;
    spec["backends"].push_back(
        MakeBackend(scheme, StrCat(host, ":", FindInt(service, {"port"}, 80)), known_, imported));
    return true;
  }

  void ReadRest(const Json& route, const Json& service, Imported& imported) const {
    Json& spec = imported.object["spec"];
    if (const auto timeout = FindInt(service, {"read_timeout"}, 60'000); timeout > 0)
      spec["timeout"] = StrCat(timeout, "ms");
    if (const auto retries = FindInt(service, {"retries"}, 5); retries >= 0)
      spec["retry"] = {{"attempts", std::min<std::int64_t>(retries, 10)}};
    if (!FindBool(route, {"preserve_host"}))
      imported.notes.push_back("preserve_host is false: the backend gets the caller's Host from now on");
    if (const auto priority = FindInt(route, {"regex_priority"}); priority != 0)
      spec["priority"] = std::clamp<std::int64_t>(priority, -1000, 1000);
    const auto protocols = Strings(Find(route, {"protocols"}));
    if (protocols == std::vector<std::string>{"https"})
      imported.notes.push_back("protocols https alone is not carried: it is served on what the gateway listens on");
    for (const Json& plugin : entities_.plugins) {
      const bool of_route = FindString(plugin, {"route", "id"}) == FindString(route, {"id"});
      const bool of_service = FindString(plugin, {"service", "id"}) == FindString(service, {"id"});
      if (of_route || (of_service && IsNothing(Find(plugin, {"route"}))))
        imported.notes.push_back(StrCat("plugins/", FindString(plugin, {"id"}), ": ", FindString(plugin, {"name"}),
                                        " is not carried; see rateLimit, auth, cors, headers"));
    }
  }

  const KongEntities& entities_;
  const KnownPlaces& known_;
  const std::string& ns_;
  const bool adopt_;
  std::vector<Extent> extents_;  // of done_.routes
  std::vector<Extent> stay_;     // of what is left out
  std::set<std::string> taken_;
  GatewayImport done_;
};

}  // namespace

GatewayImport ImportKong(const KongEntities& entities, const KnownPlaces& known, const std::string& ns, bool adopt) {
  return KongReader(entities, known, ns, adopt).Read();
}

}  // namespace patchbay::cli
