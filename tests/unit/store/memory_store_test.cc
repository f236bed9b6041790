#include "harness/store/memory_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/clock/fake_clock.h"
#include "harness/store/writes.h"

namespace patchbay::store {
namespace {

struct Outcome {
  int calls = 0;
  std::optional<Code> code;
};

Store::Done Note(Outcome& outcome) {
  return [&outcome](const auto& result) {
    ++outcome.calls;
    if (!result.ok()) outcome.code = result.error().code;
  };
}

TEST(MemoryStore, WaitsForThePumpAndCommitsOneBatch) {
  FakeClock clock;
  MemoryStore store(clock, MemoryStore::Turn::kPumped);
  std::vector<std::size_t> batches;
  store.Listen([&](Revision, Revision, std::span<const Change> changes) { batches.push_back(changes.size()); }, [] {});
  Outcome a, b, again;
  store.Commit(UnitOf({PutOf("a", "x", 0)}), Note(a));
  store.Commit(UnitOf({PutOf("b", "x", 0)}), Note(b));
  store.Commit(UnitOf({PutOf("a", "y")}), Note(again));
  EXPECT_EQ(a.calls, 0);
  EXPECT_EQ(store.Pump(), 2u);
  EXPECT_EQ(a.calls + b.calls, 2);
  EXPECT_EQ(again.calls, 0);
  EXPECT_EQ(store.Pump(), 1u);
  EXPECT_EQ(again.calls, 1);
  EXPECT_EQ(store.Pump(), 0u);
  EXPECT_THAT(batches, testing::ElementsAre(2, 1));
}

TEST(MemoryStore, FailsAsToldAndRecovers) {
  FakeClock clock;
  MemoryStore store(clock);
  int wakes = 0;
  int sinks = 0;
  store.Listen([&](auto, auto, auto) { ++sinks; }, [&] { ++wakes; });
  store.FailNext(MemoryStore::Fault::kUnavailable);
  store.FailNext(MemoryStore::Fault::kInDoubtBefore);
  store.FailNext(MemoryStore::Fault::kInDoubtAfter);
  EXPECT_EQ(CommitAndWait(store, UnitOf({PutOf("a", "x", 0)})).error().code, Code::kUnavailable);
  EXPECT_EQ(CommitAndWait(store, UnitOf({PutOf("a", "x", 0)})).error().code, Code::kInDoubt);
  EXPECT_EQ(store.Find({std::string(kPlugins), "default", "a"}), nullptr);
  EXPECT_EQ(CommitAndWait(store, UnitOf({PutOf("a", "x", 0)})).error().code, Code::kInDoubt);
  EXPECT_NE(store.Find({std::string(kPlugins), "default", "a"}), nullptr);
  EXPECT_EQ(sinks, 0);
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(CommitAndWait(store, UnitOf({PutOf("a", "x", 0)})).error().code, Code::kAlreadyExists);
  EXPECT_TRUE(CommitAndWait(store, UnitOf({PutOf("b", "x", 0)})).ok());
  EXPECT_EQ(sinks, 1);
}

TEST(MemoryStore, IsAwayUntilItIsBack) {
  FakeClock clock;
  MemoryStore store(clock, MemoryStore::Turn::kPumped);
  int wakes = 0;
  store.Listen({}, [&] { ++wakes; });
  Outcome waiting, late;
  store.Commit(UnitOf({PutOf("a", "x", 0)}), Note(waiting));
  store.SetAway(true);
  store.Commit(UnitOf({PutOf("b", "x", 0)}), Note(late));
  EXPECT_EQ(waiting.code, Code::kUnavailable);
  EXPECT_EQ(late.code, Code::kUnavailable);
  EXPECT_EQ(store.Read(0, 1).error().code, Code::kUnavailable);
  EXPECT_FALSE(store.health().ok);
  store.SetAway(false);
  EXPECT_EQ(wakes, 1);
  EXPECT_TRUE(store.Read(0, 1).ok());
}

TEST(MemoryStore, ServesACallbackThatCommits) {
  FakeClock clock;
  MemoryStore store(clock);
  Outcome inner;
  store.Commit(UnitOf({PutOf("a", "x", 0)}),
               [&](const auto&) { store.Commit(UnitOf({PutOf("b", "x", 0)}), Note(inner)); });
  EXPECT_EQ(inner.calls, 1);
  EXPECT_FALSE(inner.code);
}

TEST(MemoryStore, LeasesByItsClock) {
  FakeClock clock;
  MemoryStore store(clock);
  Unit unit = UnitOf({PutOf("a", "x", 0)});
  unit.deliveries.push_back(MessageOf("hook", "msg_1"));
  ASSERT_TRUE(CommitAndWait(store, std::move(unit)).ok());
  EXPECT_EQ(store.Claim(1, std::chrono::seconds(30), {})->size(), 1u);
  clock.Advance(std::chrono::seconds(29));
  EXPECT_EQ(store.Claim(1, std::chrono::seconds(30), {})->size(), 0u);
  clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(store.Claim(1, std::chrono::seconds(30), {})->size(), 1u);
}

}  // namespace
}  // namespace patchbay::store
