// What every Runtime promises of containers and images. Include it in one file: it defines tests.
#pragma once

#include "contract/runtime_contract.h"

namespace patchbay::driver {

TEST_P(RuntimeContract, SaysWhichEngineItIs) {
  const auto version = runtime().Version();
  ASSERT_TRUE(version.ok()) << version.error().message;
  EXPECT_FALSE(version->engine.empty());
  EXPECT_FALSE(version->version.empty());
  EXPECT_FALSE(version->api_version.empty());
  EXPECT_EQ(runtime().Version()->id, version->id);
}

TEST_P(RuntimeContract, CreatesStartsStopsAndRemoves) {
  const auto spec = SpecOf("life");
  const auto id = runtime().Create(spec);
  ASSERT_TRUE(id.ok()) << id.error().message;
  EXPECT_EQ(runtime().Inspect(*id)->state, ContainerState::kCreated);
  EXPECT_THAT(ListedNames(), testing::ElementsAre(spec.name));

  ASSERT_TRUE(runtime().Start(*id).ok());
  const auto seen = runtime().Inspect(spec.name);
  ASSERT_TRUE(seen.ok()) << seen.error().message;
  EXPECT_EQ(seen->id, *id);
  EXPECT_EQ(seen->name, spec.name);
  EXPECT_EQ(seen->image, spec.image);
  EXPECT_FALSE(seen->image_id.empty());
  EXPECT_EQ(seen->state, ContainerState::kRunning);
  EXPECT_FALSE(seen->ip.empty());
  EXPECT_EQ(seen->labels.at(kLabelSpecHash), "hash-1");
  EXPECT_TRUE(seen->created && seen->started && !seen->finished);

  ASSERT_TRUE(runtime().Stop(*id, std::chrono::seconds(5)).ok());
  const auto stopped = runtime().Inspect(*id);
  EXPECT_EQ(stopped->state, ContainerState::kExited);
  EXPECT_EQ(stopped->exit_code, 0);
  EXPECT_TRUE(stopped->finished);
  EXPECT_EQ(stopped->ip, "");

  ASSERT_TRUE(runtime().Remove(*id).ok());
  EXPECT_EQ(runtime().Inspect(*id).error().code, Code::kNotFound);
  EXPECT_TRUE(ListedNames().empty());
}

TEST_P(RuntimeContract, ListsWhatInspectSees) {
  const auto spec = SpecOf("seen");
  const std::string id = CreateAndStart(spec);
  const auto listed = runtime().List();
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1u);
  const auto& entry = listed->front();
  const auto inspected = runtime().Inspect(id);
  ASSERT_TRUE(inspected.ok());
  EXPECT_EQ(entry.id, inspected->id);
  EXPECT_EQ(entry.name, inspected->name);
  EXPECT_EQ(entry.image, inspected->image);
  EXPECT_EQ(entry.image_id, inspected->image_id);
  EXPECT_EQ(entry.labels, inspected->labels);
  EXPECT_EQ(entry.state, inspected->state);
  EXPECT_EQ(entry.ip, inspected->ip);
}

TEST_P(RuntimeContract, ListsOneOwnersContainersWithEveryField) {
  const std::string mine = CreateAndStart(SpecOf("mine"));
  auto other = SpecOf("theirs");
  other.labels[kLabelOwnerUid] = "uid-2";
  CreateAndStart(other);
  const auto listed = runtime().ListOf("uid-1");
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().id, mine);
  EXPECT_EQ(listed->front().started, runtime().Inspect(mine)->started);
  EXPECT_TRUE(runtime().ListOf("uid-3")->empty());
}

TEST_P(RuntimeContract, AdoptsWhatIsThereAndDoesNothing) {
  const auto spec = SpecOf("adopt");
  const std::string id = CreateAndStart(spec);
  const auto started = runtime().Inspect(id)->started;
  const auto again = runtime().Create(spec);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, id);
  EXPECT_TRUE(runtime().Start(id).ok());
  EXPECT_EQ(runtime().Inspect(id)->started, started);
  EXPECT_EQ(ListedNames().size(), 1u);
}

TEST_P(RuntimeContract, ReplacesAnotherSpecOnlyAfterItsRemoval) {
  auto spec = SpecOf("update");
  const std::string first = CreateAndStart(spec);
  spec.labels[kLabelSpecHash] = "hash-2";
  const auto refused = runtime().Create(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("uid-1"));
  EXPECT_EQ(runtime().Inspect(first)->state, ContainerState::kRunning);

  ASSERT_TRUE(runtime().Remove(first).ok());
  const auto second = runtime().Create(spec);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_NE(*second, first);
  EXPECT_EQ(runtime().Inspect(spec.name)->labels.at(kLabelSpecHash), "hash-2");
}

TEST_P(RuntimeContract, LeavesForeignContainersAlone) {
  const auto spec = SpecOf("foreign");
  const std::string foreign = world_->MakeForeign(spec.name, {});
  const auto refused = runtime().Create(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, testing::HasSubstr(foreign.substr(0, 12)));
  EXPECT_EQ(runtime().Inspect(foreign)->state, ContainerState::kRunning);
  EXPECT_TRUE(ListedNames().empty());
}

TEST_P(RuntimeContract, DoesNotSeeAnotherInstallation) {
  const auto spec = SpecOf("other");
  auto labels = spec.labels;
  labels[kLabelInstallation] = "another-installation";
  const std::string theirs = world_->MakeForeign(spec.name, labels);
  EXPECT_TRUE(ListedNames().empty());
  const auto refused = runtime().Create(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(runtime().Inspect(theirs)->state, ContainerState::kRunning);
}

TEST_P(RuntimeContract, ARepeatedCreateInDoubtAdopts) {
  auto spec = SpecOf("doubt");
  spec.files = {{"/etc/patchbay/doubt.txt", "certain", 0444}};
  FlakyRuntime flaky(runtime());
  flaky.faults().FailAfter(RuntimeCall::kCreate);
  EXPECT_EQ(flaky.Create(spec).error().code, Code::kInDoubt);
  const auto id = flaky.Create(spec);
  ASSERT_TRUE(id.ok()) << id.error().message;
  ASSERT_TRUE(flaky.Start(*id).ok());
  EXPECT_EQ(ListedNames().size(), 1u);
  const auto exit = flaky.Exec(*id, {"/app", "verify", "/etc/patchbay/doubt.txt", "certain"}, std::chrono::seconds(10));
  ASSERT_TRUE(exit.ok()) << exit.error().message;
  EXPECT_EQ(*exit, 0);
}

TEST_P(RuntimeContract, FilesAreThereBeforeTheStart) {
  auto spec = SpecOf("files");
  const std::string large(300'000, 'x');
  spec.files = {{"/config/app.json", "{\"a\":1}", 0444}, {"/config/deep/er/empty", "", 0400}, {"/large", large, 0644}};
  const std::string id = CreateAndStart(spec);
  const auto holds = [&](const std::string& path, const std::string& text) {
    const auto exit = runtime().Exec(id, {"/app", "verify", path, text}, std::chrono::seconds(10));
    return exit.ok() && *exit == 0;
  };
  EXPECT_TRUE(holds("/config/app.json", "{\"a\":1}"));
  EXPECT_TRUE(holds("/config/deep/er/empty", ""));
  EXPECT_FALSE(holds("/config/app.json", "something else"));
}

TEST_P(RuntimeContract, TheExitCodeIsSeen) {
  const std::string id = CreateAndStart(SpecOf("exit", {"exit", "7"}));
  ASSERT_TRUE(EventuallyExited(id));
  EXPECT_EQ(runtime().Inspect(id)->exit_code, 7);
  const auto listed = runtime().List();
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().exit_code, 7);
  EXPECT_EQ(listed->front().state, ContainerState::kExited);
}

TEST_P(RuntimeContract, StopKillsAfterTheGrace) {
  auto spec = SpecOf("grace");
  spec.env = {{"ON_TERM", "ignore"}};
  const std::string id = CreateAndStart(spec);
  const auto before = SystemClock().Mono();
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(1)).ok());
  EXPECT_LT(SystemClock().Mono() - before, std::chrono::seconds(9));
  EXPECT_EQ(runtime().Inspect(id)->exit_code, 137);
}

TEST_P(RuntimeContract, StoppingAndRemovingWhatIsGoneIsFine) {
  const std::string nothing = world_->Name("gone");
  EXPECT_TRUE(runtime().Stop(nothing, std::chrono::seconds(1)).ok());
  EXPECT_TRUE(runtime().Remove(nothing).ok());
  EXPECT_EQ(runtime().Start(nothing).error().code, Code::kNotFound);
  const std::string id = CreateAndStart(SpecOf("twice"));
  EXPECT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  EXPECT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  EXPECT_TRUE(runtime().Remove(id).ok());
  EXPECT_TRUE(runtime().Remove(id).ok());
}

TEST_P(RuntimeContract, RemovesWhatRuns) {
  const std::string id = CreateAndStart(SpecOf("running"));
  ASSERT_TRUE(runtime().Remove(id).ok());
  EXPECT_EQ(runtime().Inspect(id).error().code, Code::kNotFound);
}

TEST_P(RuntimeContract, AHostPortIsGivenOnce) {
  auto first = SpecOf("port-a");
  first.ports = {{8080, "tcp", world_->HostPort(), "127.0.0.1"}};
  const std::string a = CreateAndStart(first);
  const auto seen = runtime().Inspect(a);
  ASSERT_TRUE(seen.ok());
  EXPECT_THAT(seen->ports, testing::Contains(first.ports[0]));
  auto second = SpecOf("port-b");
  second.ports = first.ports;
  const auto b = runtime().Create(second);
  ASSERT_TRUE(b.ok()) << b.error().message;
  const auto refused = runtime().Start(*b);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, testing::HasSubstr(std::to_string(first.ports[0].host_port)));
  EXPECT_EQ(runtime().Inspect(a)->state, ContainerState::kRunning);

  ASSERT_TRUE(runtime().Remove(a).ok());
  const auto started = runtime().Start(*b);
  EXPECT_TRUE(started.ok()) << started.error().message;
}

TEST_P(RuntimeContract, WhoHasAPortOfTheHostIsListed) {
  const auto of = [&](const std::string& id) -> std::optional<Container> {
    const auto listed = runtime().ListPublishing();
    EXPECT_TRUE(listed.ok()) << listed.error().message;
    for (const Container& container : listed.ok() ? *listed : std::vector<Container>())
      if (container.id == id) return container;
    return std::nullopt;
  };
  auto spec = SpecOf("publishing");
  spec.ports = {{8080, "tcp", world_->HostPort(), "127.0.0.1"}};
  const std::string id = CreateAndStart(spec);
  const std::string quiet = CreateAndStart(SpecOf("quiet"));
  ASSERT_TRUE(of(id));
  EXPECT_EQ(of(id)->name, spec.name);
  EXPECT_THAT(of(id)->ports, testing::Contains(spec.ports.front()));
  EXPECT_EQ(of(id)->labels.at(kLabelPlugin), "publishing");
  EXPECT_FALSE(of(quiet));
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(1)).ok());
  EXPECT_FALSE(of(id)) << "one that has ended has let go of it";
}

TEST_P(RuntimeContract, KnowsWhetherAPortOfTheHostIsTaken) {
  const PortMapping port{8080, "tcp", world_->HostPort(), "127.0.0.1"};
  EXPECT_FALSE(runtime().IsHostPortTaken(port));
  auto spec = SpecOf("taking");
  spec.ports = {port};
  const std::string id = CreateAndStart(spec);
  EXPECT_TRUE(runtime().IsHostPortTaken(port));
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(1)).ok());
  EXPECT_FALSE(runtime().IsHostPortTaken(port)) << "once a stop has returned nobody has it";
  const auto program = world_->Occupy(port.host_port);
  EXPECT_TRUE(runtime().IsHostPortTaken(port));
}

TEST_P(RuntimeContract, TellsWhatImageAReferenceMeans) {
  const auto id = runtime().ImageId(world_->image());
  ASSERT_TRUE(id.ok()) << id.error().message;
  EXPECT_EQ(*id, runtime().Inspect(CreateAndStart(SpecOf("image")))->image_id);
  const auto none = runtime().ImageId(world_->unreachable_image());
  ASSERT_TRUE(none.ok()) << none.error().message;
  EXPECT_EQ(*none, "");
  EXPECT_EQ(runtime().ImageId("Not An Image").error().code, Code::kInvalid);

  Guarded<std::vector<RuntimeEvent>> told;
  const auto note = [&](const RuntimeEvent& event) {
    if (event.of == RuntimeEvent::Of::kImage) told.Lock()->push_back(event);
  };
  const auto stream = runtime().Watch(std::nullopt, note, [](Result<void>) {});
  ASSERT_TRUE(stream.ok());
  const std::string tag = world_->TagImage("retagged");
  EXPECT_TRUE(Eventually([&] {
    const auto events = told.Copy();
    return std::any_of(events.begin(), events.end(), [&](const auto& event) { return event.image == tag; });
  }));
  EXPECT_EQ(*runtime().ImageId(tag), *id);
  EXPECT_TRUE(runtime().RemoveImage(tag).ok());
}

TEST_P(RuntimeContract, AMissingImageIsNotFound) {
  auto spec = SpecOf("image");
  spec.image = world_->unreachable_image();
  EXPECT_TRUE(*runtime().HasImage(world_->image()));
  const auto has = runtime().HasImage(spec.image);
  ASSERT_TRUE(has.ok()) << has.error().message;
  EXPECT_FALSE(*has);
  EXPECT_EQ(runtime().Create(spec).error().code, Code::kNotFound);
  EXPECT_TRUE(ListedNames().empty());
}

TEST_P(RuntimeContract, ListsImagesAndForgetsATag) {
  const std::string tag = world_->TagImage("tagged");
  const auto find = [&](const std::string& name) -> std::optional<Image> {
    const auto images = runtime().ListImages();
    EXPECT_TRUE(images.ok()) << images.error().message;
    for (const Image& image : images.ok() ? *images : std::vector<Image>())
      if (std::count(image.references.begin(), image.references.end(), name) > 0) return image;
    return std::nullopt;
  };
  ASSERT_TRUE(find(tag));
  EXPECT_TRUE(find(tag)->id.starts_with("sha256:"));
  CreateAndStart(SpecOf("user"));
  ASSERT_TRUE(find(world_->image()));
  EXPECT_TRUE(find(world_->image())->used);
  const auto removed = runtime().RemoveImage(tag);
  EXPECT_TRUE(removed.ok()) << removed.error().message;
  EXPECT_FALSE(find(tag));
  EXPECT_TRUE(runtime().RemoveImage(tag).ok());
  EXPECT_TRUE(find(world_->image()));
  EXPECT_EQ(runtime().RemoveImage("Not An Image").error().code, Code::kInvalid);
}

TEST_P(RuntimeContract, TellsOfWhatAContainerWasMade) {
  auto spec = SpecOf("makeup");
  spec.env = {{"A", "1"}, {"B", "two = 2"}};
  spec.labels["team"] = "shop";
  spec.ports = {{8080, "tcp", world_->HostPort(), ""}, {9090, "tcp", 0, ""}};
  spec.mounts = {{Mount::Type::kBind, "/usr/share", "/shared", true}};
  const std::string id = CreateAndStart(spec);
  const auto check = [&](const Container& container) {
    ASSERT_TRUE(container.makeup);
    EXPECT_THAT(container.makeup->env, testing::IsSupersetOf({"A=1", "B=two = 2"}));
    EXPECT_THAT(container.makeup->mounts, testing::ElementsAre(spec.mounts.front()));
    EXPECT_THAT(container.makeup->ports, testing::ElementsAre(spec.ports.front()));
    EXPECT_EQ(container.labels.at("team"), "shop");
  };
  check(*runtime().Inspect(id));
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(1)).ok());
  check(*runtime().Inspect(id));  // one that has ended has no ports, but it asked for them
  EXPECT_FALSE(runtime().List()->front().makeup);
}

TEST_P(RuntimeContract, APullThatCannotWorkIsAnErrorInTime) {
  const auto before = SystemClock().Mono();
  const auto pulled = runtime().Pull(world_->unreachable_image(), {});
  ASSERT_FALSE(pulled.ok());
  EXPECT_FALSE(pulled.error().message.empty());
  EXPECT_LT(SystemClock().Mono() - before, std::chrono::seconds(60));
  const auto refused = runtime().Pull("Not An Image", {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
}

}  // namespace patchbay::driver
