// The parts of Controllers and how they wake each other. Part of controller.h.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "controller/adoption.h"
#include "controller/bell.h"
#include "controller/controller.h"
#include "controller/image_gc.h"
#include "controller/logs.h"
#include "controller/planner.h"
#include "controller/plugin.h"
#include "controller/pod_show.h"
#include "controller/queue.h"
#include "controller/revisions.h"
#include "controller/route.h"
#include "controller/sweep.h"
#include "controller/traffic.h"
#include "controller/usage.h"
#include "controller/watcher.h"
#include "controller/webhook.h"

namespace patchbay::controller {

class Controllers::Core {
 public:
  Core(Dependencies dependencies, Options options);
  ~Core() { Stop(); }

  void Start();
  void Stop();
  bool Step();
  Result<Json> Plan(const std::vector<Json>& objects) const { return planner_.Plan(objects); }
  Result<void> Logs(const LogQuery& query, const std::function<std::shared_ptr<http::Stream>()>& start);
  Result<std::vector<std::optional<UsageReport>>> Usage(const std::vector<std::string>& container_ids);
  std::vector<std::pair<std::string, std::string>> Checks() const;

 private:
  bool StepHouse();  // subscriptions, events, resync, gauges
  bool Subscribe();
  void Visit(const Key& key);
  Outcome VisitKind(const Key& key);
  Outcome WakeUsers(const Key& object);
  void OnChange(const cache::Step& step);
  void WakeOwner(const std::string& owner_uid);
  void Hear(const driver::RuntimeEvent& event);
  void EnqueueAll(std::string_view resource);
  void Conclude(const Key& key, const Outcome& outcome, double seconds);
  void Work(std::stop_token stop);
  void KeepHouse(std::stop_token stop);

  const Dependencies dependencies_;
  const Options options_;
  Metrics metrics_;
  WorkQueue queue_;
  Crew crew_;  // lends a hand with container actions
  Observer observer_;
  Prober prober_;
  Endpoints endpoints_;
  ImageGc image_gc_;
  Images images_;
  ImageIds image_ids_;
  Executor executor_;
  PodShow pods_;
  Traffic traffic_;
  Revisions revisions_;
  Adoption adoption_;
  PluginController plugins_;
  Sweep sweep_;
  Bell route_bell_;
  RouteController routes_;
  Bell webhook_bell_;
  WebhookController webhooks_;
  Bell house_bell_;
  const Planner planner_;
  LogReader logs_;
  UsageReader usage_;
  std::stop_source stop_usage_;
  std::atomic<bool> subscribed_ = false;
  std::atomic<bool> stopping_ = false;
  MonoTime next_resync_{};
  std::unique_ptr<cache::WatchHandle> watch_;
  std::vector<std::jthread> threads_;  // last: they stop first
};

}  // namespace patchbay::controller
