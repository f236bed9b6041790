// Which routes does Caddy refuse? Its message often names the place; otherwise halves are tried, in a server that
// listens nowhere, so that what is served meanwhile stays served.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/gateway/caddy_admin.h"
#include "driver/gateway/caddy_routes.h"

namespace patchbay::driver {

// "... server patchbay: setting up route matchers: route 17: compiling ..." gives 17 for server "patchbay". Wording of
// Caddy 2.6; nothing when it is worded otherwise, and then the trial finds out.
std::optional<int> PlaceInMessage(std::string_view message, std::string_view server);
// The message without the way to the place, which changes when other routes come and go: "compiling ...".
std::string WithoutPlace(std::string_view message);

// Route -> Caddy's words, for each of `routes` that is refused by itself; one of many takes about 2 log2(n) reloads.
// `server_path` is ours; the trial stands beside it and is removed again.
Result<std::map<const CaddyRoute*, std::string>> FindRefused(const CaddyAdmin& admin, const std::string& server_path,
                                                             const std::vector<const CaddyRoute*>& routes);
// Removes a trial that a crash left behind; nothing to do is fine.
Result<void> RemoveTrial(const CaddyAdmin& admin, const std::string& server_path);

}  // namespace patchbay::driver
