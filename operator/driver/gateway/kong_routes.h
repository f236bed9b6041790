// What a GatewayRoute is in Kong's words (2.8 to 3.x, bundled plugins only). Pure functions; thread-safe.
//
// One GatewayRoute becomes an upstream with a target per address, a service that leads to it, the service's plugins,
// and one route per path and kind of host. Plugins hang on the service and not on the route: they are there before the
// route is, so no request comes in unchecked.
//
// Who may call is a consumer for each user, key or issuer, shared by all routes that let it in (Kong knows a user or a
// key once), and a group for each route, which its acl plugin asks for.
//
// Choices: every path is a regular expression, because Kong's plain prefixes do not stop at segments and stand behind
// every regular expression; so regex_priority alone decides among routes of one kind. Kong itself asks routes with
// hosts before those without, exact hosts before wildcards, and routes with methods before those without: priority
// decides within such a kind. A route without a target is answered by request-termination, 503 with Retry-After.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/gateway/gateway.h"
#include "driver/gateway/kong_entities.h"

namespace patchbay::driver {

struct KongVersion {
  int major = 3;
  int minor = 0;
  // Since 3.0 a path is a regular expression when it begins with "~"; before, when it has characters that only a
  // regular expression has.
  bool tilde() const { return major >= 3; }
};

// In the order in which they are made. kInvalid, in a sentence for the user, for what Kong would take but not do.
// Equal texts for every version.
Result<std::vector<KongEntity>> MapToKong(const GatewayRoute& route, std::string_view mark,
                                          const KongVersion& version = {});

// The path as a regular expression that Kong anchors at the path's start, without "~".
std::string MapKongPath(const PathMatch& path);

// Higher first: priority, length of a wildcard host, then exact path, prefix, regex, every path; then longer paths.
// 0 to 2^31 - 1.
int RankKongPath(int priority, std::size_t wildcard_length, const PathMatch& path);

// Addresses with their weights as Kong takes them (1 to 1,000), one entry an address. What gets nothing is left out.
std::vector<Upstream> WeighForKong(const std::vector<Upstream>& upstreams);

}  // namespace patchbay::driver
