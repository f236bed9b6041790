// As whom images are pulled, and what a registry that asks for patience costs the others.
#include "controller/pull_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using driver::RuntimeCall;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(IsLoginFor, ReadsEntriesAsTheKubeletDoes) {
  for (const char* entry : {"https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io", "docker.io/library"})
    EXPECT_TRUE(IsLoginFor(entry, "nginx:1")) << entry;
  EXPECT_TRUE(IsLoginFor("registry.example.org", "registry.example.org/shop:1"));
  EXPECT_TRUE(IsLoginFor("https://registry.example.org/v2/", "registry.example.org/shop:1"));
  EXPECT_TRUE(IsLoginFor("registry.example.org:5000/team", "registry.example.org:5000/team/app@sha256:" + std::string(64, 'a')));
  EXPECT_TRUE(IsLoginFor("*.example.org", "registry.example.org/shop:1"));
  EXPECT_FALSE(IsLoginFor("*.org", "registry.example.org/shop:1"));
  EXPECT_FALSE(IsLoginFor("registry.example.org", "registry.example.org:5000/shop:1"));
  EXPECT_FALSE(IsLoginFor("registry.example.org/team", "registry.example.org/teams/app"));
  EXPECT_FALSE(IsLoginFor("evil.org/registry.example.org", "registry.example.org/shop"));
  EXPECT_FALSE(IsLoginFor("docker.io", "Not An Image"));
}

class PullSecrets : public testing::Test {
 protected:
  static constexpr const char* kImage = "registry.example.org/shop:1";
  Key SecretKey(const std::string& name) { return {std::string(kSecrets), "default", name}; }
  void Write(const std::string& name, const std::string& entry, const std::string& text) {
    world_.ApplyPlain(SecretKey(name), "Secret", {{"data", {{entry, EncodeBase64(text)}}}});
  }
  void WriteLogin(const std::string& name, const std::string& user, const std::string& password) {
    const Json auth = {{"auth", EncodeBase64(StrCat(user, ":", password))}};
    Write(name, ".dockerconfigjson", DumpJson({{"auths", {{"registry.example.org", auth}}}}));
  }
  void Apply(const std::vector<std::string>& secrets) {
    world_.runtime.SetPullLogin(kImage, "ann", "s3cret");
    Json spec = PluginSpec(kImage);
    for (const std::string& name : secrets) spec["imagePullSecrets"].push_back({{"name", name}});
    world_.ApplyPlugin("shop", spec);
    world_.Settle();
  }
  std::string Ready() { return world_.ConditionOf(world_.PluginKey("shop"), "Ready"); }
  std::string LastError() { return FindString(world_.Get(world_.PluginKey("shop")), {"status", "lastError"}); }
  int Pulls() { return world_.runtime.faults().Count(RuntimeCall::kPull); }

  World world_;
};

TEST_F(PullSecrets, AreWhoARegistryIsAskedAs) {
  WriteLogin("reg", "ann", "s3cret");
  Apply({"reg"});
  EXPECT_EQ(world_.Phase("shop"), "Running");
  EXPECT_EQ(Pulls(), 1);
}

TEST_F(PullSecrets, OfTheOldFormAreReadToo) {
  Write("reg", ".dockercfg", R"({"https://registry.example.org/v1/":{"username":"ann","password":"s3cret"}})");
  Apply({"reg"});
  EXPECT_EQ(world_.Phase("shop"), "Running");
}

TEST_F(PullSecrets, AreTriedInTurn) {
  WriteLogin("old", "ann", "former");
  WriteLogin("new", "ann", "s3cret");
  Apply({"old", "new"});
  EXPECT_EQ(world_.Phase("shop"), "Running");
  EXPECT_EQ(Pulls(), 2);
}

TEST_F(PullSecrets, OfOtherRegistriesAreKeptFromThisOne) {
  Write("reg", ".dockerconfigjson", R"({"auths":{"other.example.org":{"username":"ann","password":"s3cret"}}})");
  Apply({"reg"});
  EXPECT_EQ(Ready(), "False/ImagePullBackOff");
}

TEST_F(PullSecrets, ThatAreMissingAreNamedAndWaitedFor) {
  Apply({"reg"});
  EXPECT_EQ(Ready(), "False/ReferenceNotFound");
  EXPECT_THAT(LastError(), HasSubstr("spec.imagePullSecrets[0]: Secret \"reg\" does not exist"));
  EXPECT_EQ(Pulls(), 0);
  WriteLogin("reg", "ann", "s3cret");
  world_.Settle();
  EXPECT_EQ(world_.Phase("shop"), "Running");
}

TEST_F(PullSecrets, ThatCannotBeReadAreNamedWithoutTheirWords) {
  Write("reg", ".dockerconfigjson", "{\"auths\": s3cret");
  Apply({"reg"});
  EXPECT_EQ(Ready(), "False/InvalidSpec");
  EXPECT_THAT(LastError(), HasSubstr("spec.imagePullSecrets[0]: Secret \"reg\" holds no Docker configuration"));
  EXPECT_THAT(DumpJson(world_.Get(world_.PluginKey("shop"))), Not(HasSubstr("s3cret")));
}

TEST_F(PullSecrets, ThatChangeAreTriedAtOnce) {
  WriteLogin("reg", "ann", "wrong");
  Apply({"reg"});
  EXPECT_EQ(Ready(), "False/ImagePullBackOff");
  world_.Advance(minutes(30));
  EXPECT_EQ(Ready(), "False/ImagePullBackOff");
  WriteLogin("reg", "ann", "s3cret");
  world_.Settle();
  EXPECT_EQ(world_.Phase("shop"), "Running");
}

TEST_F(PullSecrets, ThatAreGoneCostNothingThatRuns) {
  WriteLogin("reg", "ann", "s3cret");
  Apply({"reg"});
  world_.DeleteRow(SecretKey("reg"));
  world_.Advance(minutes(2));
  EXPECT_EQ(world_.Phase("shop"), "Running");
  world_.runtime.Vanish(world_.Containers().front().id);
  world_.Advance(minutes(1));
  EXPECT_EQ(world_.Phase("shop"), "Running");  // the image is here: nobody has to be asked
}

TEST(Registry, ThatAsksForAPauseIsLeftAloneByAllImages) {
  World world;
  for (int i = 0; i < 20; ++i)
    world.runtime.SetPullError(StrCat("busy.example.org/app", i, ":1"), Error{Code::kTooManyRequests, "slow down", {}, minutes(30)});
  world.ApplyPlugin("p0", PluginSpec("busy.example.org/app0:1"));
  world.Settle();
  ASSERT_EQ(world.runtime.faults().Count(RuntimeCall::kPull), 1);
  for (int i = 1; i < 20; ++i) world.ApplyPlugin(StrCat("p", i), PluginSpec(StrCat("busy.example.org/app", i, ":1")));
  world.ApplyPlugin("other", PluginSpec("calm.example.org/app:1"));
  world.Advance(minutes(29));
  EXPECT_EQ(world.Phase("other"), "Running");
  EXPECT_EQ(world.runtime.faults().Count(RuntimeCall::kPull), 2);
  EXPECT_EQ(world.ConditionOf(world.PluginKey("p7"), "Stalled"), "True/ImagePullBackOff");
  EXPECT_NE(FindString(world.Get(world.PluginKey("p7")), {"status", "nextRetryTime"}), "");
  for (int i = 0; i < 20; ++i) world.runtime.SetPullError(StrCat("busy.example.org/app", i, ":1"), std::nullopt);
  world.Advance(minutes(5));
  EXPECT_EQ(world.Phase("p7"), "Running");
  EXPECT_EQ(world.runtime.faults().Count(RuntimeCall::kPull), 22);
}

TEST(Registry, ThatGoesOnRefusingIsAskedSeldomHoweverManyImages) {
  World world;
  for (int i = 0; i < 20; ++i) {
    world.runtime.SetPullError(StrCat("busy.example.org/app", i, ":1"), Error{Code::kTooManyRequests, "slow down", {}, minutes(30)});
    world.ApplyPlugin(StrCat("p", i), PluginSpec(StrCat("busy.example.org/app", i, ":1")));
  }
  world.Advance(hours(5));
  EXPECT_LE(world.runtime.faults().Count(RuntimeCall::kPull), 11);
}

}  // namespace
}  // namespace patchbay::controller
