#include "harness/world/world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace patchbay::controller {

using std::chrono::milliseconds;

void World::CrashAt(int nth) {
  auto left = std::make_shared<int>(nth);
  runtime.faults().SetHook([left](driver::RuntimeCall call, const std::string&) {
    if (driver::IsAction(call) && --*left == 0) throw Crash();
  });
}

bool World::SettleThroughCrash() {
  try {
    Settle();
    runtime.faults().SetHook(nullptr);
    return false;
  } catch (const Crash&) {
    RestartOperator();
    Settle();
    return true;
  }
}

void World::Settle() {
  for (int quiet = 0; quiet < 60; ++quiet) {
    if (op->controllers.Settle() > 1) quiet = std::min(quiet, 30);
    clock.Advance(milliseconds(20));
  }
  op->controllers.Settle();
}

void World::Advance(milliseconds by) {
  const auto step = std::max<milliseconds>(by / 200, milliseconds(100));
  for (milliseconds done(0); done < by; done += step) {
    clock.Advance(step);
    op->controllers.Settle();
  }
}

void World::Apply(const Key& key, const Json& spec, const std::map<std::string, std::string>& annotations) {
  const Json present = Get(key);
  Json object = present;
  if (present.is_null()) {
    const char* kind = key.resource == kPlugins ? "Plugin" : key.resource == kRoutes ? "Route" : "Webhook";
    object = {{"apiVersion", "patchbay.dev/v1"},
              {"kind", kind},
              {"metadata", {{"name", key.name}, {"namespace", key.ns}, {"uid", random.Uuid()}, {"generation", 1}}}};
  } else if (present["spec"] != spec) {
    object["metadata"]["generation"] = GenerationOf(present) + 1;
  }
  object["spec"] = spec;
  for (const auto& [name, value] : annotations) object["metadata"]["annotations"][name] = value;
  object["metadata"].erase("resourceVersion");
  const auto written = op->committer.Write({.key = key, .object = object});
  ASSERT_TRUE(written.ok()) << written.error().message;
}

void World::ApplyPlain(const Key& key, const std::string& kind, Json members) {
  Json object = {{"apiVersion", "v1"},
                 {"kind", kind},
                 {"metadata", {{"name", key.name}, {"namespace", key.ns}, {"uid", random.Uuid()}}}};
  object.update(members);
  const auto written = op->committer.Write({.key = key, .object = object});
  ASSERT_TRUE(written.ok()) << written.error().message;
}

void World::Patch(const Key& key, const Json& spec_patch) {
  Json spec = Get(key)["spec"];
  spec.merge_patch(spec_patch);
  Apply(key, spec);
}

void World::Annotate(const Key& key, const std::string& name, const std::string& value) {
  const auto written = op->committer.Update(key, "", [&](Json& object, cache::Committer::Notes&) {
    object["metadata"]["annotations"][name] = value;
  });
  ASSERT_TRUE(written.ok()) << written.error().message;
}

void World::Delete(const Key& key) {
  if (FinalizersOf(Get(key)).empty()) return DeleteRow(key);
  const auto written = op->committer.Update(key, "", [&](Json& object, cache::Committer::Notes&) {
    object["metadata"]["deletionTimestamp"] = FormatTime(clock.Wall());
    object["metadata"]["generation"] = GenerationOf(object) + 1;
  });
  ASSERT_TRUE(written.ok()) << written.error().message;
}

void World::DeleteRow(const Key& key) {
  const auto written = op->committer.Write({.key = key, .object = {}, .op = store::Write::Op::kDelete});
  ASSERT_TRUE(written.ok()) << written.error().message;
}

Json World::Get(const Key& key) const {
  const auto bytes = op->store.Find(key);
  return bytes ? Json::parse(*bytes) : Json();
}

std::string World::ConditionOf(const Key& key, const std::string& type) const {
  const auto condition = FindCondition(Get(key), type);
  return condition ? StrCat(condition->status, "/", condition->reason) : "none";
}

std::vector<driver::Container> World::Containers() const {
  std::vector<driver::Container> ours = runtime.All();
  std::erase_if(ours, [](const auto& container) { return !container.labels.contains(driver::kLabelInstallation); });
  return ours;
}

std::vector<std::string> World::RunningImages() const {
  std::vector<std::string> images;
  for (const auto& container : Containers())
    if (container.state == driver::ContainerState::kRunning) images.push_back(container.image);
  std::sort(images.begin(), images.end());
  return images;
}

std::vector<std::string> World::Upstreams(const std::string& route) const {
  std::vector<std::string> addresses;
  for (const auto& served : gateway.Served())
    if (served.name == "default/" + route)
      for (const auto& upstream : served.upstreams) addresses.push_back(upstream.address);
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

std::vector<std::string> World::EventReasons() const {
  std::vector<std::string> reasons;
  for (const auto& entry : op->cache.All(kEvents)) reasons.push_back(FindString(Json::parse(*entry->bytes), {"reason"}));
  return reasons;
}

Result<void> World::Connect(const std::string& ip, int port) {
  if (std::find(refused.begin(), refused.end(), std::make_pair(ip, port)) == refused.end()) return {};
  return Error{Code::kUnavailable, StrCat(ip, ":", port, ": Connection refused")};
}

Json PluginSpec(const std::string& image, int replicas) {
  return {{"image", image}, {"replicas", replicas}, {"enabled", true},
          {"ports", {{{"name", "http"}, {"containerPort", 8080}}}}};
}

Json RouteSpec(const std::string& plugin) {
  return {{"paths", {{{"type", "Prefix"}, {"value", "/" + plugin}}}},
          {"backends", {{{"plugin", plugin}, {"port", "http"}}}}};
}

void World::DeletePod(const std::string& plugin, const std::string& container_id, bool now) {
  const auto written = op->committer.Update(PluginKey(plugin), "", [&](Json& object, cache::Committer::Notes&) {
    Json& evictions = object["status"]["evictions"];
    if (!evictions.is_array()) evictions = Json::array();
    evictions.push_back({{"id", container_id}, {"requestedAt", FormatTime(clock.Wall())}, {"now", now}});
  });
  EXPECT_TRUE(written.ok());
}

std::vector<Json> World::Pods() const {
  std::vector<Json> pods;
  if (!op->pods.Poll().ok()) return pods;
  for (const auto& entry : op->pods.All(kPods)) pods.push_back(*ParseJson(*entry->bytes));
  return pods;
}

Json World::Pod(const std::string& name) const {
  for (const Json& pod : Pods())
    if (NameOf(pod) == name) return pod;
  return nullptr;
}

}  // namespace patchbay::controller
