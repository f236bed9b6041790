#include "controller/resolve.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "controller/analysis.h"

namespace patchbay::controller {
namespace {

using driver::GatewayRoute;
using driver::PathMatch;

std::vector<std::string> ReadStrings(const Json* list) {
  std::vector<std::string> strings;
  if (list == nullptr || !list->is_array()) return strings;
  for (const Json& value : *list)
    if (value.is_string()) strings.push_back(value.get<std::string>());
  return strings;
}

void ReadPairs(const Json* object, std::vector<std::pair<std::string, std::string>>& into) {
  if (object == nullptr || !object->is_object()) return;
  for (const auto& [name, value] : object->items())
    if (value.is_string()) into.emplace_back(name, value.get<std::string>());
}

driver::HeaderEdits ReadHeaders(const Json& spec, const char* side) {
  driver::HeaderEdits edits;
  ReadPairs(Find(spec, {"headers", side, "set"}), edits.set);
  ReadPairs(Find(spec, {"headers", side, "add"}), edits.add);
  edits.remove = ReadStrings(Find(spec, {"headers", side, "remove"}));
  return edits;
}

std::vector<PathMatch> ReadPaths(const Json& spec) {
  std::vector<PathMatch> paths;
  const Json* list = Find(spec, {"paths"});
  if (list == nullptr || !list->is_array()) return paths;
  for (const Json& entry : *list) {
    PathMatch match;
    const std::string type = FindString(entry, {"type"}, "Prefix");
    match.type = type == "Exact"   ? PathMatch::Type::kExact
                 : type == "Regex" ? PathMatch::Type::kRegex
                                   : PathMatch::Type::kPrefix;
    match.value = FindString(entry, {"value"}, "/");
    paths.push_back(std::move(match));
  }
  return paths;
}

std::chrono::milliseconds ReadDuration(const Json& spec, std::initializer_list<std::string_view> path,
                                       RouteWish& wish) {
  const std::string text = FindString(spec, path);
  if (text.empty()) return std::chrono::milliseconds(0);
  const auto duration = ParseDuration(text);
  if (!duration) wish.problems.push_back(StrCat("\"", text, "\" is no duration"));
  return duration.value_or(std::chrono::milliseconds(0));
}

void ReadBackends(const Json& spec, RouteWish& wish) {
  const Json* list = Find(spec, {"backends"});
  if (list == nullptr || !list->is_array()) return;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& entry = (*list)[i];
    Backend backend;
    const std::string plugin = FindString(entry, {"plugin"});
    backend.url = FindString(entry, {"url"});
    if (plugin.empty() == backend.url.empty())
      wish.problems.push_back(StrCat("spec.backends[", i, "]: give plugin or url, not both"));
    if (!plugin.empty()) backend.plugin = Key{std::string(kPlugins), wish.key.ns, plugin};
    if (const Json* port = Find(entry, {"port"})) backend.port = *port;
    backend.weight = static_cast<int>(FindInt(entry, {"weight"}, 1));
    wish.backends.push_back(std::move(backend));
  }
}

const Json* Walk(const Json& spec, const std::string& path) {
  const Json* at = &spec;
  for (const std::string& part : Split(path, '.')) {
    at = Find(*at, {part});
    if (at == nullptr) return nullptr;
  }
  return at;
}

bool IsSet(const Json* value) {
  if (value == nullptr || value->is_null() || *value == false) return false;
  if (value->is_string() || value->is_array() || value->is_object()) return !value->empty();
  return true;
}

// `field`: "auth.url", set at all; "auth.type=Forward", set to this.
bool Uses(const Json& spec, const std::string& field) {
  const auto equals = field.find('=');
  const Json* value = Walk(spec, field.substr(0, equals));
  return equals == std::string::npos ? IsSet(value) : value != nullptr && *value == field.substr(equals + 1);
}

std::optional<driver::RateLimit> ReadRateLimit(const Json& spec) {
  const Json* limit = Find(spec, {"rateLimit"});
  if (limit == nullptr || !limit->is_object()) return std::nullopt;
  return driver::RateLimit{static_cast<int>(FindInt(*limit, {"requests"})), FindString(*limit, {"per"}, "second"),
                           static_cast<int>(FindInt(*limit, {"burst"})), FindString(*limit, {"key"}, "client-ip")};
}

std::optional<driver::CrossOrigin> ReadCors(const Json& spec, RouteWish& wish) {
  const Json* cors = Find(spec, {"cors"});
  if (cors == nullptr || !cors->is_object()) return std::nullopt;
  driver::CrossOrigin origin;
  origin.allow_origins = ReadStrings(Find(*cors, {"allowOrigins"}));
  origin.allow_methods = ReadStrings(Find(*cors, {"allowMethods"}));
  origin.allow_headers = ReadStrings(Find(*cors, {"allowHeaders"}));
  origin.expose_headers = ReadStrings(Find(*cors, {"exposeHeaders"}));
  origin.allow_credentials = FindBool(*cors, {"allowCredentials"});
  origin.max_age = ReadDuration(spec, {"cors", "maxAge"}, wish);
  return origin;
}

// "None" and no auth are one; Forward has no secret.
void ReadAuth(const Json& spec, RouteWish& wish) {
  using Type = driver::CallerCheck::Type;
  const std::string type = FindString(spec, {"auth", "type"});
  if (type != "Basic" && type != "Key" && type != "JWT") return;
  driver::CallerCheck check;
  check.type = type == "Basic" ? Type::kBasic : type == "Key" ? Type::kKey : Type::kJwt;
  check.header = FindString(spec, {"auth", "header"}, "Authorization");
  wish.route.auth = std::move(check);
  const std::string secret = FindString(spec, {"auth", "secretRef", "name"});
  const std::string issuer = FindString(spec, {"auth", "issuer"});
  if (secret.empty()) wish.problems.push_back(StrCat("spec.auth.secretRef: ", type, " needs a Secret"));
  if (type == "JWT" && issuer.empty()) wish.problems.push_back("spec.auth.issuer: JWT needs the issuer of the tokens");
  wish.secret = SecretUse{{std::string(kSecrets), wish.key.ns, secret}, FindString(spec, {"auth", "secretRef", "key"}), issuer};
}

// "http://h:80" -> address and TLS; nothing when it is no such address.
std::optional<driver::Upstream> ReadUrl(const std::string& url) {
  driver::Upstream upstream;
  std::string_view rest = url;
  upstream.tls = rest.starts_with("https://");
  if (!upstream.tls && !rest.starts_with("http://")) return std::nullopt;
  rest.remove_prefix(upstream.tls ? 8 : 7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?# @") != std::string_view::npos) return std::nullopt;
  const auto colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
  upstream.address = has_port ? std::string(rest) : StrCat(rest, upstream.tls ? ":443" : ":80");
  return upstream;
}

struct Share {
  std::string plugin;
  int weight = 1;
  std::vector<driver::Upstream> upstreams;
  std::set<std::string> canaries = {};  // addresses among them
  std::optional<int> canary_weight = std::nullopt;
};

// weight / containers for each backend, as the smallest whole numbers.
void Weigh(std::vector<Share>& shares) {
  long multiple = 1;
  for (const Share& share : shares)
    if (!share.upstreams.empty()) multiple = std::lcm(multiple, static_cast<long>(share.upstreams.size()));
  long divisor = 0;
  std::vector<long> weights;
  for (const Share& share : shares) {
    const long count = std::max<long>(1, static_cast<long>(share.upstreams.size()));
    weights.push_back(share.weight * (multiple / count));
    if (!share.upstreams.empty()) divisor = std::gcd(divisor, weights.back());
  }
  for (std::size_t i = 0; i < shares.size(); ++i)
    for (driver::Upstream& upstream : shares[i].upstreams)
      upstream.weight = static_cast<int>(std::min(weights[i] / std::max(1L, divisor), 1'000'000L));
}

std::string HostPort(const std::string& ip, int port) {
  return ip.find(':') == std::string::npos ? StrCat(ip, ":", port) : StrCat("[", ip, "]:", port);
}

// In one order, whoever lists them: another order would be another configuration for the gateway.
std::vector<std::string> AddressesOf(const std::vector<Endpoint>& endpoints, const Backend& backend, int port) {
  std::set<std::string> addresses;
  for (const Endpoint& endpoint : endpoints) {
    const auto own = endpoint.ports ? FindPort(*endpoint.ports, &backend.port) : port;
    if (own && !endpoint.ip.empty()) addresses.insert(HostPort(endpoint.ip, *own));
  }
  return {addresses.begin(), addresses.end()};
}

std::set<std::string> CanariesOf(const EndpointSet& set, const Backend& backend, int port) {
  std::vector<Endpoint> canaries;
  for (const Endpoint& endpoint : set.members)
    if (endpoint.canary) canaries.push_back(endpoint);
  const auto addresses = AddressesOf(canaries, backend, port);
  return {addresses.begin(), addresses.end()};
}

// A share of which a part goes to canaries is two shares.
std::vector<Share> SplitCanaries(std::vector<Share> shares) {
  constexpr long kWhole = 100;
  std::vector<Share> split;
  for (Share& share : shares) {
    const long weight = share.weight;
    share.weight = static_cast<int>(weight * kWhole);
    if (!share.canary_weight || share.canaries.empty() || share.canaries.size() == share.upstreams.size()) {
      split.push_back(std::move(share));
      continue;
    }
    Share canaries = share;
    std::erase_if(canaries.upstreams, [&](const auto& upstream) { return !share.canaries.contains(upstream.address); });
    std::erase_if(share.upstreams, [&](const auto& upstream) { return canaries.canaries.contains(upstream.address); });
    canaries.weight = static_cast<int>(weight * *share.canary_weight);
    share.weight = static_cast<int>(weight * (kWhole - *share.canary_weight));
    split.push_back(std::move(share));
    split.push_back(std::move(canaries));
  }
  return split;
}

Share ResolveBackend(const Backend& backend, const FindTarget& find, ResolvedRoute& resolved) {
  Share share{"", backend.weight, {}};
  const auto miss = [&](const char* reason, std::string message) {
    if (resolved.missing_reason.empty()) resolved.missing_reason = reason;
    resolved.missing.push_back(std::move(message));
    resolved.settled = false;
  };
  if (!backend.plugin) {
    if (auto upstream = ReadUrl(backend.url)) share.upstreams.push_back(*upstream);
    else miss("InvalidUrl", StrCat("\"", backend.url, "\" is no http or https address"));
    return share;
  }
  share.plugin = backend.plugin->name;
  const auto target = find(*backend.plugin);
  if (!target) {
    miss("BackendNotFound", StrCat("plugin \"", backend.plugin->name, "\" does not exist"));
    return share;
  }
  resolved.route.measured = resolved.route.measured || target->measured;
  resolved.settled = resolved.settled && target->ready;
  if (!target->revision.empty()) resolved.revisions.push_back(StrCat(share.plugin, "@", target->revision));
  const auto port = FindPort(target->ports, &backend.port);
  if (!port) {
    miss("PortNotFound", StrCat("plugin \"", backend.plugin->name, "\" has no port ",
                                backend.port.is_null() ? "at all" : DumpJson(backend.port)));
    return share;
  }
  for (const std::string& address : AddressesOf(target->endpoints.members, backend, *port))
    share.upstreams.push_back({address, false, 1});
  if (target->endpoints.canary_weight) share.canaries = CanariesOf(target->endpoints, backend, *port);
  share.canary_weight = target->endpoints.canary_weight;
  for (std::string& address : AddressesOf(target->endpoints.leaving, backend, *port))
    resolved.route.leaving.push_back(std::move(address));
  return share;
}

}  // namespace

RouteWish ReadRoute(const Json& object, const std::vector<driver::FieldNotDone>& unsupported) {
  static const Json kNone = Json::object();
  const Json* found = Find(object, {"spec"});
  const Json& spec = found ? *found : kNone;
  RouteWish wish;
  wish.key = {std::string(kRoutes), NamespaceOf(object), NameOf(object)};
  wish.uid = UidOf(object);
  wish.generation = GenerationOf(object);
  wish.enabled = FindBool(spec, {"enabled"}, true);
  wish.deleting = IsDeleting(object);
  wish.reconcile = ReadReconcile(object);
  wish.adopt = FindString(object, {"metadata", "annotations", kAdopt});
  wish.adoption = {FindString(object, {"status", "lastHandledAdoption"}), ReadStrings(Find(object, {"status", "adopted"})),
                   FindString(object, {"status", "adoptedAs"})};
  if (!wish.adopt.empty()) {
    Json digested = spec;
    digested.erase("reconcile");
    wish.spec_digest = Sha256Hex(DumpJson(digested)).substr(0, 8);
  }
  const auto programmed = FindCondition(object, "Programmed");
  wish.ours_stands = programmed && programmed->status == "True" && wish.adoption.entries.empty();
  GatewayRoute& route = wish.route;
  route.id = wish.uid;
  route.name = StrCat(wish.key.ns, "/", wish.key.name);
  route.priority = static_cast<int>(FindInt(spec, {"priority"}));
  route.hosts = ReadStrings(Find(spec, {"hosts"}));
  route.paths = ReadPaths(spec);
  route.methods = ReadStrings(Find(spec, {"methods"}));
  route.strip_path = FindBool(spec, {"stripPath"});
  route.request_headers = ReadHeaders(spec, "request");
  route.response_headers = ReadHeaders(spec, "response");
  route.timeout = ReadDuration(spec, {"timeout"}, wish);
  route.retries = static_cast<int>(FindInt(spec, {"retry", "attempts"}));
  route.retry_for = ReadDuration(spec, {"retry", "timeout"}, wish);
  route.rate_limit = ReadRateLimit(spec);
  route.cors = ReadCors(spec, wish);
  ReadAuth(spec, wish);
  ReadBackends(spec, wish);
  for (const driver::FieldNotDone& lack : unsupported) {
    const bool open = lack.field == "auth" && FindString(spec, {"auth", "type"}) == "None";
    if (!open && Uses(spec, lack.field)) wish.unsupported.push_back(StrCat("spec.", lack.field, " (", lack.by, ")"));
  }
  return wish;
}

bool IsPaused(const Json& route) { return FindBool(route, {"spec", "reconcile", "paused"}); }

Target ReadTarget(const Json& plugin) {
  const auto ready = FindCondition(plugin, "Ready");
  Target target{ReadPorts(plugin), {}, ReadAnalysis(plugin).has_value(), ready && ready->status == "True",
                FindString(plugin, {"status", "currentRevision"})};
  if (const Json* instances = Find(plugin, {"status", "instances"}); instances && instances->is_array())
    for (const Json& instance : *instances)
      if (FindBool(instance, {"ready"})) target.endpoints.members.push_back({FindString(instance, {"id"}), FindString(instance, {"ip"})});
  return target;
}

RouteWish ReadRouteOrPause(Json object, const std::string& before, const std::vector<driver::FieldNotDone>& unsupported) {
  if (!IsPaused(object)) return ReadRoute(object, unsupported);
  const Json applied = object["spec"];
  auto kept = ParseJson(before.empty() ? FindString(object, {"status", "pausedSpec"}) : before);
  if (kept.ok() && kept->is_object()) object["spec"] = *std::move(kept);
  RouteWish wish = ReadRoute(object, unsupported);
  wish.paused_spec = DumpJson(object["spec"]);
  wish.waits = !EqualJsonBut(applied, object["spec"], {"reconcile"});
  wish.reconcile.mode = ReconcileMode::kObserve;
  return wish;
}

void ResolveCallers(const RouteWish& wish, const FindSecret& find, ResolvedRoute& resolved) {
  if (!wish.secret || !resolved.route.auth) return;
  const SecretUse& use = *wish.secret;
  driver::CallerCheck& auth = *resolved.route.auth;
  const auto miss = [&](std::string message) {
    if (resolved.missing_reason.empty()) resolved.missing_reason = "SecretNotFound";
    resolved.missing.push_back(std::move(message));
  };
  auto values = find(use.secret);
  if (!values) return miss(StrCat("secret \"", use.secret.name, "\" does not exist"));
  if (!use.key.empty()) std::erase_if(*values, [&](const auto& entry) { return entry.first != use.key; });
  for (auto& [name, value] : *values) value = std::string(Trim(value));
  std::erase_if(*values, [](const auto& entry) { return entry.second.empty(); });
  const bool token = auth.type == driver::CallerCheck::Type::kJwt;
  if (values->empty() || (token && values->size() != 1))
    return miss(StrCat("secret \"", use.secret.name, "\" has ", values->empty() ? "nothing" : "more than one value",
                       use.key.empty() ? "" : StrCat(" at \"", use.key, "\"")));
  if (token) {
    auth.credentials.emplace_back(use.issuer, values->begin()->second);
  } else if (auth.type == driver::CallerCheck::Type::kBasic && values->contains("username") && values->contains("password")) {
    auth.credentials.emplace_back(values->at("username"), values->at("password"));
  } else {
    auth.credentials.assign(values->begin(), values->end());
  }
}

ResolvedRoute Resolve(const RouteWish& wish, const FindTarget& find) {
  ResolvedRoute resolved;
  resolved.route = wish.route;
  std::vector<Share> shares;
  resolved.route.moving = std::any_of(wish.backends.begin(), wish.backends.end(),
                                      [](const Backend& backend) { return backend.plugin.has_value(); });
  for (const Backend& backend : wish.backends) shares.push_back(ResolveBackend(backend, find, resolved));
  shares = SplitCanaries(std::move(shares));
  Weigh(shares);
  for (const Share& share : shares)
    for (const driver::Upstream& upstream : share.upstreams) {
      resolved.route.upstreams.push_back(upstream);
      resolved.backends.push_back({upstream.address, upstream.weight, share.plugin});
    }
  return resolved;
}

}  // namespace patchbay::controller
