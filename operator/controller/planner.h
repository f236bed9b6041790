// What would be done. Built from clients that can only read: a plan cannot act. Thread-safe.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cache/cache.h"
#include "controller/desired.h"
#include "controller/diff.h"
#include "driver/gateway/gateway.h"
#include "driver/runtime/runtime.h"
#include "object/json.h"

namespace patchbay::controller {

// What of an engine can be read.
class RuntimeReader {
 public:
  explicit RuntimeReader(driver::Runtime& runtime) : runtime_(runtime) {}
  Result<std::vector<driver::Container>> List() const { return runtime_.List(); }
  Result<std::vector<driver::Container>> ListPublishing() const { return runtime_.ListPublishing(); }
  bool IsHostPortTaken(const driver::PortMapping& port) const { return runtime_.IsHostPortTaken(port); }
  Result<driver::Container> Inspect(const std::string& id) const { return runtime_.Inspect(id); }
  Result<bool> HasImage(const std::string& image) const { return runtime_.HasImage(image); }

 private:
  driver::Runtime& runtime_;
};

// What of a gateway can be read; there may be none.
class GatewayReader {
 public:
  explicit GatewayReader(driver::Gateway* gateway) : gateway_(gateway) {}
  std::string name() const { return gateway_ ? gateway_->name() : ""; }
  std::vector<driver::FieldNotDone> Unsupported() const { return gateway_ ? gateway_->Unsupported() : std::vector<driver::FieldNotDone>(); }
  std::string Digest(const driver::GatewayRoute& route) const { return gateway_ ? gateway_->Digest(route) : ""; }
  Result<driver::GatewayState> Read() const;

 private:
  driver::Gateway* gateway_;
};

class Planner {
 public:
  Planner(const cache::Cache& cache, RuntimeReader runtime, GatewayReader gateway, std::string installation, int prune_most)
      : cache_(cache), runtime_(runtime), gateway_(gateway), installation_(std::move(installation)), prune_most_(prune_most) {}

  // As Controllers::Plan.
  Result<Json> Plan(const std::vector<Json>& objects) const;

 private:
  struct Seen;
  Json PlanOne(Json object, const Seen& seen) const;
  void AddOrphans(const Seen& seen, Json& plan) const;
  void PlanPlugin(const Json& object, const Seen& seen, Json& entry) const;
  // What a Plugin takes over counts as there.
  void PlanAdoption(const Json& object, const Seen& seen, Desired& desired, Observed& world, Json& entry) const;
  std::string SpecBeforePause(const Json& object) const;
  void PlanRoute(const Json& object, const Seen& seen, Json& entry) const;

  const cache::Cache& cache_;
  const RuntimeReader runtime_;
  const GatewayReader gateway_;
  const std::string installation_;
  const int prune_most_;
};

}  // namespace patchbay::controller
