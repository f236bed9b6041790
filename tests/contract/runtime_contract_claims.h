// What every Runtime promises of containers that others made. Include it in one file: it defines tests.
#pragma once

#include "contract/runtime_contract.h"

namespace patchbay::driver {

class RuntimeClaims : public RuntimeContract {
 protected:
  std::string Foreign(const std::string& stem, const std::map<std::string, std::string>& labels = {}) {
    return world_->MakeForeign(world_->Name(stem), labels);
  }
  Result<void> Claim(const std::string& id, const std::string& owner = "uid-1") {
    return runtime().Claim(owner, {{id, {{kLabelPlugin, "hand"}, {kLabelSpecHash, "hash-1"}, {kLabelOrdinal, "0"}}}});
  }
};

TEST_P(RuntimeClaims, AClaimedContainerIsListedAsOursAndRunsOn) {
  const std::string id = Foreign("claimed", {{"own", "label"}});
  const auto before = runtime().Inspect(id);
  ASSERT_TRUE(before.ok());
  EXPECT_TRUE(ListedNames().empty());
  ASSERT_TRUE(Claim(id).ok());
  EXPECT_THAT(ListedNames(), testing::ElementsAre(world_->Name("claimed")));
  const auto listed = runtime().ListOf("uid-1");
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().id, id);
  EXPECT_EQ(listed->front().started, before->started);
  for (const auto& labels : {listed->front().labels, runtime().Inspect(id)->labels}) {
    EXPECT_EQ(labels.at("own"), "label");
    EXPECT_EQ(labels.at(kLabelOwnerUid), "uid-1");
    EXPECT_EQ(labels.at(kLabelSpecHash), "hash-1");
    EXPECT_EQ(labels.at(kLabelClaimed), "true");
  }
  EXPECT_TRUE(runtime().ListOf("uid-2")->empty());
}

TEST_P(RuntimeClaims, AClaimStandsBesideWhatWasMadeHere) {
  const std::string made = CreateAndStart(SpecOf("made"));
  const std::string id = Foreign("beside");
  ASSERT_TRUE(Claim(id).ok());
  EXPECT_EQ(runtime().List()->size(), 2u);
  EXPECT_EQ(runtime().ListOf("uid-1")->size(), 2u);
}

TEST_P(RuntimeClaims, WhatIsClaimedCanBeStoppedStartedAndRemoved) {
  const std::string id = Foreign("worked");
  ASSERT_TRUE(Claim(id).ok());
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  EXPECT_EQ(runtime().Inspect(id)->state, ContainerState::kExited);
  ASSERT_TRUE(runtime().Start(id).ok());
  ASSERT_TRUE(runtime().Remove(id).ok());
  EXPECT_EQ(runtime().Inspect(id).error().code, Code::kNotFound);
  EXPECT_TRUE(ListedNames().empty());
}

TEST_P(RuntimeClaims, WhatIsNoLongerClaimedIsForeignAgain) {
  const std::string id = Foreign("let-go");
  ASSERT_TRUE(Claim(id).ok());
  EXPECT_EQ(runtime().List()->size(), 1u);
  ASSERT_TRUE(runtime().Claim("uid-1", {}).ok());
  EXPECT_TRUE(runtime().List()->empty());
  EXPECT_TRUE(runtime().ListOf("uid-1")->empty());
  EXPECT_FALSE(runtime().Inspect(id)->labels.contains(kLabelOwnerUid));
}

TEST_P(RuntimeClaims, NobodyCanBeClaimedTwiceNorOutOfAnotherInstallation) {
  const std::string id = Foreign("wanted");
  ASSERT_TRUE(Claim(id).ok());
  EXPECT_EQ(Claim(id, "uid-2").error().code, Code::kConflict);
  EXPECT_EQ(runtime().Inspect(id)->labels.at(kLabelOwnerUid), "uid-1");
  const std::string theirs = Foreign("theirs", {{kLabelInstallation, "another"}, {kLabelOwnerUid, "uid-9"}});
  ASSERT_TRUE(Claim(theirs, "uid-2").ok());
  EXPECT_EQ(runtime().Inspect(theirs)->labels.at(kLabelOwnerUid), "uid-9");
  EXPECT_TRUE(runtime().ListOf("uid-2")->empty());
}

TEST_P(RuntimeClaims, WhatHappensToItIsToldToItsOwner) {
  Listener listener;
  const std::string id = Foreign("watched");
  const auto watch = runtime().Watch(std::nullopt, listener.OnEvent("uid-1"), listener.OnEnd());
  ASSERT_TRUE(watch.ok()) << watch.error().message;
  ASSERT_TRUE(Claim(id).ok());
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  EXPECT_TRUE(Eventually([&] { return listener.HasAction("die"); }));
}

}  // namespace patchbay::driver
