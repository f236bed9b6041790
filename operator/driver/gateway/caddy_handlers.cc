#include "driver/gateway/caddy_handlers.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "driver/gateway/caddy_json.h"
#include "driver/gateway/route_rules.h"

namespace patchbay::driver {
namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

constexpr std::chrono::milliseconds kDialTimeout{3'000};  // Caddy's own default
constexpr std::string_view kTryInterval = "50ms";  // Caddy's default of 250 ms is long for a container that moved

// Caddy dials "unix//path", port ranges and placeholders too: none of these may come in through a Route.
bool IsDialable(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto port = ParseInt(address.substr(colon + 1));
  return port && *port > 0 && *port < 65536 && address.find_first_of("/{} ,\\@") == std::string_view::npos;
}

std::string PrintDuration(std::chrono::milliseconds duration) { return PrintText(StrCat(duration.count(), "ms")); }

std::string PrintHeaderMap(const HeaderList& list) {
  std::map<std::string, std::pair<std::string, std::vector<std::string>>> by_name;
  for (const auto& [name, value] : list) {
    auto& [spelling, values] = by_name[Lower(name)];
    if (spelling.empty()) spelling = name;
    values.push_back(EscapeBraces(value));
  }
  if (by_name.empty()) return "";
  std::vector<std::pair<std::string_view, std::string>> members;
  for (const auto& [key, entry] : by_name) members.emplace_back(entry.first, PrintTexts(entry.second));
  return PrintObject(std::move(members));
}

std::string PrintEdits(const HeaderEdits& edits, bool deferred) {
  if (edits == HeaderEdits{}) return "";
  return PrintObject({{"add", PrintHeaderMap(edits.add)},
                      {"deferred", deferred ? "true" : ""},
                      {"delete", edits.remove.empty() ? "" : PrintTexts(edits.remove)},
                      {"set", PrintHeaderMap(edits.set)}});
}

std::string PrintHeaderHandler(const GatewayRoute& route) {
  const std::string request = PrintEdits(route.request_headers, false);
  // Deferred: otherwise what the upstream says comes after our edits.
  const std::string response = PrintEdits(route.response_headers, true);
  if (request.empty() && response.empty()) return "";
  return PrintObject({{"handler", PrintText("headers")}, {"request", request}, {"response", response}});
}

std::string PrintLoadBalancing(const GatewayRoute& route) {
  const bool retries = route.retries > 0 || route.retry_for.count() > 0;
  return PrintObject({{"retries", route.retries > 0 ? StrCat(route.retries) : ""},
                      {"selection_policy", PrintObject({{"policy", PrintText("round_robin")}})},
                      {"try_duration", route.retry_for.count() > 0 ? PrintDuration(route.retry_for) : ""},
                      {"try_interval", retries ? PrintText(kTryInterval) : ""}});
}

// A connection that a container closes while a request is on its way to it costs a POST its answer (502), so Caddy lets go of
// an idle one first: Node and Uvicorn close after 5 s, Gunicorn after 2. The rest is Caddy's own default, which it forgets
// when one of them is given.
std::string PrintKeepAlive() {
  return PrintObject({{"idle_timeout", PrintText("1500ms")}, {"max_idle_conns_per_host", "32"}, {"probe_interval", PrintText("30s")}});
}

std::string PrintTransport(const GatewayRoute& route, bool tls) {
  const bool timed = route.timeout.count() > 0;
  if (!tls && !timed && !route.moving) return "";
  return PrintObject({{"dial_timeout", timed ? PrintDuration(std::min(kDialTimeout, route.timeout)) : ""},
                      {"keep_alive", route.moving ? PrintKeepAlive() : ""},
                      {"protocol", PrintText("http")},
                      {"response_header_timeout", timed ? PrintDuration(route.timeout) : ""},
                      {"tls", tls ? "{}" : ""}});
}

bool SetsHost(const HeaderEdits& edits) {
  return std::any_of(edits.set.begin(), edits.set.end(),
                     [](const auto& edit) { return EqualsIgnoreCase(edit.first, "host"); });
}

std::string PrintProxy(const GatewayRoute& route, const std::vector<std::string>& addresses,
                       const std::string& dynamic) {
  const bool tls = route.upstreams.front().tls;
  std::vector<std::string> upstreams;
  upstreams.reserve(addresses.size());
  for (const auto& address : addresses) upstreams.push_back(PrintObject({{"dial", PrintText(address)}}));
  const std::string host = PrintObject({{"Host", PrintTexts({"{http.reverse_proxy.upstream.hostport}"})}});
  const std::string own_host = PrintObject({{"request", PrintObject({{"set", host}})}});
  return PrintObject({{"dynamic_upstreams", dynamic},
                      {"handler", PrintText("reverse_proxy")},
                      {"headers", tls && !SetsHost(route.request_headers) ? own_host : ""},
                      {"load_balancing", PrintLoadBalancing(route)},
                      {"transport", PrintTransport(route, tls)},
                      {"upstreams", PrintArray(upstreams)}});
}

std::string PrintUnavailable() {
  return PrintObject({{"body", PrintText("no backend of this route is ready\n")},
                      {"handler", PrintText("static_response")},
                      {"headers", PrintObject({{"Retry-After", PrintTexts({"1"})}})},
                      {"status_code", "503"}});
}

}  // namespace

std::string EscapeBraces(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '{') out += '\\';
    out += c;
  }
  return out;
}

Result<void> CheckForCaddy(const GatewayRoute& route) {
  PATCHBAY_CHECK(CheckHeaders(route.request_headers, "request"));
  PATCHBAY_CHECK(CheckHeaders(route.response_headers, "response"));
  for (const auto& upstream : route.upstreams) {
    if (!IsDialable(upstream.address))
      return Error{Code::kInvalid, StrCat("upstream ", QuoteJson(upstream.address), " is not an address and a port")};
    if (upstream.tls != route.upstreams.front().tls)
      return Error{Code::kInvalid, "http and https backends cannot stand in one route"};
  }
  return {};
}

std::string PrintHandlers(const GatewayRoute& route, std::string_view strip_prefix,
                          const std::vector<std::string>& addresses, const std::string& dynamic) {
  std::vector<std::string> handlers;
  if (auto headers = PrintHeaderHandler(route); !headers.empty()) handlers.push_back(std::move(headers));
  if (addresses.empty()) {
    handlers.push_back(PrintUnavailable());
    return PrintArray(handlers);
  }
  if (!strip_prefix.empty())
    handlers.push_back(
        PrintObject({{"handler", PrintText("rewrite")}, {"strip_path_prefix", PrintText(EscapeBraces(strip_prefix))}}));
  handlers.push_back(PrintProxy(route, addresses, dynamic));
  return PrintArray(handlers);
}

}  // namespace patchbay::driver
