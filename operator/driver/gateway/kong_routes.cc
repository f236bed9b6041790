#include "driver/gateway/kong_routes.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/digest.h"
#include "base/text.h"
#include "driver/gateway/kong_plugins.h"
#include "driver/gateway/route_rules.h"

namespace patchbay::driver {
namespace {

constexpr std::chrono::milliseconds kDefaultTimeout{60'000};  // Kong's own
constexpr std::chrono::milliseconds kConnectTimeout{3'000};   // as with Caddy

bool IsPlainWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

std::string_view WithoutSlash(std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix;
}

bool IsEveryPath(const PathMatch& path) {
  return path.type == PathMatch::Type::kPrefix && WithoutSlash(path.value).empty();
}

struct HostRule {
  std::size_t wildcard_length = 0;  // 0: exact hosts, or none
  std::vector<std::string> hosts;
  std::string word;  // tells it from the route's other rules
};

std::vector<HostRule> MapHosts(const std::vector<std::string>& hosts) {
  if (hosts.empty()) return {{0, {}, "any"}};
  std::set<std::string> exact;
  std::map<std::size_t, std::set<std::string>, std::greater<>> wildcards;
  for (const auto& host : hosts) {
    if (host.starts_with("*."))
      wildcards[host.size()].insert(Lower(host));
    else
      exact.insert(Lower(host));
  }
  std::vector<HostRule> rules;
  if (!exact.empty()) rules.push_back({0, {exact.begin(), exact.end()}, "exact"});
  for (const auto& [length, some] : wildcards)
    rules.push_back({length, {some.begin(), some.end()}, StrCat("wild", length)});
  return rules;
}

// One route's entities, one after the other.
class Mapping {
 public:
  Mapping(const GatewayRoute& route, std::string_view mark, const KongVersion& version)
      : route_(route), mark_(mark), version_(version), name_(StrCat(mark, "-", route.id)) {}

  std::vector<KongEntity> Run(Json plugins) {
    const auto targets = WeighForKong(route_.upstreams);
    AddUpstream(targets);
    if (route_.auth)
      for (const auto& [who, secret] : route_.auth->credentials) AddCaller(who, secret);
    AddService(!targets.empty() && targets.front().tls);
    for (auto& [name, config] : plugins.items()) AddPlugin(name, std::move(config));
    for (const auto& host : MapHosts(route_.hosts))
      for (const auto& path :
           route_.paths.empty() ? std::vector<PathMatch>{{PathMatch::Type::kPrefix, "/"}} : route_.paths)
        AddRoute(host, path);
    return std::move(entities_);
  }

 private:
  Json Tags() const { return Json::array({mark_, RouteTag(mark_, route_.id)}); }
  std::string Id(KongKind kind, std::string_view detail = "") const {
    return MakeKongId(mark_, kind, route_.id, detail);
  }
  void Add(KongKind kind, std::string id, Json body, std::string parent = "") {
    body["tags"] = Tags();
    entities_.push_back(NewKongEntity(kind, std::move(id), route_.id, std::move(body), std::move(parent)));
  }

  void AddUpstream(const std::vector<Upstream>& targets) {
    const std::string upstream = Id(KongKind::kUpstream);
    Add(KongKind::kUpstream, upstream, {{"name", name_}});
    for (const auto& target : targets)
      Add(KongKind::kTarget, Id(KongKind::kTarget, target.address),
          {{"target", target.address}, {"weight", target.weight}}, upstream);
  }

  // Without a route of its own: others may let in the same caller.
  void AddShared(KongKind kind, std::string id, Json body, std::string parent, const std::string& sum) {
    body["tags"] = {mark_};
    // Kong keeps a password as a hash of its own: this says whether it is the one.
    if (!sum.empty()) body["tags"].push_back(StrCat("sum-", EncodeHex(HmacSha256(sum, id)).substr(0, 16)));
    entities_.push_back(NewKongEntity(kind, std::move(id), "", std::move(body), std::move(parent)));
  }

  void AddCaller(const std::string& who, const std::string& secret) {
    using Type = CallerCheck::Type;
    const auto type = route_.auth->type;
    // A new key is another caller; a user's new password and an issuer's new key are not.
    const std::string word = StrCat(static_cast<int>(type), "\n", type == Type::kKey ? Sha256Hex(secret) : who);
    const std::string consumer = MakeKongId(mark_, KongKind::kConsumer, "", word);
    const bool again =
        std::any_of(entities_.begin(), entities_.end(), [&](const auto& one) { return one.id == consumer; });
    if (again) return;
    const std::string name = type == Type::kKey ? Sha256Hex(word).substr(0, 8) : who;
    AddShared(KongKind::kConsumer, consumer, {{"username", StrCat(mark_, "-", static_cast<int>(type), "-", name)}}, "",
              "");
    const auto credential = [&](KongKind kind, Json body, const std::string& sum = "") {
      AddShared(kind, MakeKongId(mark_, kind, "", word), std::move(body), consumer, sum);
    };
    if (type == Type::kKey) credential(KongKind::kKeyAuth, {{"key", secret}});
    if (type == Type::kBasic) credential(KongKind::kBasicAuth, {{"username", who}, {"password", secret}}, secret);
    // With a public key the secret is not used; Kong would make one up.
    if (type == Type::kJwt && secret.starts_with("-----BEGIN"))
      credential(KongKind::kJwt,
                 {{"key", who}, {"algorithm", "RS256"}, {"rsa_public_key", secret}, {"secret", Sha256Hex(secret)}});
    else if (type == Type::kJwt)
      credential(KongKind::kJwt, {{"key", who}, {"algorithm", "HS256"}, {"secret", secret}});
    Add(KongKind::kAcl, Id(KongKind::kAcl, consumer), {{"group", name_}}, consumer);
  }

  void AddService(bool tls) {
    const auto timeout = route_.timeout.count() > 0 ? route_.timeout : kDefaultTimeout;
    Add(KongKind::kService, Id(KongKind::kService),
        {{"name", name_},
         {"protocol", tls ? "https" : "http"},
         {"host", name_},
         {"port", tls ? 443 : 80},
         {"retries", route_.retries},
         {"connect_timeout", std::min(timeout, kConnectTimeout).count()},
         {"read_timeout", timeout.count()},
         {"write_timeout", timeout.count()}});
  }

  void AddPlugin(const std::string& name, Json config) {
    Add(KongKind::kPlugin, Id(KongKind::kPlugin, name),
        {{"name", name},
         {"enabled", true},
         {"service", {{"id", Id(KongKind::kService)}}},
         {"config", std::move(config)}});
  }

  void AddRoute(const HostRule& host, const PathMatch& path) {
    const std::string word = StrCat(host.word, " ", static_cast<int>(path.type), " ", path.value);
    if (!words_.insert(word).second) return;
    const bool tls =
        std::any_of(route_.upstreams.begin(), route_.upstreams.end(), [](const auto& one) { return one.tls; });
    const bool strips = route_.strip_path && path.type != PathMatch::Type::kRegex && !IsEveryPath(path);
    Add(KongKind::kRoute, Id(KongKind::kRoute, word),
        {{"name", StrCat(name_, "-", Sha256Hex(word).substr(0, 8))},
         {"protocols", {"http", "https"}},
         {"methods", route_.methods.empty() ? Json() : Json(route_.methods)},
         {"hosts", host.hosts.empty() ? Json() : Json(host.hosts)},
         {"paths", Json::array({StrCat(version_.tilde() ? "~" : "", MapKongPath(path))})},
         {"regex_priority", RankKongPath(route_.priority, host.wildcard_length, path)},
         {"strip_path", strips},
         {"path_handling", "v0"},
         // Without it an upstream's own name is sent, as an https backend expects.
         {"preserve_host", !tls},
         {"request_buffering", true},  // a try can only be repeated with the body at hand
         {"response_buffering", false},
         {"service", {{"id", Id(KongKind::kService)}}}});
  }

  const GatewayRoute& route_;
  const std::string mark_;
  const KongVersion version_;
  const std::string name_;
  std::set<std::string> words_;
  std::vector<KongEntity> entities_;
};

bool IsAddress(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto port = ParseInt(address.substr(colon + 1));
  return port && *port > 0 && *port < 65536 && address.find_first_of("/{} ,\\@") == std::string_view::npos;
}

Result<void> Check(const GatewayRoute& route) {
  if (!IsPlainWord(route.id)) return Error{Code::kInvalid, StrCat("not a route's id: ", QuoteJson(route.id))};
  for (const auto& upstream : route.upstreams) {
    if (!IsAddress(upstream.address))
      return Error{Code::kInvalid, StrCat("upstream ", QuoteJson(upstream.address), " is not an address and a port")};
    if (upstream.tls != route.upstreams.front().tls)
      return Error{Code::kInvalid, "http and https backends cannot stand in one route"};
  }
  return {};
}

}  // namespace

std::string MapKongPath(const PathMatch& path) {
  std::string_view value = path.value;
  if (IsEveryPath(path)) return "/.*";
  if (path.type == PathMatch::Type::kExact) return StrCat(QuoteRegex(value), "$");
  if (path.type == PathMatch::Type::kPrefix) return StrCat(QuoteRegex(WithoutSlash(value)), "(?:/|$)");
  if (value.starts_with('^')) value.remove_prefix(1);
  // Kong demands a '/' at the beginning: here it stands no times. So each of a pattern's alternatives is anchored.
  return StrCat("/{0}(?:", value, ")");
}

int RankKongPath(int priority, std::size_t wildcard_length, const PathMatch& path) {
  constexpr int kMostPriority = 1'000;
  const int lift = std::clamp(priority, -kMostPriority, kMostPriority) + kMostPriority;  // 11 bits
  const int host = static_cast<int>(std::min<std::size_t>(wildcard_length, 255));
  const int length = static_cast<int>(std::min<std::size_t>(path.value.size(), 1'023));
  if (IsEveryPath(path)) return (lift << 20) | (host << 12);
  const int kind = path.type == PathMatch::Type::kExact ? 3 : path.type == PathMatch::Type::kPrefix ? 2 : 1;
  return (lift << 20) | (host << 12) | (kind << 10) | length;
}

std::vector<Upstream> WeighForKong(const std::vector<Upstream>& upstreams) {
  constexpr long kMost = 1'000;
  std::vector<Upstream> used;
  std::vector<long> weights;
  for (const auto& upstream : upstreams) {
    if (upstream.weight <= 0) continue;
    const auto same =
        std::find_if(used.begin(), used.end(), [&](const auto& one) { return one.address == upstream.address; });
    if (same != used.end()) {
      weights[static_cast<std::size_t>(same - used.begin())] += upstream.weight;
      continue;
    }
    used.push_back(upstream);
    weights.push_back(upstream.weight);
  }
  if (used.empty()) return {};
  const long divisor =
      std::accumulate(weights.begin(), weights.end(), 0L, [](long a, long b) { return std::gcd(a, b); });
  const long largest = *std::max_element(weights.begin(), weights.end()) / divisor;
  for (std::size_t i = 0; i < used.size(); ++i) {
    const long weight = weights[i] / divisor;
    used[i].weight =
        static_cast<int>(largest <= kMost ? weight : std::max(1L, (weight * kMost + largest / 2) / largest));
  }
  return used;
}

Result<std::vector<KongEntity>> MapToKong(const GatewayRoute& route, std::string_view mark,
                                          const KongVersion& version) {
  PATCHBAY_CHECK(Check(route));
  PATCHBAY_TRY(auto plugins,
               MapKongPlugins(route, StrCat(mark, "-", route.id), !WeighForKong(route.upstreams).empty()));
  return Mapping(route, mark, version).Run(std::move(plugins));
}

}  // namespace patchbay::driver
