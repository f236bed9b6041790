#include "api/event_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;

constexpr const char* kNew = "/apis/events.k8s.io/v1/namespaces/default/events";
constexpr const char* kOld = "/api/v1/namespaces/default/events";

Json NewerEvent(const std::string& name) {
  return {{"apiVersion", "events.k8s.io/v1"},
          {"kind", "Event"},
          {"metadata", {{"name", name}}},
          {"eventTime", "2026-01-01T00:00:00.5Z"},
          {"reportingController", "example.com/watcher"},
          {"reportingInstance", "watcher-1"},
          {"action", "Looking"},
          {"reason", "Seen"},
          {"note", "it was seen"},
          {"type", "Normal"},
          {"regarding", {{"kind", "Plugin"}, {"namespace", "default"}, {"name", "echo"}}}};
}

Json OlderEvent(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata", {{"name", name}}},
          {"reason", "Old"},
          {"message", "from before"},
          {"type", "Warning"},
          {"count", 3},
          {"firstTimestamp", "2026-01-01T00:00:00Z"},
          {"lastTimestamp", "2026-01-01T00:01:00Z"},
          {"source", {{"component", "tester"}}},
          {"involvedObject", {{"kind", "Plugin"}, {"namespace", "default"}, {"name", "other"}}}};
}

TEST(EventView, ShowsOneEventInBothGroups) {
  World world;
  ASSERT_EQ(world.Post(kOld, OlderEvent("old")).status, 201);
  const Reply created = world.Post(kNew, NewerEvent("new"));
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json()["apiVersion"], "events.k8s.io/v1");
  EXPECT_EQ(created.json()["eventTime"], "2026-01-01T00:00:00.500000Z");

  const Json older = world.Get(std::string(kOld) + "/new").json();
  EXPECT_EQ(older["apiVersion"], "v1");
  EXPECT_EQ(older["message"], "it was seen");
  EXPECT_EQ(older["involvedObject"]["name"], "echo");
  EXPECT_EQ(older["reportingComponent"], "example.com/watcher");
  EXPECT_FALSE(older.contains("note"));

  const Json newer = world.Get(std::string(kNew) + "/old").json();
  EXPECT_EQ(newer["note"], "from before");
  EXPECT_EQ(newer["regarding"]["name"], "other");
  EXPECT_EQ(newer["deprecatedCount"], 3);
  EXPECT_EQ(newer["deprecatedSource"]["component"], "tester");
  EXPECT_EQ(newer["deprecatedLastTimestamp"], "2026-01-01T00:01:00Z");
  EXPECT_TRUE(newer["eventTime"].is_null());
  EXPECT_EQ(newer["metadata"]["uid"], world.Get(std::string(kOld) + "/old").json()["metadata"]["uid"]);

  const Json list = world.Get(kNew).json();
  EXPECT_EQ(list["kind"], "EventList");
  EXPECT_EQ(list["apiVersion"], "events.k8s.io/v1");
  ASSERT_EQ(list["items"].size(), 2U);
  EXPECT_EQ(list["items"][0]["kind"], "Event");
  EXPECT_TRUE(list["items"][0].contains("note"));
  EXPECT_EQ(world.Get("/apis/events.k8s.io/v1/events").json()["items"].size(), 2U);
}

TEST(EventView, WatchesInTheWordsOfWhoAsks) {
  World world;
  const auto older = world.Watch(std::string(kOld) + "?watch=true");
  const auto newer = world.Watch(std::string(kNew) + "?watch=true");
  world.Post(kNew, NewerEvent("new"));
  EXPECT_EQ(older->Await(1)[0]["object"]["message"], "it was seen");
  EXPECT_EQ(newer->Await(1)[0]["object"]["note"], "it was seen");
  world.Delete(std::string(kNew) + "/new");
  EXPECT_EQ(newer->Await(2)[1]["object"]["note"], "it was seen");
  EXPECT_EQ(older->Await(2)[1]["object"]["apiVersion"], "v1");
}

TEST(EventView, IsPatchedAndReplacedInItsOwnWords) {
  World world;
  world.Post(kNew, NewerEvent("new"));
  const std::string one = std::string(kNew) + "/new";
  const Reply patched = world.Merge(one, {{"series", {{"count", 2}, {"lastObservedTime", "2026-01-01T00:00:09Z"}}}});
  ASSERT_EQ(patched.status, 200) << patched.text;
  EXPECT_EQ(patched.json()["series"]["lastObservedTime"], "2026-01-01T00:00:09.000000Z");
  EXPECT_EQ(world.Get(std::string(kOld) + "/new").json()["series"]["count"], 2);
  Json event = world.Get(one).json();
  event["series"]["count"] = 3;
  EXPECT_EQ(world.Put(one, event).json()["series"]["count"], 3);
  const Reply refused = world.Merge(one, {{"note", "something else"}});
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.json()["message"].get<std::string>(),
              HasSubstr("note: Invalid value: \"something else\": field is immutable"));
  EXPECT_EQ(world.Merge(one, {{"metadata", {{"labels", {{"a", "b"}}}}}}).status, 200);
  const Reply applied =
      world.Call("PATCH", one + "?fieldManager=me",
                 R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"labels":{"c":"d"}}})",
                 {{"Content-Type", "application/apply-patch+yaml"}});
  EXPECT_EQ(applied.status, 200) << applied.text;
  EXPECT_EQ(applied.json()["metadata"]["labels"]["c"], "d");
  EXPECT_EQ(applied.json()["note"], "it was seen");
}

TEST(EventView, AsksMoreOfANewEventThanTheOldGroup) {
  World world;
  Json event = NewerEvent("new");
  for (const char* field : {"eventTime", "reportingController", "action"}) event.erase(field);
  event["type"] = "Odd";
  event["deprecatedCount"] = 4;
  const Reply refused = world.Post(kNew, event);
  EXPECT_EQ(refused.status, 422);
  for (const char* why : {"eventTime: Required value", "reportingController: Required value", "action: Required value",
                          "has invalid value: Odd", "needs to be unset"}) {
    EXPECT_THAT(refused.text, HasSubstr(why));
  }
  EXPECT_EQ(world.Get(std::string(kNew) + "/new").status, 404);
}

TEST(EventView, SelectsByTheFieldsOfBothGroups) {
  World world;
  world.Post(kOld, OlderEvent("old"));
  world.Post(kNew, NewerEvent("new"));
  for (const char* selector :
       {"regarding.name=echo", "involvedObject.name=echo", "reportingController=example.com/watcher", "type!=Warning",
        "regarding.kind=Plugin,reason=Seen"}) {
    const Json list = world.Get(std::string(kNew) + "?fieldSelector=" + EncodeUrl(selector)).json();
    ASSERT_EQ(list["items"].size(), 1U) << selector << ": " << list;
    EXPECT_EQ(list["items"][0]["metadata"]["name"], "new") << selector;
  }
  EXPECT_EQ(world.Get(std::string(kOld) + "?fieldSelector=regarding.name%3Decho").status, 400);
}

TEST(EventView, IsATableWithTheColumnsOfTheOldGroup) {
  World world;
  world.Post(kOld, OlderEvent("old"));
  const Json cells = world.Get(kNew, kTableType).json()["rows"][0]["cells"];
  EXPECT_EQ(cells[1], "Warning");
  EXPECT_EQ(cells[2], "Old");
  EXPECT_EQ(cells[3], "plugin/other");
  EXPECT_THAT(DumpJson(cells), HasSubstr("from before"));
}

TEST(EventView, IsDeletedAsACollection) {
  World world;
  world.Post(kOld, OlderEvent("old"));
  world.Post(kNew, NewerEvent("new"));
  const Reply reply = world.Delete(std::string(kNew) + "?fieldSelector=regarding.name%3Decho");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(world.Get(kOld).json()["items"].size(), 1U);
}

}  // namespace
}  // namespace patchbay::api
