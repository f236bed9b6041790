// Watches and lists tell one story: whoever follows by watching, with breaks, knows at each revision what a list at
// that revision shows, however many write.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

constexpr int kWriters = 4;
constexpr int kWritesEach = 120;
constexpr int kNames = 8;

std::string NameOfNumber(Random& random) { return StrCat("p", random.Below(kNames)); }

void WriteSomething(World& world, Random& random) {
  const std::string name = NameOfNumber(random);
  const Json labels = {{"app", random.Below(2) == 0 ? "x" : "y"}};
  switch (random.Below(5)) {
    case 0: world.Post(kPluginsPath, MakePlugin(name, labels)); break;
    case 1: world.Merge(OneOf(name), {{"spec", {{"replicas", random.Below(4)}}}}); break;
    case 2: world.Merge(OneOf(name), {{"metadata", {{"labels", labels}}}}); break;
    case 3:
      world.Merge(OneOf(name) + "/status", {{"status", {{"phase", random.Below(2) == 0 ? "Ready" : "Failed"}}}});
      break;
    default: world.Delete(OneOf(name)); world.Finish(OneOf(name));
  }
}

using Picture = std::map<std::string, std::string>;  // name -> object

// Follows one selection with lists and watches, and remembers what it knew when.
class Follower {
 public:
  Follower(World& world, std::string selection) : world_(world), selection_(std::move(selection)) { List(); }

  // Takes in what came; now and then it leaves and comes back, or begins anew.
  void Turn(Random& random) {
    TakeIn();
    if (random.Below(4) == 0) Resume();
    if (random.Below(16) == 0) List();
  }
  // Until the object of this name has come.
  void FollowTo(const std::string& name) {
    while (!known_.contains(name) && !stream_->closed()) {
      const std::size_t before = taken_;
      stream_->Await(before + 1);
      TakeIn();
      ASSERT_GT(taken_, before) << "nothing came";
    }
  }
  void ExpectListsToAgree() const {
    for (const auto& [revision, picture] : story_) {
      const Reply reply = world_.Get(StrCat(kPluginsPath, "?resourceVersionMatch=Exact&resourceVersion=", revision,
                                            selection_.empty() ? "" : "&", selection_));
      ASSERT_EQ(reply.status, 200) << reply.text;
      EXPECT_EQ(Draw(reply.json()["items"]), picture) << selection_ << " at " << revision;
    }
  }
  std::size_t length() const { return story_.size(); }

 private:
  static Picture Draw(const Json& items) {
    Picture picture;
    for (const Json& item : items) picture[NameOf(item)] = DumpJson(item);
    return picture;
  }
  void List() {
    const Json list = world_.Get(StrCat(kPluginsPath, "?", selection_)).json();
    known_ = Draw(list["items"]);
    EXPECT_GE(RevisionOf(list), revision_);
    revision_ = RevisionOf(list);
    story_[revision_] = known_;
    Resume();
  }
  void Resume() {
    if (stream_) stream_->Leave();
    taken_ = 0;
    stream_ = world_.Watch(
        StrCat(kPluginsPath, "?watch=true&resourceVersion=", revision_, selection_.empty() ? "" : "&", selection_));
  }
  void TakeIn() {
    const std::vector<Json> events = stream_->events();
    for (; taken_ < events.size(); ++taken_) Apply(events[taken_]);
  }
  void Apply(const Json& event) {
    const Json& object = event["object"];
    const std::string type = event["type"];
    const std::string name = NameOf(object);
    EXPECT_GT(RevisionOf(object), revision_) << type << " " << name;
    EXPECT_EQ(known_.contains(name), type != "ADDED") << type << " " << name << " at " << RevisionOf(object);
    revision_ = RevisionOf(object);
    known_.erase(name);
    if (type != "DELETED") known_[name] = DumpJson(object);
    story_[revision_] = known_;
  }

  World& world_;
  const std::string selection_;
  std::shared_ptr<FakeStream> stream_;
  std::size_t taken_ = 0;
  Revision revision_ = 0;
  Picture known_;
  std::map<Revision, Picture> story_;
};

void WriteMuch(World& world, std::uint64_t seed, std::atomic<int>& writing) {
  Random random(seed);
  for (int i = 0; i < kWritesEach; ++i) WriteSomething(world, random);
  --writing;
}

TEST(Consistency, WatchersKnowWhatListsShow) {
  World world;
  world.cache.Start();
  std::vector<Follower> followers;
  for (const char* selection :
       {"", "", "labelSelector=app%3Dx", "labelSelector=app%21%3Dx", "fieldSelector=metadata.name%3Dp3",
        "labelSelector=app&fieldSelector=metadata.name%21%3Dp1"}) {
    followers.emplace_back(world, selection);
  }
  std::atomic<int> writing = kWriters;
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&world, &writing, i] { WriteMuch(world, 100 + static_cast<std::uint64_t>(i), writing); });
  }
  Random random(5);
  while (writing > 0) followers[static_cast<std::size_t>(random.Below(followers.size()))].Turn(random);
  writers.clear();

  // The last words, one for each selection.
  world.Delete(OneOf("p3"));
  world.Finish(OneOf("p3"));
  world.Post(kPluginsPath, MakePlugin("p3", {{"app", "z"}}));
  world.Post(kPluginsPath, MakePlugin("end-x", {{"app", "x"}}));
  world.Post(kPluginsPath, MakePlugin("end", {{"app", "z"}}));
  const char* const last[] = {"end", "end", "end-x", "end", "p3", "end"};
  for (std::size_t i = 0; i < followers.size(); ++i) {
    followers[i].FollowTo(last[i]);
    followers[i].ExpectListsToAgree();
  }
  EXPECT_GT(followers[0].length(), 50u);
  world.cache.Stop();
}

}  // namespace
}  // namespace patchbay::api
