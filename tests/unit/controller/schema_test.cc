// What the controllers write is what the kinds' documents describe: an apply under strict field validation takes it.
#include "schema/validate.h"

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

void ExpectAsDescribed(Json object) {
  const Kind* kind = Kinds::Embedded().FindKind(FindString(object, {"apiVersion"}), FindString(object, {"kind"}));
  ASSERT_NE(kind, nullptr) << DumpJson(object);
  EXPECT_EQ(Prune(*kind, object), std::vector<std::string>()) << DumpJson(object);
  for (const Cause& cause : Validate(*kind, object))
    if (cause.field.starts_with("status")) ADD_FAILURE() << cause.field << ": " << cause.message;
}

TEST(Status, HoldsOnlyWhatTheKindsDescribe) {
  World world;
  world.ApplyPlugin("good", PluginSpec("app:1", 2));
  world.ApplyPlugin("missing", PluginSpec("absent:1"));
  world.ApplyPlugin("off", PluginSpec());
  world.Patch(world.PluginKey("off"), {{"enabled", false}});
  world.ApplyRoute("good", RouteSpec("good"));
  world.ApplyRoute("lost", RouteSpec("nobody"));
  world.Apply(world.WebhookKey("hook"), {{"url", "http://receiver/"}, {"events", {"plugin.*"}}});
  world.Settle();
  world.Advance(std::chrono::seconds(30));
  world.Settle();
  for (const char* name : {"good", "missing", "off"}) ExpectAsDescribed(world.Get(world.PluginKey(name)));
  for (const char* name : {"good", "lost"}) ExpectAsDescribed(world.Get(world.RouteKey(name)));
  ExpectAsDescribed(world.Get(world.WebhookKey("hook")));
}

}  // namespace
}  // namespace patchbay::controller
