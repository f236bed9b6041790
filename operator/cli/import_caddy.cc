// Caddy's JSON configuration, as https://caddyserver.com/docs/json/apps/http/ describes it.
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cli/import_gateway.h"
#include "object/caddy_entries.h"
#include "object/extent.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

constexpr int kMostPriority = 1000;

// What a route has gathered on its way through its outer routes.
struct Draft {
  std::vector<std::string> hosts;
  std::vector<std::string> paths;  // as Caddy writes them
  std::vector<std::string> regexes;
  std::vector<std::string> methods;
  std::string strip;
  Json headers = Json::object();
  std::vector<std::string> notes;
};

// "/api/*" begins with "/api/".
Extent ExtentOf(const Draft& draft) {
  Extent extent{draft.hosts, {}};
  for (const std::string& path : draft.paths) extent.prefixes.push_back(path.substr(0, path.find('*')));
  if (!draft.regexes.empty()) extent.prefixes.clear();
  return extent;
}

bool HasPlaceholder(const Json& values) { return DumpJson(values).find("{http.") != std::string::npos; }

Json MakePath(const std::string& path) {
  if (path == "*" || path == "/*" || path == "/") return {{"value", "/"}, {"type", path == "/" ? "Exact" : "Prefix"}};
  const auto star = path.find('*');
  if (star == std::string::npos) return {{"type", "Exact"}, {"value", path}};
  if (star == path.size() - 1 && path.ends_with("/*"))
    return {{"type", "Prefix"}, {"value", path.substr(0, path.size() - 2)}};
  std::string pattern = path.starts_with('*') ? "^/" : "^";
  for (const char c : path) {
    if (c == '*')
      pattern += ".*";
    else if (std::string("\\.+?()[]{}|^$").find(c) != std::string::npos)
      pattern += StrCat("\\", std::string(1, c));
    else
      pattern += c;
  }
  if (!path.ends_with('*')) pattern += "$";
  return {{"type", "Regex"}, {"value", pattern}};
}

class CaddyReader {
 public:
  CaddyReader(const KnownPlaces& known, const std::string& ns, bool adopt) : known_(known), ns_(ns), adopt_(adopt) {}

  GatewayImport Read(const Json& config) {
    const Json* servers = Find(config, {"apps", "http", "servers"});
    if (servers != nullptr && servers->is_object())
      for (const auto& [name, server] : servers->items())
        if (const Json* routes = Find(server, {"routes"})) {
          Draft draft;
          const std::string place = StrCat("apps.http.servers.", name, ".routes");
          for (const auto& [below, entry] : NameCaddyEntries(name, *routes)) entries_[place + below] = entry;
          Walk(*routes, place, draft);
          Take();
        }
    // The first that matches serves, as there.
    const int count = static_cast<int>(done_.routes.size());
    for (int i = 0; i < count && count > 1; ++i)
      done_.routes[static_cast<std::size_t>(i)].object["spec"]["priority"] = std::min(kMostPriority, count - i);
    return std::move(done_);
  }

 private:
  void LeaveOut(const std::string& place, const std::string& why, const Draft& draft) {
    done_.left_out.push_back(StrCat(place, ": ", why));
    stays_.push_back({place, ExtentOf(draft), number_++});
  }

  // One after the other, as Caddy does it: what an unconditional one alters, the later ones see. True when no request
  // gets past them.
  bool Walk(const Json& routes, const std::string& place, Draft& draft) {
    if (!routes.is_array()) return false;
    for (std::size_t i = 0; i < routes.size(); ++i) {
      const Json& route = routes[i];
      const std::string here = StrCat(place, "[", i, "]");
      if (FindString(route, {"@id"}).starts_with("patchbay-")) continue;
      const Json* sets = Find(route, {"match"});
      if (IsNothing(sets)) {
        if (Handle(route, here, draft)) return true;
        continue;
      }
      for (std::size_t m = 0; m < sets->size(); ++m) {
        auto narrow = Narrow((*sets)[m], StrCat(here, ".match[", m, "]"), draft);
        const std::size_t before = Told();
        if (narrow && !Handle(route, here, *narrow) && Told() == before)
          LeaveOut(here, "what it does to some requests is not carried", *narrow);
      }
    }
    return false;
  }
  std::size_t Told() const { return candidates_.size() + done_.left_out.size(); }

  // Nothing when it cannot be said: without one of its conditions a route would take more than it did.
  std::optional<Draft> Narrow(const Json& set, const std::string& place, Draft draft) {
    const auto take = [&](const char* field, std::vector<std::string>& into) {
      const auto own = Strings(Find(set, {field}));
      if (own.empty()) return true;
      if (!into.empty() && into != own) return false;
      into = own;
      return true;
    };
    const bool narrows = take("host", draft.hosts) && take("path", draft.paths) && take("method", draft.methods);
    for (const auto& [key, value] : set.items()) {
      if (key == "host" || key == "path" || key == "method") continue;
      if (key == "path_regexp" && draft.regexes.empty() && draft.paths.empty()) {
        draft.regexes = {FindString(value, {"pattern"})};
        continue;
      }
      LeaveOut(StrCat(place, ".", key), "a Route has no such condition; the route is left out", draft);
      return std::nullopt;
    }
    if (narrows) return draft;
    LeaveOut(place, "it narrows a condition of the route around it; the route is left out", draft);
    return std::nullopt;
  }

  // True when it answers.
  bool Handle(const Json& route, const std::string& place, Draft& draft) {
    const Json* handlers = Find(route, {"handle"});
    if (handlers == nullptr || !handlers->is_array()) return false;
    for (std::size_t i = 0; i < handlers->size(); ++i) {
      const Json& handler = (*handlers)[i];
      const std::string kind = FindString(handler, {"handler"});
      const std::string here = StrCat(place, ".handle[", i, "]");
      if (kind == "subroute") {
        const Json* inner = Find(handler, {"routes"});
        if (inner != nullptr && Walk(*inner, here + ".routes", draft)) return true;
      } else if (kind == "reverse_proxy") {
        AddRoute(handler, here, draft);
        return true;
      } else if (kind == "headers") {
        ReadHeaders(handler, here, draft);
      } else if (kind == "rewrite" && handler.size() == 2 && handler.contains("strip_path_prefix")) {
        draft.strip = FindString(handler, {"strip_path_prefix"});
      } else if (kind == "static_response" || kind == "file_server" || kind == "rewrite" || kind == "error") {
        LeaveOut(here, StrCat("a Route has no ", kind, "; the route is left out"), draft);
        return true;
      } else {
        draft.notes.push_back(StrCat(here, ": ", kind, " is not carried"));
      }
    }
    return false;
  }

  static void ReadHeaders(const Json& from, const std::string& place, Draft& draft) {
    for (const char* side : {"request", "response"}) {
      const Json* operations = Find(from, {side});
      if (operations == nullptr || !operations->is_object()) continue;
      for (const auto& [operation, values] : operations->items()) {
        if (operation == "delete") {
          for (const std::string& name : Strings(&values)) draft.headers[side]["remove"].push_back(name);
        } else if ((operation == "set" || operation == "add") && values.is_object() && !HasPlaceholder(values)) {
          for (const auto& [name, list] : values.items())
            draft.headers[side][operation][name] = Join(Strings(&list), ", ");
        } else if (!IsNothing(&values)) {
          draft.notes.push_back(StrCat(place, ".", side, ".", operation, " is not carried"));
        }
      }
    }
  }

  void AddRoute(const Json& proxy, const std::string& place, Draft draft) {
    const bool first_host = !draft.hosts.empty();
    const std::string name = MakeName(first_host ? draft.hosts[0] + (draft.paths.empty() ? "" : draft.paths[0])
                                      : draft.paths.empty() ? "all"
                                                            : draft.paths[0],
                                      taken_);
    Imported imported{MakeObject("Route", name, ns_), nullptr, {}};
    imported.notes.push_back(StrCat("made of ", place));
    if (const Json* headers = Find(proxy, {"headers"})) ReadHeaders(*headers, place + ".headers", draft);
    Json& spec = imported.object["spec"];
    if (first_host) spec["hosts"] = draft.hosts;
    for (const std::string& path : draft.paths) spec["paths"].push_back(MakePath(path));
    for (const std::string& regex : draft.regexes)
      spec["paths"].push_back({{"type", "Regex"}, {"value", regex.starts_with('^') ? regex : StrCat("^/.*", regex)}});
    if (!spec.contains("paths")) spec["paths"].push_back({{"type", "Prefix"}, {"value", "/"}});
    if (!draft.methods.empty()) spec["methods"] = draft.methods;
    if (!draft.strip.empty() && !Strip(draft.strip, spec))
      return LeaveOut(place, StrCat("strip_path_prefix ", draft.strip, " is not the path of the route"), draft);
    const bool tls = Find(proxy, {"transport", "tls"}) != nullptr;
    if (const Json* upstreams = Find(proxy, {"upstreams"}); upstreams != nullptr && upstreams->is_array())
      for (const Json& upstream : *upstreams) {
        const std::string dial = FindString(upstream, {"dial"});
        if (dial.empty() || dial.find('/') != std::string::npos || dial.find('{') != std::string::npos ||
            dial.rfind(':') == std::string::npos)
          return LeaveOut(place, StrCat("a backend cannot be \"", dial, "\"; the route is left out"), draft);
        spec["backends"].push_back(MakeBackend(tls ? "https" : "http", dial, known_, imported));
      }
    if (!spec.contains("backends")) return LeaveOut(place, "its upstreams are not listed; the route is left out", draft);
    if (!draft.headers.empty()) spec["headers"] = draft.headers;
    if (const auto retries = FindInt(proxy, {"load_balancing", "retries"}); retries > 0)
      spec["retry"] = {{"attempts", std::min(retries, 10L)}};
    NoteRest(proxy, place, imported);
    imported.notes.insert(imported.notes.end(), draft.notes.begin(), draft.notes.end());
    // The route around the handler: "...routes[1].handle[0]".
    const std::string entry = place.substr(0, place.rfind(".handle["));
    const auto named = entries_.find(entry);
    candidates_.push_back({std::move(imported), place, entry, named == entries_.end() ? "" : named->second, ExtentOf(draft), number_++});
  }

  // Routes stand before all that is others', and the entry goes as a whole: what would hide something that stays, or take
  // it along, is left out.
  void LeaveOutWhatHarms() {
    for (auto each = candidates_.begin(); each != candidates_.end();) {
      std::string why;
      if (each->name.empty()) why = "it is too deep within other routes";
      for (const Stays& other : stays_) {
        if (other.place.starts_with(each->entry + ".")) why = StrCat(each->entry, " as a whole would be replaced, and ", other.place, " is left out");
        else if (other.number < each->number && Overlap(other.extent, each->extent)) why = StrCat("a Route would hide ", other.place, ", which stands before it and is left out");
      }
      for (const Candidate& other : candidates_)
        if (other.entry.starts_with(each->entry + ".")) why = StrCat(each->entry, " as a whole would be replaced, and it holds ", other.entry, " too");
      if (why.empty()) {
        ++each;
        continue;
      }
      done_.left_out.push_back(StrCat(each->place, ": ", why, " (--no-adopt writes it)"));
      stays_.push_back({each->place, each->extent, each->number});
      candidates_.erase(each);
      each = candidates_.begin();  // it may stand in the way of others now
    }
  }

  void Take() {
    if (adopt_) LeaveOutWhatHarms();
    for (Candidate& each : candidates_) {
      if (adopt_) each.imported.object["metadata"]["annotations"] = {{kAdoptAnnotation, StrCat("caddy:", each.name)}};
      done_.routes.push_back(std::move(each.imported));
    }
    candidates_.clear();
    stays_.clear();
  }

  static bool Strip(const std::string& prefix, Json& spec) {
    for (const Json& path : spec["paths"])
      if (FindString(path, {"type"}) != "Prefix" || FindString(path, {"value"}) != prefix) return false;
    spec["stripPath"] = true;
    return true;
  }

  static void NoteRest(const Json& proxy, const std::string& place, Imported& imported) {
    for (const auto& [key, value] : proxy.items()) {
      if (key == "handler" || key == "upstreams" || key == "headers" || IsNothing(&value)) continue;
      if (key != "transport" && key != "load_balancing") {
        imported.notes.push_back(StrCat(place, ".", key, " is not carried"));
        continue;
      }
      for (const auto& [inner, setting] : value.items())
        if (inner != "protocol" && !(inner == "tls" && IsNothing(&setting)) && inner != "retries")
          imported.notes.push_back(StrCat(place, ".", key, ".", inner, " is not carried"));
    }
  }

  const KnownPlaces& known_;
  const std::string& ns_;
  struct Stays {
    std::string place;
    Extent extent;
    int number;
  };
  struct Candidate {
    Imported imported;
    std::string place;
    std::string entry;  // its place
    std::string name;   // its name; "" when it has none
    Extent extent;
    int number;
  };
  const bool adopt_;
  // Of the server that is read, in the order in which Caddy asks them.
  std::vector<Stays> stays_;  // left out
  std::vector<Candidate> candidates_;
  int number_ = 0;
  std::map<std::string, std::string> entries_;  // names by place
  std::set<std::string> taken_;
  GatewayImport done_;
};

}  // namespace

Json MakeBackend(const std::string& scheme, const std::string& address, const KnownPlaces& known, Imported& imported) {
  const auto colon = address.rfind(':');
  const std::string host = address.substr(0, colon);
  const auto port = ParseInt(address.substr(colon + 1)).value_or(0);
  auto found = known.places.find(address);
  if (found == known.places.end()) found = known.places.find(host);
  if (found == known.places.end() || scheme != "http") return {{"url", StrCat(scheme, "://", address)}};
  imported.notes.push_back(StrCat("backend ", address,
                                  " is a container that `patchbay import containers` makes the plugin ",
                                  found->second.plugin, " of"));
  return {{"plugin", found->second.plugin}, {"port", found->second.port != 0 ? found->second.port : port}};
}

GatewayImport ImportCaddy(const Json& config, const KnownPlaces& known, const std::string& ns, bool adopt) {
  return CaddyReader(known, ns, adopt).Read(config);
}

}  // namespace patchbay::cli
