// What every Store promises (operator/store/store.h), as tests over a world with two stores on one database.
// MemoryStore and PgStore both pass; a new Store has to.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/text.h"
#include "harness/store/follower.h"
#include "harness/store/writes.h"
#include "store/store.h"

namespace patchbay::store {

// A database, and operators on it.
class StoreWorld {
 public:
  virtual ~StoreWorld() = default;
  // Another Store on the same database, not yet started.
  virtual std::unique_ptr<Store> NewStore() = 0;
  // Begins to work, and is connected when this returns.
  virtual void Start(Store& store) = 0;
  // Forgets changes up to here.
  virtual void Prune(Revision upto) = 0;
};

// The parameter makes a world.
class StoreContract : public testing::TestWithParam<std::function<std::unique_ptr<StoreWorld>()>> {
 protected:
  void SetUp() override {
    world_ = GetParam()();
    store_ = world_->NewStore();
    follower_->Attach(*store_);
    world_->Start(*store_);
  }
  // Commits and expects it to be done.
  std::vector<Change> Must(Store& store, Unit unit) {
    auto changes = CommitAndWait(store, std::move(unit));
    EXPECT_TRUE(changes.ok()) << (changes.ok() ? "" : changes.error().message);
    return changes.ok() ? *changes : std::vector<Change>{};
  }
  Revision MustPut(const std::string& name, const std::string& text, std::optional<Revision> expected = std::nullopt) {
    const auto changes = Must(*store_, UnitOf({PutOf(name, text, expected)}));
    return changes.empty() ? 0 : changes[0].revision;
  }
  Code Refused(Unit unit) {
    auto changes = CommitAndWait(*store_, std::move(unit));
    EXPECT_FALSE(changes.ok());
    return changes.ok() ? Code::kInternal : changes.error().code;
  }
  std::vector<Delivery> MustClaim(int limit, std::chrono::milliseconds lease = std::chrono::minutes(1),
                                  const std::vector<std::string>& paused = {}) {
    auto claimed = store_->Claim(limit, lease, paused);
    EXPECT_TRUE(claimed.ok()) << (claimed.ok() ? "" : claimed.error().message);
    return claimed.ok() ? *claimed : std::vector<Delivery>{};
  }

  std::unique_ptr<StoreWorld> world_;
  std::unique_ptr<Follower> follower_ = std::make_unique<Follower>();
  std::unique_ptr<Store> store_;
};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

TEST_P(StoreContract, KeepsWhatWasPutByteForByte) {
  const std::string text = "quote \" backslash \\ comma , brace {} tab \t \xC3\xA4 \xF0\x9F\x98\x80 'NULL' ";
  const auto changes = Must(*store_, UnitOf({PutOf("echo", text, 0)}));
  ASSERT_EQ(changes.size(), 1u);
  const Key key{std::string(kPlugins), "default", "echo"};
  EXPECT_EQ(*changes[0].bytes, SpliceRevision(BodyOf(key, text), changes[0].revision));
  EXPECT_EQ(changes[0].uid, "uid-echo");
  EXPECT_EQ(LoadAll(*store_).at(key), *changes[0].bytes);
  auto read = store_->Read(0, 10);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->second.size(), 1u);
  EXPECT_EQ(*read->second[0].bytes, *changes[0].bytes);
  EXPECT_EQ(read->second[0].generation, 1);
}

TEST_P(StoreContract, KeepsSecretsLikeEverythingElse) {
  Write secret = PutOf("token", "open-sesame");
  secret.key.resource = kSecrets;
  secret.body = BodyOf(secret.key, "open-sesame");
  const auto put = Must(*store_, UnitOf({secret, PutOf("echo", "x")}));
  ASSERT_EQ(put.size(), 2U);
  secret.op = Write::Op::kDelete;
  const std::string bytes = LoadAll(*store_)[secret.key];
  EXPECT_EQ(bytes, SpliceRevision(secret.body, put[0].revision));
  Must(*store_, UnitOf({secret}));
  auto other = world_->NewStore();
  world_->Start(*other);
  const auto changes = other->Read(0, 100);
  ASSERT_TRUE(changes.ok()) << changes.error().message;
  ASSERT_EQ(changes->second.size(), 3U);
  EXPECT_EQ(*changes->second[0].bytes, bytes);
  EXPECT_EQ(*changes->second[2].bytes, SpliceRevision(secret.body, changes->second[2].revision));
}

TEST_P(StoreContract, HoldsCreatesToAbsence) {
  MustPut("echo", "one", 0);
  EXPECT_EQ(Refused(UnitOf({PutOf("echo", "two", 0)})), Code::kAlreadyExists);
  EXPECT_THAT(LoadAll(*store_).begin()->second, testing::HasSubstr("one"));
}

TEST_P(StoreContract, HoldsUpdatesToTheirRevision) {
  const Revision first = MustPut("echo", "one", 0);
  const Revision second = MustPut("echo", "two", first);
  EXPECT_GT(second, first);
  EXPECT_EQ(Refused(UnitOf({PutOf("echo", "three", first)})), Code::kConflict);
  EXPECT_EQ(Refused(UnitOf({PutOf("ghost", "one", first)})), Code::kNotFound);
  EXPECT_THAT(LoadAll(*store_).begin()->second, testing::HasSubstr("two"));
}

TEST_P(StoreContract, DeletesOnceAndTellsTheLastState) {
  const Revision put = MustPut("echo", "one", 0);
  EXPECT_EQ(Refused(UnitOf({DeleteOf("echo", put + 1000)})), Code::kConflict);
  const auto gone = Must(*store_, UnitOf({DeleteOf("echo", put)}));
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].type, ChangeType::kDelete);
  EXPECT_THAT(*gone[0].bytes, testing::HasSubstr("last words"));
  EXPECT_THAT(*gone[0].bytes, testing::HasSubstr(StrCat("\"resourceVersion\":\"", gone[0].revision, "\"")));
  EXPECT_TRUE(LoadAll(*store_).empty());
  EXPECT_EQ(Refused(UnitOf({DeleteOf("echo")})), Code::kNotFound);
  EXPECT_EQ(Refused(UnitOf({DeleteOf("echo", put)})), Code::kNotFound);
  EXPECT_GT(MustPut("echo", "again", 0), gone[0].revision);
}

TEST_P(StoreContract, PutsWhateverIsThereWithoutPrecondition) {
  MustPut("echo", "one");
  MustPut("echo", "two");
  EXPECT_THAT(LoadAll(*store_).begin()->second, testing::HasSubstr("two"));
}

TEST_P(StoreContract, DropsTheWholeUnitAndNothingElse) {
  MustPut("taken", "one", 0);
  Unit bad = UnitOf({PutOf("taken", "two", 0), PutOf("event-of-it", "x")});
  bad.deliveries.push_back(MessageOf("hook", "msg_1"));
  std::promise<Result<std::vector<Change>>> first, second, third;
  store_->Commit(UnitOf({PutOf("left", "x", 0)}), [&](auto result) { first.set_value(std::move(result)); });
  store_->Commit(std::move(bad), [&](auto result) { second.set_value(std::move(result)); });
  store_->Commit(UnitOf({PutOf("right", "x", 0)}), [&](auto result) { third.set_value(std::move(result)); });
  EXPECT_TRUE(first.get_future().get().ok());
  const auto refused = second.get_future().get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kAlreadyExists);
  EXPECT_TRUE(third.get_future().get().ok());
  const auto rows = LoadAll(*store_);
  EXPECT_EQ(rows.size(), 3u);
  EXPECT_FALSE(rows.contains({std::string(kPlugins), "default", "event-of-it"}));
  EXPECT_TRUE(MustClaim(10).empty());
  follower_->CatchUp();
  EXPECT_EQ(follower_->objects(), rows);
}

TEST_P(StoreContract, CommitsAllWritesOfAUnitTogether) {
  const auto changes = Must(*store_, UnitOf({PutOf("echo", "one", 0), PutOf("event-1", "x"), PutOf("event-2", "x")}));
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_LT(changes[0].revision, changes[1].revision);
  EXPECT_LT(changes[1].revision, changes[2].revision);
  EXPECT_EQ(LoadAll(*store_).size(), 3u);
}

TEST_P(StoreContract, RefusesBadUnitsAndHarmsNoNeighbour) {
  Write nul = PutOf("nul", "x", 0);
  nul.body += std::string("\0", 1);
  EXPECT_EQ(Refused(UnitOf({nul})), Code::kInvalid);
  Write broken = PutOf("utf", "x", 0);
  broken.body += "\xFF\xFE";
  EXPECT_EQ(Refused(UnitOf({broken})), Code::kInvalid);
  EXPECT_EQ(Refused(UnitOf({PutOf("twice", "x"), PutOf("twice", "y")})), Code::kInvalid);
  EXPECT_EQ(Refused(UnitOf({})), Code::kInvalid);
  MustPut("good", "x", 0);
  EXPECT_EQ(LoadAll(*store_).size(), 1u);
}

TEST_P(StoreContract, KeepsTheOrderOfOneKey) {
  Guarded<std::vector<Revision>> order;
  std::promise<void> last;
  for (int i = 0; i < 50; ++i)
    store_->Commit(UnitOf({PutOf("same", std::to_string(i))}), [&, i](auto result) {
      ASSERT_TRUE(result.ok());
      order.Lock()->push_back(result->at(0).revision);
      if (i == 49) last.set_value();
    });
  last.get_future().get();
  const auto revisions = order.Copy();
  EXPECT_EQ(revisions.size(), 50u);
  EXPECT_TRUE(std::is_sorted(revisions.begin(), revisions.end()));
  EXPECT_THAT(LoadAll(*store_).begin()->second, testing::HasSubstr("\"49\""));
}

TEST_P(StoreContract, TellsTheSinkWhatReadTells) {
  for (int i = 0; i < 20; ++i) MustPut(StrCat("p", i % 7), StrCat("v", i));
  Must(*store_, UnitOf({DeleteOf("p3")}));
  follower_->CatchUp();
  Follower reader;
  reader.Follow(*store_);
  reader.CatchUp();
  EXPECT_EQ(reader.objects(), follower_->objects());
  EXPECT_EQ(reader.revisions(), follower_->revisions());
  EXPECT_EQ(reader.position(), follower_->position());
  EXPECT_EQ(reader.objects(), LoadAll(*store_));
}

TEST_P(StoreContract, ResumesFromAnyRevision) {
  std::vector<Revision> revisions;
  for (int i = 0; i < 10; ++i) revisions.push_back(MustPut(StrCat("p", i), "x", 0));
  for (std::size_t i = 0; i < revisions.size(); ++i) {
    auto read = store_->Read(revisions[i], 100);
    ASSERT_TRUE(read.ok());
    ASSERT_EQ(read->second.size(), revisions.size() - i - 1);
    EXPECT_EQ(read->first, revisions.back());
  }
  auto page = store_->Read(revisions[2], 2);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->second.size(), 2u);
  EXPECT_EQ(page->first, revisions[4]);
}

TEST_P(StoreContract, SaysExpiredBeyondWhatIsKept) {
  const Revision first = MustPut("a", "x", 0);
  const Revision second = MustPut("b", "x", 0);
  const Revision third = MustPut("c", "x", 0);
  world_->Prune(second);
  auto early = store_->Read(first, 10);
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.error().code, Code::kExpired);
  auto edge = store_->Read(second, 10);
  ASSERT_TRUE(edge.ok()) << edge.error().message;
  EXPECT_EQ(edge->second.size(), 1u);
  Snapshot snapshot;
  EXPECT_EQ(LoadAll(*store_, &snapshot).size(), 3u);
  EXPECT_EQ(snapshot.revision, third);
  EXPECT_EQ(snapshot.oldest_kept, second);
  auto future = store_->Read(third + 1, 10);
  ASSERT_FALSE(future.ok());
  EXPECT_EQ(future.error().code, Code::kExpired);
}

TEST_P(StoreContract, OrdersRevisionsAsCommitsOverTwoStores) {
  Follower other_follower;
  auto other = world_->NewStore();
  other_follower.Attach(*other);
  world_->Start(*other);
  constexpr int kThreads = 4;
  constexpr int kEach = 40;
  std::atomic<int> refused = 0;
  std::vector<std::jthread> writers;
  for (int t = 0; t < kThreads; ++t)
    writers.emplace_back([&, t] {
      Store& mine = t % 2 == 0 ? *store_ : *other;
      for (int i = 0; i < kEach; ++i) {
        // Every third aims at what another has made already: its revisions become holes.
        auto done =
            CommitAndWait(mine, UnitOf({i % 3 == 2 ? PutOf("shared", "x", 0) : PutOf(StrCat("t", t, "-", i), "x", 0)}));
        if (!done.ok()) ++refused;
      }
    });
  // A reader that polls meanwhile never sees a revision below where it stands, and misses none.
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) follower_->CatchUp();
  });
  writers.clear();
  reader.request_stop();
  reader.join();
  follower_->CatchUp();
  other_follower.CatchUp();
  EXPECT_EQ(refused, kThreads * (kEach / 3) - 1);
  const auto rows = LoadAll(*store_);
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(kThreads * (kEach - kEach / 3) + 1));
  EXPECT_TRUE(follower_->in_order());
  EXPECT_TRUE(other_follower.in_order());
  EXPECT_EQ(follower_->objects(), rows);
  EXPECT_EQ(other_follower.objects(), rows);
  EXPECT_EQ(follower_->revisions(), other_follower.revisions());
}

TEST_P(StoreContract, WakesTheOthers) {
  Follower other_follower;
  auto other = world_->NewStore();
  other_follower.Attach(*other);
  world_->Start(*other);
  const int before = other_follower.wakes();
  MustPut("echo", "x", 0);
  EXPECT_TRUE(Eventually([&] { return other_follower.wakes() > before; }));
  other_follower.CatchUp();
  EXPECT_EQ(other_follower.objects().size(), 1u);
}

TEST_P(StoreContract, RemembersOverARestart) {
  Unit unit = UnitOf({PutOf("echo", "one", 0)});
  unit.deliveries.push_back(MessageOf("hook", "msg_1"));
  Must(*store_, std::move(unit));
  const auto id = store_->InstallationId();
  const auto rows = LoadAll(*store_);
  store_.reset();
  store_ = world_->NewStore();
  world_->Start(*store_);
  EXPECT_EQ(LoadAll(*store_), rows);
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->size(), 36u);
  EXPECT_EQ(store_->InstallationId().value(), *id);
  EXPECT_EQ(MustClaim(10).size(), 1u);
  EXPECT_GT(MustPut("echo", "two"), 1);
}

TEST_P(StoreContract, LeasesOneMessagePerWebhookOldestFirst) {
  Unit unit = UnitOf({PutOf("echo", "one", 0)});
  for (const char* id : {"msg_1", "msg_2", "msg_3"}) unit.deliveries.push_back(MessageOf("a", id));
  unit.deliveries.push_back(MessageOf("b", "msg_4"));
  Must(*store_, std::move(unit));
  const auto first = MustClaim(10);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].message_id, "msg_1");
  EXPECT_EQ(first[0].webhook_uid, "uid-a");
  EXPECT_EQ(first[0].webhook_name, "a");
  EXPECT_EQ(first[0].type, "plugin.created");
  EXPECT_EQ(first[0].payload, R"({"id":"msg_1"})");
  EXPECT_EQ(first[0].attempt, 0);
  EXPECT_LT(std::chrono::abs(SystemClock().Wall() - first[0].created), std::chrono::minutes(5));
  EXPECT_EQ(first[1].message_id, "msg_4");
  EXPECT_TRUE(MustClaim(10).empty());
  ASSERT_TRUE(
      store_->Settle({.id = first[0].id, .state = Settlement::State::kDelivered, .status = 204, .error = ""}).ok());
  const auto second = MustClaim(10);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].message_id, "msg_2");
}

TEST_P(StoreContract, LeavesPausedWebhooksAndKeepsToTheLimit) {
  Unit unit = UnitOf({PutOf("echo", "one", 0)});
  for (const char* hook : {"a", "b", "c"}) unit.deliveries.push_back(MessageOf(hook, StrCat("msg_", hook)));
  Must(*store_, std::move(unit));
  const auto some = MustClaim(1, std::chrono::minutes(1), {"uid-a"});
  ASSERT_EQ(some.size(), 1u);
  EXPECT_EQ(some[0].webhook_uid, "uid-b");
  const auto rest = MustClaim(10, std::chrono::minutes(1), {"uid-x", "quote\"'{},\\"});
  EXPECT_EQ(rest.size(), 2u);
}

TEST_P(StoreContract, GivesADeliveryAgainWhenItsLeaseIsOver) {
  Unit unit = UnitOf({PutOf("echo", "one", 0)});
  unit.deliveries.push_back(MessageOf("a", "msg_1"));
  Must(*store_, std::move(unit));
  ASSERT_EQ(MustClaim(10, std::chrono::milliseconds(100)).size(), 1u);
  std::vector<Delivery> again;
  EXPECT_TRUE(Eventually([&] {
    again = MustClaim(10);
    return !again.empty();
  }));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].message_id, "msg_1");
  EXPECT_EQ(again[0].attempt, 1);
}

TEST_P(StoreContract, TriesAgainNotBeforeItsTime) {
  Unit unit = UnitOf({PutOf("echo", "one", 0)});
  unit.deliveries.push_back(MessageOf("a", "msg_1"));
  Must(*store_, std::move(unit));
  auto claimed = MustClaim(10);
  ASSERT_EQ(claimed.size(), 1u);
  const Settlement retry{.id = claimed[0].id,
                         .state = Settlement::State::kRetry,
                         .retry_after = std::chrono::milliseconds(300),
                         .status = 500,
                         .error = "no\xFF good"};
  ASSERT_TRUE(store_->Settle(retry).ok());
  EXPECT_TRUE(MustClaim(10).empty());
  auto counts = store_->CountDeliveries("uid-a");
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->pending, 1);
  EXPECT_EQ(counts->last_status, 500);
  EXPECT_FALSE(counts->last_error.empty());
  EXPECT_TRUE(Eventually([&] { return !(claimed = MustClaim(10)).empty(); }));
  EXPECT_EQ(claimed.at(0).attempt, 1);
}

TEST_P(StoreContract, CountsDeliveriesByOutcome) {
  Unit unit = UnitOf({PutOf("echo", "one", 0)});
  for (const char* id : {"msg_1", "msg_2", "msg_3"}) unit.deliveries.push_back(MessageOf("a", id));
  Must(*store_, std::move(unit));
  EXPECT_EQ(store_->CountDeliveries("uid-a")->pending, 3);
  EXPECT_EQ(store_->CountDeliveries("uid-a")->last_time, "");
  EXPECT_EQ(store_->CountDeliveries("uid-nobody")->pending, 0);
  const auto one = MustClaim(1);
  ASSERT_TRUE(
      store_->Settle({.id = one.at(0).id, .state = Settlement::State::kFailed, .status = 410, .error = "gone"}).ok());
  const auto two = MustClaim(1);
  const Settlement delivered{.id = two.at(0).id, .state = Settlement::State::kDelivered, .status = 200, .error = ""};
  ASSERT_TRUE(store_->Settle(delivered).ok());
  ASSERT_TRUE(store_->Settle(delivered).ok());  // again: counted once
  const auto counts = store_->CountDeliveries("uid-a");
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->pending, 1);
  EXPECT_EQ(counts->delivered, 1);
  EXPECT_EQ(counts->failed, 1);
  EXPECT_EQ(counts->last_status, 200);
  EXPECT_TRUE(ParseTime(counts->last_time).has_value());
  EXPECT_EQ(store_->Settle({.id = 1'000'000, .error = ""}).error().code, Code::kNotFound);
}

TEST_P(StoreContract, NeverLeasesToTwoAtOnce) {
  Unit unit = UnitOf({PutOf("echo", "one", 0)});
  for (int i = 0; i < 60; ++i) unit.deliveries.push_back(MessageOf(StrCat("hook", i % 6), StrCat("msg_", i)));
  Must(*store_, std::move(unit));
  auto other = world_->NewStore();
  world_->Start(*other);
  Guarded<std::map<std::string, int>> sent;
  Guarded<std::map<std::string, int>> in_flight;
  std::atomic<int> doubled = 0;
  std::vector<std::jthread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&, t] {
      Store& mine = t % 2 == 0 ? *store_ : *other;
      while (sent.Lock()->size() < 60) {
        auto claimed = mine.Claim(2, std::chrono::minutes(1), {});
        ASSERT_TRUE(claimed.ok()) << claimed.error().message;
        for (const auto& message : *claimed)
          if (++(*in_flight.Lock())[message.webhook_uid] > 1) ++doubled;
        for (const auto& message : *claimed) {
          ++(*sent.Lock())[message.message_id];
          --(*in_flight.Lock())[message.webhook_uid];
          ASSERT_TRUE(mine.Settle({.id = message.id, .status = 200, .error = ""}).ok());
        }
      }
    });
  callers.clear();
  EXPECT_EQ(doubled, 0);
  for (const auto& [id, times] : sent.Copy()) EXPECT_EQ(times, 1) << id;
}

TEST_P(StoreContract, IsHealthyWhileConnected) {
  EXPECT_TRUE(store_->health().ok);
  EXPECT_EQ(store_->health().message, "connected");
}

}  // namespace patchbay::store
