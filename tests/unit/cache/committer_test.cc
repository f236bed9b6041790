#include "cache/committer.h"

#include "cache/event.h"
#include "cache/message.h"
#include "cache/subscribers.h"
#include "harness/clock/fake_clock.h"
#include "harness/store/memory_store.h"
#include "objects.h"

namespace patchbay::cache {
namespace {

using std::chrono::minutes;
using store::MemoryStore;
using store::Write;

Json WebhookObject(const std::string& name, const std::string& ns, const Json& spec) {
  Json object = PluginObject(name, ns);
  object["kind"] = "Webhook";
  object["spec"] = spec;
  return object;
}

class CommitterTest : public testing::Test {
 protected:
  CommitterTest() { EXPECT_TRUE(cache_.Poll().ok()); }

  EntryPtr Create(const std::string& name, Json object = nullptr) {
    if (object.is_null()) object = PluginObject(name);
    auto made = committer_.Write({.key = PluginKey(name), .object = std::move(object), .expected = 0});
    EXPECT_TRUE(made.ok());
    return made.ok() ? *made : nullptr;
  }
  Result<EntryPtr> SetPhase(const std::string& name, const std::string& phase, const std::string& uid = "") {
    return committer_.Update(PluginKey(name), uid,
                             [&](Json& object, Committer::Notes&) { object["status"]["phase"] = phase; });
  }
  void PutWebhook(const std::string& name, const std::string& ns, const Json& spec) {
    CommitOne(store_, PutOf({std::string(kWebhooks), ns, name}, WebhookObject(name, ns, spec)));
  }
  std::vector<std::string> Pending() {
    std::vector<std::string> words;
    for (const auto& delivery : store_.Pending()) words.push_back(delivery.webhook_name + " " + delivery.type);
    std::sort(words.begin(), words.end());
    return words;
  }

  FakeClock clock_;
  MemoryStore store_{clock_};
  Cache cache_{store_, clock_, NullMeter()};
  Random random_{5};
  Committer committer_{store_, cache_, clock_, random_, "patchbay-operator"};
};

TEST_F(CommitterTest, AnswersWithTheEntryThatReadersSee) {
  const EntryPtr made = Create("echo");
  ASSERT_TRUE(made);
  EXPECT_EQ(made, cache_.Get(PluginKey("echo")));
  EXPECT_EQ(*made->bytes, *store_.Find(PluginKey("echo")));
}

TEST_F(CommitterTest, PassesThePreconditionOn) {
  Create("echo");
  const auto again = committer_.Write({.key = PluginKey("echo"), .object = PluginObject("echo"), .expected = 0});
  EXPECT_EQ(again.error().code, Code::kAlreadyExists);
  const auto stale = committer_.Write({.key = PluginKey("echo"), .object = PluginObject("echo"), .expected = 77});
  EXPECT_EQ(stale.error().code, Code::kConflict);
}

TEST_F(CommitterTest, GivesTheLastStateOfADeletion) {
  Create("echo");
  const auto gone = committer_.Write({.key = PluginKey("echo"), .object = {}, .op = Write::Op::kDelete});
  ASSERT_TRUE(gone.ok());
  EXPECT_EQ((*gone)->uid, "uid-default-echo");
  EXPECT_EQ((*gone)->revision, 2);
  EXPECT_EQ(FindString(*ParseJson(*(*gone)->bytes), {"spec", "image"}), "echo:1");
  EXPECT_FALSE(cache_.Get(PluginKey("echo")));
  EXPECT_EQ(committer_.Write({.key = PluginKey("echo"), .object = {}, .op = Write::Op::kDelete}).error().code,
            Code::kNotFound);
}

TEST_F(CommitterTest, TellsEventsWithTheObjectInOneCommit) {
  ASSERT_TRUE(committer_
                  .Write({.key = PluginKey("echo"),
                          .object = PluginObject("echo"),
                          .events = {{.warning = true, .reason = "ImageGone", .message = "no such image"}}})
                  .ok());
  EXPECT_EQ(store_.units_committed(), 1);
  const auto events = cache_.All(kEvents);
  ASSERT_EQ(events.size(), 1U);
  const Json event = *ParseJson(*events[0]->bytes);
  EXPECT_EQ(events[0]->key.ns, "default");
  EXPECT_TRUE(events[0]->key.name.starts_with("echo."));
  EXPECT_EQ(CheckSubdomain(events[0]->key.name), "");
  EXPECT_EQ(NameOf(event), events[0]->key.name);
  EXPECT_EQ(UidOf(event), events[0]->uid);
  EXPECT_EQ(FindString(event, {"kind"}), "Event");
  EXPECT_EQ(FindString(event, {"apiVersion"}), "v1");
  EXPECT_EQ(FindString(event, {"type"}), "Warning");
  EXPECT_EQ(FindString(event, {"reason"}), "ImageGone");
  EXPECT_EQ(FindString(event, {"message"}), "no such image");
  EXPECT_EQ(FindString(event, {"involvedObject", "kind"}), "Plugin");
  EXPECT_EQ(FindString(event, {"involvedObject", "uid"}), "uid-default-echo");
  EXPECT_EQ(FindString(event, {"involvedObject", "namespace"}), "default");
  EXPECT_EQ(FindString(event, {"source", "component"}), "patchbay-operator");
  EXPECT_EQ(FindString(event, {"firstTimestamp"}), FormatTime(clock_.Wall()));
  EXPECT_EQ(FindInt(event, {"count"}), 1);
}

TEST_F(CommitterTest, CountsTheSameStoryWithinAnHour) {
  const EventNote note{.reason = "Started", .message = "started a container"};
  const Json about = PluginObject("echo");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(committer_.Record(about, note).ok());
    clock_.Advance(minutes(30));
  }
  ASSERT_EQ(cache_.Count(kEvents), 1U);
  Json event = *ParseJson(*cache_.All(kEvents)[0]->bytes);
  EXPECT_EQ(FindInt(event, {"count"}), 3);
  EXPECT_EQ(ParseTime(FindString(event, {"lastTimestamp"})), clock_.Wall() - minutes(30));
  EXPECT_EQ(ParseTime(FindString(event, {"firstTimestamp"})), clock_.Wall() - minutes(90));
  EXPECT_EQ(FindInt(event, {"series", "count"}), 3);
  EXPECT_EQ(FindString(event, {"series", "lastObservedTime"}), FormatMicroTime(clock_.Wall() - minutes(30)));
  clock_.Advance(minutes(31));
  ASSERT_TRUE(committer_.Record(about, note).ok());
  event = *ParseJson(*cache_.All(kEvents)[0]->bytes);
  EXPECT_EQ(FindInt(event, {"count"}), 1);
  EXPECT_EQ(ParseTime(FindString(event, {"firstTimestamp"})), clock_.Wall());
  ASSERT_TRUE(committer_.Record(about, {.reason = "Started", .message = "another one"}).ok());
  EXPECT_EQ(cache_.Count(kEvents), 2U);
  EventNote warning = note;
  warning.warning = true;
  ASSERT_TRUE(committer_.Record(about, warning).ok());
  EXPECT_EQ(cache_.Count(kEvents), 3U) << "another type is another story";
}

TEST_F(CommitterTest, TakesOneStoryToldTwiceInOneCommitForOne) {
  const EventNote note{.reason = "Started", .message = "started a container"};
  ASSERT_TRUE(committer_.Write({.key = PluginKey("echo"), .object = PluginObject("echo"), .events = {note, note}}).ok());
  EXPECT_EQ(cache_.Count(kEvents), 1U);
}

TEST_F(CommitterTest, TellsTheWebhooksThatListen) {
  PutWebhook("all", "default", {{"events", {"*"}}});
  PutWebhook("plugins", "default", {{"events", {"route.*", "plugin.*"}}});
  PutWebhook("routes", "default", {{"events", {"route.*"}}});
  PutWebhook("off", "default", {{"events", {"*"}}, {"enabled", false}});
  PutWebhook("web", "default", {{"events", {"*"}}, {"selector", {{"matchLabels", {{"tier", "web"}}}}}});
  PutWebhook("db", "default", {{"events", {"*"}}, {"selector", {{"matchLabels", {{"tier", "db"}}}}}});
  PutWebhook("elsewhere", "other", {{"events", {"*"}}});
  PutWebhook("system", "patchbay-system", {{"events", {"*"}}});
  ASSERT_TRUE(committer_
                  .Write({.key = PluginKey("echo"),
                          .object = PluginObject("echo", "default", {{"tier", "web"}}),
                          .events = {{.reason = "Created", .message = "made it"}},
                          .topics = {"plugin.created"}})
                  .ok());
  EXPECT_EQ(Pending(), (std::vector<std::string>{"all plugin.created", "plugins plugin.created",
                                                 "system plugin.created", "web plugin.created"}));
  const auto delivery = store_.Pending()[0];
  EXPECT_TRUE(delivery.message_id.starts_with("msg_"));
  EXPECT_EQ(delivery.message_id.size(), 36U);
  EXPECT_NE(delivery.message_id, store_.Pending()[1].message_id);
  const Json payload = *ParseJson(delivery.payload);
  EXPECT_EQ(FindString(payload, {"type"}), "plugin.created");
  EXPECT_EQ(FindString(payload, {"data", "object", "name"}), "echo");
  EXPECT_EQ(FindString(payload, {"data", "object", "labels", "tier"}), "web");
  EXPECT_EQ(FindString(payload, {"data", "reason"}), "Created");
}

TEST_F(CommitterTest, HearsOfAWebhookThatChanged) {
  PutWebhook("hook", "default", {{"events", {"plugin.created"}}});
  ASSERT_TRUE(committer_.Write({.key = PluginKey("a"), .object = PluginObject("a"), .topics = {"plugin.ready"}}).ok());
  EXPECT_TRUE(Pending().empty());
  PutWebhook("hook", "default", {{"events", {"plugin.ready"}}});
  ASSERT_TRUE(committer_.Write({.key = PluginKey("a"), .object = PluginObject("a"), .topics = {"plugin.ready"}}).ok());
  EXPECT_EQ(Pending().size(), 1U);
  CommitOne(store_, DeleteOf({std::string(kWebhooks), "default", "hook"}, WebhookObject("hook", "default", {})));
  ASSERT_TRUE(committer_.Write({.key = PluginKey("a"), .object = PluginObject("a"), .topics = {"plugin.ready"}}).ok());
  EXPECT_EQ(Pending().size(), 1U);
}

TEST(MatchesTopic, ComparesWordByWord) {
  for (const auto& [pattern, topic] : std::vector<std::pair<std::string, std::string>>{
           {"*", "plugin.created"}, {"plugin.*", "plugin.created"}, {"*.created", "plugin.created"},
           {"plugin.created", "plugin.created"}, {"plugin.cr*d", "plugin.created"}, {"plugin.*", "plugin.rollout.done"},
           {"pl**n.*d", "plugin.created"}})
    EXPECT_TRUE(MatchesTopic(pattern, topic)) << pattern << " " << topic;
  for (const auto& [pattern, topic] : std::vector<std::pair<std::string, std::string>>{
           {"plugin", "plugin.created"}, {"plugin.created.x", "plugin.created"}, {"*.deleted", "plugin.created"},
           {"plug.*", "plugin.created"}, {"", "plugin.created"}, {"plugin.*", "plugin"}, {"p*.x", "plugin.created"}})
    EXPECT_FALSE(MatchesTopic(pattern, topic)) << pattern << " " << topic;
}

TEST(WebhookPayload, StaysSmall) {
  Json labels = Json::object();
  for (int i = 0; i < 500; ++i) labels[StrCat("label-", i)] = std::string(60, 'x');
  const EventNote note{.warning = true, .reason = "Failed", .message = std::string(30'000, 'm')};
  const std::string payload =
      WebhookPayload("plugin.failed", PluginKey("echo"), PluginObject("echo", "default", labels), &note, WallTime());
  EXPECT_LE(payload.size(), kMostPayload);
  EXPECT_EQ(FindString(*ParseJson(payload), {"data", "object", "uid"}), "uid-default-echo");
}

TEST_F(CommitterTest, UpdatesWithoutMovingTheGeneration) {
  const EntryPtr made = Create("echo");
  const auto updated = SetPhase("echo", "Running", made->uid);
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ((*updated)->generation, 1);
  EXPECT_EQ(FindString(*ParseJson(*store_.Find(PluginKey("echo"))), {"status", "phase"}), "Running");
}

TEST_F(CommitterTest, WritesNothingWhenNothingChanged) {
  Create("echo");
  const auto first = SetPhase("echo", "Running");
  const int writes = store_.units_committed();
  const auto second = SetPhase("echo", "Running");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*second, *first);
  EXPECT_EQ(store_.units_committed(), writes);
}

TEST_F(CommitterTest, UpdatesNotWhatIsGoneOrAnother) {
  EXPECT_EQ(SetPhase("nobody", "Running").error().code, Code::kNotFound);
  Create("echo");
  EXPECT_EQ(SetPhase("echo", "Running", "another-uid").error().code, Code::kNotFound);
}

TEST_F(CommitterTest, UpdatesWhatTheCacheHasNotReadYet) {
  store_.SetSilent(true);
  CommitOne(store_, PutOf(PluginKey("echo"), PluginObject("echo")));
  ASSERT_FALSE(cache_.Get(PluginKey("echo")));
  ASSERT_TRUE(SetPhase("echo", "Pending").ok());
  ASSERT_TRUE(SetPhase("echo", "Running").ok()) << "its own write is not in the cache either";
  EXPECT_EQ(FindString(*ParseJson(*store_.Find(PluginKey("echo"))), {"status", "phase"}), "Running");
}

TEST_F(CommitterTest, UpdatesAgainOnWhatOthersMadeOfIt) {
  Create("echo");
  int runs = 0;
  const auto updated = committer_.Update(PluginKey("echo"), "", [&](Json& object, Committer::Notes&) {
    if (++runs <= 3) PutPlugin(store_, "echo", "default", {{"round", StrCat(runs)}});
    object["status"]["phase"] = "Running";
  });
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(runs, 4);
  EXPECT_EQ((*updated)->labels, (Labels{{"round", "3"}}));
}

TEST_F(CommitterTest, GivesUpOnAnObjectThatNeverRests) {
  Create("echo");
  int runs = 0;
  const auto updated = committer_.Update(PluginKey("echo"), "", [&](Json& object, Committer::Notes&) {
    PutPlugin(store_, "echo", "default", {{"round", StrCat(++runs)}});
    object["status"]["phase"] = "Running";
  });
  EXPECT_EQ(updated.error().code, Code::kConflict);
  EXPECT_EQ(runs, 8);
}

TEST_F(CommitterTest, DeletesWhatIsDeletingAndHasItsLastFinalizerTakenOff) {
  PutWebhook("hook", "default", {{"events", {"plugin.deleted"}}});
  Json object = PluginObject("echo");
  object["metadata"]["deletionTimestamp"] = "2026-11-21T08:00:00Z";
  object["metadata"]["finalizers"] = {"patchbay.dev/a", "patchbay.dev/b"};
  Create("echo", object);
  const auto take = [&](const std::string& finalizer) {
    return committer_.Update(PluginKey("echo"), "", [&](Json& now, Committer::Notes&) {
      Json& list = now["metadata"]["finalizers"];
      list.erase(std::find(list.begin(), list.end(), finalizer));
    });
  };
  ASSERT_TRUE(take("patchbay.dev/a").ok());
  EXPECT_TRUE(cache_.Get(PluginKey("echo")));
  const auto gone = take("patchbay.dev/b");
  ASSERT_TRUE(gone.ok());
  EXPECT_EQ((*gone)->uid, "uid-default-echo");
  EXPECT_FALSE(cache_.Get(PluginKey("echo")));
  EXPECT_FALSE(store_.Find(PluginKey("echo")));
  EXPECT_EQ(Pending(), (std::vector<std::string>{"hook plugin.deleted"}));
}

TEST_F(CommitterTest, LooksWhetherACommitInDoubtHappened) {
  store_.FailNext(MemoryStore::Fault::kInDoubtAfter);
  const auto made = committer_.Write({.key = PluginKey("echo"), .object = PluginObject("echo"), .expected = 0});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*made)->revision, 1);
  store_.FailNext(MemoryStore::Fault::kInDoubtBefore);
  EXPECT_EQ(committer_.Write({.key = PluginKey("other"), .object = PluginObject("other")}).error().code, Code::kInDoubt);
  store_.FailNext(MemoryStore::Fault::kInDoubtAfter);
  EXPECT_TRUE(committer_.Write({.key = PluginKey("echo"), .object = {}, .op = Write::Op::kDelete}).ok());
  EXPECT_FALSE(cache_.Get(PluginKey("echo")));
}

TEST_F(CommitterTest, BringsAnUpdateInDoubtToItsEndOnce) {
  Create("echo");
  const EventNote note{.reason = "Ready", .message = "answers"};
  for (const auto fault : {MemoryStore::Fault::kInDoubtAfter, MemoryStore::Fault::kInDoubtBefore}) {
    store_.FailNext(fault);
    const auto updated = committer_.Update(PluginKey("echo"), "", [&](Json& object, Committer::Notes& notes) {
      object["status"]["phase"] = StrCat("P", static_cast<int>(fault));
      notes.events.push_back(note);
    });
    ASSERT_TRUE(updated.ok());
    EXPECT_EQ(FindString(*ParseJson(*(*updated)->bytes), {"status", "phase"}), StrCat("P", static_cast<int>(fault)));
  }
  ASSERT_EQ(cache_.Count(kEvents), 1U);
  EXPECT_EQ(FindInt(*ParseJson(*cache_.All(kEvents)[0]->bytes), {"count"}), 2);
}

TEST_F(CommitterTest, SaysWhenTheStoreIsAway) {
  Create("echo");
  store_.SetAway(true);
  EXPECT_EQ(SetPhase("echo", "Running").error().code, Code::kUnavailable);
  EXPECT_EQ(SetPhase("nobody", "Running").error().code, Code::kUnavailable);
  store_.SetAway(false);
  EXPECT_TRUE(SetPhase("echo", "Running").ok());
}

}  // namespace
}  // namespace patchbay::cache
