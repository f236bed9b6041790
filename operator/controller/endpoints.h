// Which containers of a plugin may get requests: written by the plugin controller, read by the route controller, who
// confirms what the gateway serves. A container is stopped only when it was taken out here and that is confirmed.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "controller/desired.h"
#include "object/key.h"

namespace patchbay::controller {

struct Endpoint {
  std::string id;  // the container's
  std::string ip;
  std::optional<std::vector<NamedPort>> ports = std::nullopt;  // its own: older ones may have others. Nothing: as the spec says
  bool canary = false;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct EndpointSet {
  std::vector<Endpoint> members = {};  // may get requests
  std::optional<int> canary_weight = std::nullopt;  // percent of the requests for the canaries among the members
  std::vector<Endpoint> leaving = {};  // were taken out to be stopped, and may have requests under way
};

// One moment of all sets.
struct EndpointsView {
  std::uint64_t version = 0;
  std::map<Key, EndpointSet> sets;
};

class Endpoints {
 public:
  // `changed`: a set that routes refer to is another one now. `confirmed`: this plugin's set is served as it is.
  Endpoints(std::function<void()> changed, std::function<void(const Key&)> confirmed)
      : changed_(std::move(changed)), confirmed_(std::move(confirmed)) {}

  // Makes this the plugin's set. An empty set is known too: nobody may get requests.
  // Who is leaving is told with the next change of the members: alone it changes nothing.
  void Set(const Key& plugin, EndpointSet set);
  void Forget(const Key& plugin);
  // The gateway serves exactly the present set, or no route refers to the plugin.
  bool Settled(const Key& plugin) const;
  // Whether it is known what the gateway serves of the plugin: its set was told since the start, and something was
  // confirmed. Who asks before that is told when it comes.
  bool Known(const Key& plugin);

  EndpointsView View() const;
  bool IsReferenced(const Key& plugin) const;
  // For the route controller. Plugins that the routes to be published refer to, before resolving.
  void SetReferenced(std::set<Key> plugins);
  // All sets as of `version` are served to exactly those who refer to them, read back.
  void Confirm(std::uint64_t version);

 private:
  struct Entry {
    EndpointSet set;
    std::uint64_t version = 0;  // of the last change
  };
  struct State {
    std::uint64_t version = 0;
    std::uint64_t confirmed = 0;
    std::map<Key, Entry> entries;
    // Until the first confirmation nobody knows whom the gateway leads to: it may be everybody. A route that is being
    // withdrawn counts until that is confirmed.
    bool known = false;
    std::set<Key> asked;       // before it was known
    std::set<Key> referenced;  // by what is served
    std::set<Key> coming;      // by what is being published
    std::set<Key> unsettled;

    bool Refers(const Key& plugin) const { return !known || referenced.contains(plugin) || coming.contains(plugin); }
  };

  const std::function<void()> changed_;
  const std::function<void(const Key&)> confirmed_;
  mutable Guarded<State> state_;
};

}  // namespace patchbay::controller
