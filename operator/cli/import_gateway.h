// Routes from what a gateway serves now. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/imported.h"
#include "object/json.h"

namespace patchbay::cli {

// Where containers are found: "172.17.0.3", "web" (with any port of theirs), "127.0.0.1:8080" (published).
struct KnownPlaces {
  struct Place {
    std::string plugin;
    int port = 0;  // in the container; 0: the one that was dialled
  };
  std::map<std::string, Place> places;
};

struct GatewayImport {
  std::vector<Imported> routes;
  std::vector<std::string> left_out;  // "JSON PATH: why"
};

// A backend for "HOST:PORT": plugin and port where it is known, else a URL. A note tells which plugin has to be there.
Json MakeBackend(const std::string& scheme, const std::string& address, const KnownPlaces& known, Imported& imported);

// `config`: what GET /config/ answers. What Patchbay itself made is passed over. `adopt`: the Routes name their entries
// (object/caddy_entries.h); one that would hide what has to be left out is left out too, because Routes stand before all
// that is others'.
GatewayImport ImportCaddy(const Json& config, const KnownPlaces& known, const std::string& ns, bool adopt = true);

// All entities of their kinds, as Kong's Admin API lists them.
struct KongEntities {
  std::vector<Json> services;
  std::vector<Json> routes;
  std::vector<Json> plugins;
  std::map<std::string, std::vector<Json>> targets;  // by the upstream's name
};
GatewayImport ImportKong(const KongEntities& entities, const KnownPlaces& known, const std::string& ns, bool adopt = true);

}  // namespace patchbay::cli
