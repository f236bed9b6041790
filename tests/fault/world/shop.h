// What the fault tests share: a shop behind a route, the ways in which it changes, and somebody who looks at the laws
// before every single action on a container.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "harness/world/world.h"

namespace patchbay::controller {

// Failures are expected here by the hundred.
inline const bool kQuiet = (SetLog(LogLevel::kError, LogFormat::kText), true);

inline const std::vector<std::string>& AllStrategies() {
  static const std::vector<std::string> kAll{"RollingUpdate", "Recreate", "Atomic", "Canary"};
  return kAll;
}

inline Json StrategyOf(const std::string& type) {
  if (type != "Canary") return {{"type", type}};
  return {{"type", type}, {"steps", {{{"weight", 25}, {"pause", "10s"}}, {{"weight", 50}, {"pause", "10s"}}}}};
}

inline void OpenShop(World& world, int replicas, const std::string& strategy = "RollingUpdate") {
  Json spec = PluginSpec("app:1", replicas);
  spec["strategy"] = StrategyOf(strategy);
  world.ApplyPlugin("shop", spec);
  world.ApplyRoute("shop", RouteSpec("shop"));
  world.Settle();
}

inline std::set<std::string> IdsOf(const std::vector<driver::Container>& containers) {
  std::set<std::string> ids;
  for (const auto& container : containers) ids.insert(container.id);
  return ids;
}

// Ours that run, of this image; every image: "".
inline std::set<std::string> RunningIds(const World& world, const std::string& image = "") {
  std::set<std::string> ids;
  for (const auto& container : world.Containers())
    if (container.state == driver::ContainerState::kRunning && (image.empty() || container.image == image))
      ids.insert(container.id);
  return ids;
}

// Addresses that get requests and have somebody behind them.
inline int Serving(const World& world, const std::string& route = "shop") {
  std::set<std::string> running;
  for (const auto& container : world.Containers())
    if (container.state == driver::ContainerState::kRunning) running.insert(container.ip + ":8080");
  int serving = 0;
  for (const std::string& address : world.Upstreams(route)) serving += running.contains(address) ? 1 : 0;
  return serving;
}

// Days in which little is looked at, and some seconds of every quarter of them closely.
inline void PassDays(World& world, int days) {
  for (int quarter = 0; quarter < 4 * days; ++quarter) {
    world.clock.Advance(std::chrono::hours(6) - std::chrono::seconds(8));
    for (int second = 0; second < 8; ++second) {
      world.op->controllers.Settle();
      world.clock.Advance(std::chrono::seconds(1));
    }
  }
}

// Looks before every action of the operator, over its deaths too. Keep it shorter than the world.
class Watchman {
 public:
  explicit Watchman(World& world) : world_(world) { Begin(); }
  ~Watchman() { world_.runtime.faults().SetHook(nullptr); }
  Watchman(const Watchman&) = delete;
  Watchman& operator=(const Watchman&) = delete;
  // After a restart of the operator.
  void Begin() {
    world_.runtime.faults().SetHook([this](driver::RuntimeCall call, const std::string& subject) {
      if (driver::IsAction(call)) Look(call, subject);
    });
  }

  int stops = 0;              // of containers that ran
  int least_serving = 1'000;  // at any action
  std::vector<std::string> broken;
  bool gateway_answers = true;  // false: after its drain time a container may be stopped without it

 private:
  void Look(driver::RuntimeCall call, const std::string& subject) {
    least_serving = std::min(least_serving, Serving(world_));
    if (call != driver::RuntimeCall::kStop && call != driver::RuntimeCall::kRemove) return;
    for (const auto& container : world_.runtime.All()) {
      if (container.id != subject && container.name != subject) continue;
      if (!container.labels.contains(driver::kLabelInstallation)) broken.push_back(StrCat("acts on the foreign ", subject));
      if (container.state != driver::ContainerState::kRunning) continue;
      stops += call == driver::RuntimeCall::kStop ? 1 : 0;
      if (gateway_answers) LookAtGateway(container);
    }
  }
  void LookAtGateway(const driver::Container& container) {
    const std::string address = container.ip + ":8080";
    for (const auto& route : world_.gateway.Served())
      for (const auto& upstream : route.upstreams)
        if (upstream.address == address) broken.push_back(StrCat(container.name, " is stopped while ", route.name, " leads to it"));
    const auto requests = world_.gateway.InFlight();
    if (!requests.ok()) return;
    const auto under_way = requests->find(address);
    if (under_way != requests->end() && under_way->second > 0)
      broken.push_back(StrCat(container.name, " is stopped with requests under way"));
  }

  World& world_;
};

}  // namespace patchbay::controller
