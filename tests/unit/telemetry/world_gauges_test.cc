#include "telemetry/world_gauges.h"

#include "base/text.h"
#include "harness/clock/fake_clock.h"
#include "object/object.h"

namespace patchbay::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

// As much of a store as a cache needs to be fed.
class ListedStore : public store::Store {
 public:
  void Commit(store::Unit, Done) override {}
  Result<store::Snapshot> Load(const std::function<void(store::Row)>&) override { return store::Snapshot{}; }
  Result<std::pair<Revision, std::vector<store::Change>>> Read(Revision after, int) override {
    std::vector<store::Change> changes;
    for (const store::Change& change : log_)
      if (change.revision > after) changes.push_back(change);
    return std::make_pair(static_cast<Revision>(log_.size()), std::move(changes));
  }
  void Listen(Sink, Wake) override {}
  Result<std::vector<store::Delivery>> Claim(int, std::chrono::milliseconds, const std::vector<std::string>&) override {
    return std::vector<store::Delivery>{};
  }
  Result<void> Settle(const store::Settlement&) override { return {}; }
  Result<store::DeliveryCounts> CountDeliveries(const std::string&) override { return store::DeliveryCounts{}; }
  Result<std::string> InstallationId() override { return std::string(); }
  store::Health health() const override { return {}; }

  void Add(store::ChangeType type, std::string_view resource, const std::string& name, Json spec, Json status) {
    Json object = {{"apiVersion", "patchbay.dev/v1"}, {"kind", "Any"}, {"metadata", {{"name", name}}}};
    object["spec"] = std::move(spec);
    object["status"] = std::move(status);
    const Revision revision = static_cast<Revision>(log_.size()) + 1;
    log_.push_back({.revision = revision,
                    .type = type,
                    .key = {std::string(resource), "default", name},
                    .uid = name,
                    .generation = 1,
                    .bytes = std::make_shared<const std::string>(SpliceRevision(EncodeBody(object), revision))});
  }

 private:
  std::vector<store::Change> log_;
};

Json Ready(int replicas) {
  return {{"readyReplicas", replicas}, {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}};
}

class WorldGaugesTest : public testing::Test {
 protected:
  WorldGaugesTest() {
    EXPECT_TRUE(cache_.Poll().ok());
    meter_.AddCollector(gauges_.collector());
  }
  void Put(std::string_view resource, const std::string& name, Json spec, Json status) {
    store_.Add(store::ChangeType::kPut, resource, name, std::move(spec), std::move(status));
    EXPECT_TRUE(cache_.Poll().ok());
  }
  void Delete(std::string_view resource, const std::string& name) {
    store_.Add(store::ChangeType::kDelete, resource, name, Json::object(), Json::object());
    EXPECT_TRUE(cache_.Poll().ok());
  }

  FakeClock clock_;
  ListedStore store_;
  cache::Cache cache_{store_, clock_, NullMeter()};
  WorldGauges gauges_{cache_, clock_};
  PrometheusMeter meter_;
};

TEST_F(WorldGaugesTest, FollowsObjectsThroughTheirStates) {
  Put(kPlugins, "echo", {{"replicas", 3}}, Json::object());
  Put(kRoutes, "web", {{"enabled", false}}, Json::object());
  std::string text = meter_.Exposition();
  EXPECT_THAT(text, HasSubstr("patchbay_objects{kind=\"Plugin\",state=\"progressing\"} 1"));
  EXPECT_THAT(text, HasSubstr("patchbay_objects{kind=\"Route\",state=\"disabled\"} 1"));
  EXPECT_THAT(text, HasSubstr("patchbay_plugin_replicas{state=\"desired\"} 3"));
  EXPECT_THAT(text, HasSubstr("patchbay_plugin_ready_replicas{namespace=\"default\",plugin=\"echo\"} 0"));
  Put(kPlugins, "echo", {{"replicas", 3}}, Ready(2));
  text = meter_.Exposition();
  EXPECT_THAT(text, HasSubstr("patchbay_objects{kind=\"Plugin\",state=\"progressing\"} 0"));
  EXPECT_THAT(text, HasSubstr("patchbay_objects{kind=\"Plugin\",state=\"ready\"} 1"));
  EXPECT_THAT(text, HasSubstr("patchbay_plugin_replicas{state=\"ready\"} 2"));
  EXPECT_THAT(text, HasSubstr("patchbay_plugin_desired_replicas{namespace=\"default\",plugin=\"echo\"} 3"));
  Delete(kPlugins, "echo");
  text = meter_.Exposition();
  EXPECT_THAT(text, HasSubstr("patchbay_objects{kind=\"Plugin\",state=\"ready\"} 0"));
  EXPECT_THAT(text, HasSubstr("patchbay_plugin_replicas{state=\"desired\"} 0"));
  EXPECT_THAT(text, Not(HasSubstr("plugin=\"echo\"")));
}

TEST_F(WorldGaugesTest, CountsTheDriftOfRoutesToo) {
  Put(kRoutes, "shop", Json::object(), {{"drift", {{{"field", "gateway.match"}, {"firstSeen", FormatTime(clock_.Wall())}}}}});
  EXPECT_THAT(meter_.Exposition(), HasSubstr("patchbay_drift_fields{kind=\"Route\"} 1"));
  EXPECT_THAT(meter_.Exposition(), HasSubstr("patchbay_drift_fields{kind=\"Plugin\"} 0"));
}

TEST_F(WorldGaugesTest, TellsForHowLongTheOldestDriftHasBeenSeen) {
  EXPECT_THAT(meter_.Exposition(), HasSubstr("patchbay_drift_oldest_seconds{kind=\"Plugin\"} 0"));
  const auto drift = [&](std::chrono::seconds age) {
    return Json{{"field", "replicas"}, {"firstSeen", FormatTime(clock_.Wall() - age)}};
  };
  Put(kPlugins, "echo", Json::object(), {{"drift", {drift(std::chrono::seconds(60)), drift(std::chrono::seconds(600))}}});
  Put(kPlugins, "shop", Json::object(), {{"drift", {drift(std::chrono::seconds(300))}}});
  EXPECT_THAT(meter_.Exposition(), HasSubstr("patchbay_drift_fields{kind=\"Plugin\"} 3"));
  EXPECT_THAT(meter_.Exposition(), HasSubstr("patchbay_drift_oldest_seconds{kind=\"Plugin\"} 600"));
  Put(kPlugins, "echo", Json::object(), Ready(1));
  EXPECT_THAT(meter_.Exposition(), HasSubstr("patchbay_drift_fields{kind=\"Plugin\"} 1"));
  EXPECT_THAT(meter_.Exposition(), HasSubstr("patchbay_drift_oldest_seconds{kind=\"Plugin\"} 300"));
}

TEST_F(WorldGaugesTest, WantsNothingOfADisabledPlugin) {
  Put(kPlugins, "echo", {{"replicas", 3}, {"enabled", false}}, Json::object());
  EXPECT_THAT(meter_.Exposition(), HasSubstr("patchbay_plugin_replicas{state=\"desired\"} 0"));
}

TEST_F(WorldGaugesTest, NamesPluginsOnlyWhileTheyAreFew) {
  for (std::size_t i = 0; i <= WorldGauges::kMostPlugins; ++i)
    store_.Add(store::ChangeType::kPut, kPlugins, StrCat("p", i), Json::object(), Json::object());
  ASSERT_TRUE(cache_.Poll().ok());
  EXPECT_THAT(meter_.Exposition(), Not(HasSubstr("plugin=\"p1\"")));
  EXPECT_THAT(meter_.Exposition(), HasSubstr("patchbay_plugin_replicas{state=\"desired\"} 501"));
  Delete(kPlugins, "p0");
  EXPECT_THAT(meter_.Exposition(), HasSubstr("plugin=\"p1\""));
}

}  // namespace
}  // namespace patchbay::telemetry
