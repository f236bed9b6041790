#include "cache/mirror.h"

#include <gtest/gtest.h>

#include <thread>

#include "cache/cache.h"
#include "harness/clock/fake_clock.h"
#include "objects.h"
#include "recorder.h"

namespace patchbay::cache {
namespace {

using std::chrono::hours;
using Words = std::vector<std::string>;

class MirrorTest : public testing::Test {
 protected:
  void Put(const std::string& name, const std::string& value = "1") {
    Json object = PluginObject(name);
    object["spec"]["image"] = value;
    mirror_.Put(PluginKey(name), object);
  }

  FakeClock clock_;
  Mirror mirror_{clock_};
  Cache cache_{mirror_, clock_, NullMeter()};
  std::shared_ptr<Recorder> told_ = std::make_shared<Recorder>();
};

TEST_F(MirrorTest, ShowsNothingBeforeEverythingWasLookedAt) {
  Put("a");
  EXPECT_EQ(cache_.Poll().error().code, Code::kUnavailable);
  EXPECT_FALSE(cache_.synced());
  mirror_.Open();
  ASSERT_TRUE(cache_.Poll().ok());
  EXPECT_TRUE(cache_.Get(PluginKey("a")));
}

TEST_F(MirrorTest, TellsWhatComesChangesAndGoes) {
  mirror_.Open();
  ASSERT_TRUE(cache_.Poll().ok());
  const auto handle = cache_.Watch(kPlugins, cache_.revision(), told_);
  ASSERT_TRUE(handle.ok());
  told_->Start({}, cache_.revision());
  Put("a");
  Put("b");
  Put("a", "2");
  mirror_.Drop(PluginKey("b"));
  mirror_.Drop(PluginKey("never"));
  EXPECT_EQ(told_->seen().words, (Words{"+a", "+b", "~a", "-b"}));
  EXPECT_EQ(told_->seen().world, WorldOf(cache_.All(kPlugins)));
}

TEST_F(MirrorTest, APutThatChangesNothingIsNothing) {
  mirror_.Open();
  ASSERT_TRUE(cache_.Poll().ok());
  Put("a");
  const Revision before = cache_.revision();
  Put("a");
  EXPECT_EQ(cache_.revision(), before);
  ASSERT_TRUE(cache_.Poll().ok());
  EXPECT_EQ(cache_.revision(), before);
}

TEST_F(MirrorTest, AnotherUidUnderTheSameNameIsADeletionFirst) {
  mirror_.Open();
  ASSERT_TRUE(cache_.Poll().ok());
  Put("a");
  const auto handle = cache_.Watch(kPlugins, cache_.revision(), told_);
  told_->Start(cache_.All(kPlugins), cache_.revision());
  Json other = PluginObject("a");
  other["metadata"]["uid"] = "another";
  mirror_.Put(PluginKey("a"), other);
  EXPECT_EQ(told_->seen().words, (Words{"-a", "+a"}));
}

TEST_F(MirrorTest, AReaderOfAnEarlierRunIsToldToListAgain) {
  mirror_.Open();
  ASSERT_TRUE(cache_.Poll().ok());
  Put("a");
  const Revision old = cache_.revision();
  clock_.Advance(hours(1));
  Mirror next(clock_);
  Cache cache(next, clock_, NullMeter());
  next.Open();
  ASSERT_TRUE(cache.Poll().ok());
  EXPECT_GT(cache.revision(), old);
  EXPECT_EQ(cache.Watch(kPlugins, old, told_).error().code, Code::kExpired);
  EXPECT_EQ(next.Read(old, 10).error().code, Code::kExpired);
  EXPECT_EQ(next.Read(cache.revision() + 1, 10).error().code, Code::kExpired);
}

TEST_F(MirrorTest, PagesHoldTheRevisionOfTheFirst) {
  mirror_.Open();
  ASSERT_TRUE(cache_.Poll().ok());
  for (const char* name : {"a", "b", "c"}) Put(name);
  const auto first = cache_.List({.resource = std::string(kPlugins), .ns = "", .limit = 2});
  ASSERT_TRUE(first.ok());
  mirror_.Drop(PluginKey("c"));
  const auto second = cache_.List(
      {.resource = std::string(kPlugins), .ns = "", .limit = 2, .after = first->next, .at = first->revision});
  ASSERT_TRUE(second.ok());
  ASSERT_EQ(second->entries.size(), 1u);
  EXPECT_EQ(second->entries[0]->key.name, "c");
}

TEST_F(MirrorTest, AReaderThatCameTooLateLoadsAgain) {
  Mirror small(clock_, 2);
  small.Open();
  const Revision start = small.Load([](const store::Row&) {})->revision;
  for (const char* name : {"a", "b", "c"}) small.Put(PluginKey(name), PluginObject(name));
  EXPECT_EQ(small.Read(start, 10).error().code, Code::kExpired);
  const auto rest = small.Read(start + 1, 1);
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest->first, start + 2);
  EXPECT_EQ(small.Read(start + 1, 10)->second.size(), 2u);
}

// The recorder checks that no step is told twice or out of order.
TEST_F(MirrorTest, WritersOnManyThreadsAreToldInOneOrder) {
  mirror_.Open();
  ASSERT_TRUE(cache_.Poll().ok());
  const auto handle = cache_.Watch(kPlugins, cache_.revision(), told_);
  told_->Start({}, cache_.revision());
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer)
      writers.emplace_back([&, writer] {
        for (int i = 0; i < 100; ++i) Put(StrCat("p", (writer + i) % 5), StrCat(writer, ".", i));
      });
  }
  ASSERT_TRUE(cache_.Poll().ok());
  EXPECT_EQ(told_->seen().world, WorldOf(cache_.All(kPlugins)));
  EXPECT_EQ(cache_.Count(kPlugins), 5u);
}

}  // namespace
}  // namespace patchbay::cache
