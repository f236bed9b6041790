// Images that we pulled go when nobody has needed them for a while, and no others.
#include "controller/image_gc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using driver::RuntimeCall;
using std::chrono::hours;

const Key kMemory{std::string(kConfigMaps), "patchbay-system", "patchbay-pulled-images"};

class ImageGcTest : public testing::Test {
 protected:
  ImageGcTest() : metrics_(NullMeter(), "none") { Restart(hours(24)); }
  void Restart(std::chrono::milliseconds after) {
    gc_ = std::make_unique<ImageGc>(ImageGc::Parts{world_.op->cache, world_.op->committer, world_.runtime, world_.clock,
                                                   world_.random, metrics_, after});
  }
  void PullAs(const std::string& image) {
    gc_->NotePull(image);
    ASSERT_TRUE(world_.runtime.Pull(image, {}).ok());
  }
  // As the loop would, once an hour.
  void Pass(int times) {
    for (int i = 0; i < times; ++i) {
      static_cast<void>(world_.op->cache.Poll());
      gc_->Run();
      world_.clock.Advance(hours(1));
    }
  }
  bool IsHere(const std::string& image) { return *world_.runtime.HasImage(image); }
  std::string CreateContainer(const std::string& image, const std::string& installation) {
    driver::FakeRuntime& runtime = world_.runtime;
    driver::ContainerSpec spec;
    spec.name = "someone";
    spec.image = image;
    const auto id = runtime.Create(spec);
    runtime.SetLabel(*id, driver::kLabelInstallation, installation);
    return *id;
  }

  World world_;
  Metrics metrics_;
  std::unique_ptr<ImageGc> gc_;
};

TEST_F(ImageGcTest, RemovesWhatWasPulledAndNobodyNeeds) {
  PullAs("shop:1");
  Pass(24);
  EXPECT_TRUE(IsHere("shop:1"));
  Pass(3);
  EXPECT_FALSE(IsHere("shop:1"));
  Pass(1);
  EXPECT_EQ(FindString(world_.Get(kMemory), {"data", "images"}), "{}");
}

TEST_F(ImageGcTest, LeavesWhatWasHereBefore) {
  world_.runtime.AddImage("built-by-hand:1");
  gc_->NotePull("built-by-hand:1");
  ASSERT_TRUE(world_.runtime.Pull("built-by-hand:1", {}).ok());
  PullAs("shop:1");
  Pass(60);
  EXPECT_TRUE(IsHere("built-by-hand:1"));
  EXPECT_TRUE(IsHere("app:1"));
}

TEST_F(ImageGcTest, LeavesWhatAPluginNamesAndWhatARollbackNeeds) {
  PullAs("shop:1");
  PullAs("shop:2");
  world_.ApplyPlugin("shop", PluginSpec("shop:1"));
  world_.Settle();
  world_.Patch(world_.PluginKey("shop"), {{"image", "shop:2"}});
  world_.Settle();
  Pass(60);
  EXPECT_TRUE(IsHere("shop:1"));
  EXPECT_TRUE(IsHere("shop:2"));
}

TEST_F(ImageGcTest, LeavesWhatAnybodysContainerUses) {
  PullAs("shop:1");
  const std::string id = CreateContainer("shop:1", "somebody else's");
  Pass(60);
  EXPECT_TRUE(IsHere("shop:1"));
  world_.runtime.Vanish(id);
  Pass(12);  // its time begins when the container went
  EXPECT_TRUE(IsHere("shop:1"));
  Pass(20);
  EXPECT_FALSE(IsHere("shop:1"));
}

TEST_F(ImageGcTest, CountsFromWhenItWasNeededLast) {
  PullAs("shop:1");
  Pass(20);
  world_.ApplyPlugin("shop", PluginSpec("shop:1"));
  Pass(3);
  world_.DeleteRow(world_.PluginKey("shop"));
  Pass(20);
  EXPECT_TRUE(IsHere("shop:1"));
}

TEST_F(ImageGcTest, RemembersWhatItPulledOverARestart) {
  PullAs("shop:1");
  Pass(2);
  world_.RestartOperator();
  world_.Settle();
  Restart(hours(24));
  Pass(30);
  EXPECT_FALSE(IsHere("shop:1"));
}

TEST_F(ImageGcTest, DoesNothingAfterAFailedRead) {
  PullAs("shop:1");
  Pass(2);
  world_.clock.Advance(hours(48));
  world_.runtime.faults().FailBefore(RuntimeCall::kListImages);
  gc_->Run();
  EXPECT_TRUE(IsHere("shop:1"));
}

TEST_F(ImageGcTest, AsksNobodyAndWritesNothingWhileAllIsNeeded) {
  PullAs("shop:1");
  world_.ApplyPlugin("shop", PluginSpec("shop:1"));
  world_.Settle();
  Pass(2);
  world_.runtime.faults().ForgetHistory();
  const auto revision = world_.op->cache.revision();
  gc_->Run();
  EXPECT_EQ(world_.runtime.faults().Count(RuntimeCall::kListImages), 0);
  EXPECT_EQ(world_.op->cache.revision(), revision);
}

TEST_F(ImageGcTest, IsOffAtZero) {
  Restart(hours(0));
  PullAs("shop:1");
  Pass(60);
  EXPECT_TRUE(IsHere("shop:1"));
  EXPECT_TRUE(world_.Get(kMemory).is_null());
}

}  // namespace
}  // namespace patchbay::controller
