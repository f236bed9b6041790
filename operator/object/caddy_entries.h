// Routes in a Caddy server's configuration by names that hold while others come and go around them. `patchbay import`
// writes these names, CaddyGateway finds by them what it takes the place of. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "object/json.h"

namespace patchbay {

// Every route of `routes` (apps.http.servers.<server>.routes), those within subroute handlers too: its place below
// ("[0].handle[0].routes[1]") -> "<server>:<16 hex digits>". The digits are made of the route's whole text and of the
// conditions of the routes around it, so another name is another behaviour; equal ones have one name.
std::map<std::string, std::string> NameCaddyEntries(std::string_view server, const Json& routes);

// Takes the routes of these names out, wherever they stand; what is around them stays. True when there was one.
bool RemoveCaddyEntries(std::string_view server, const std::set<std::string>& names, Json& routes);

}  // namespace patchbay
