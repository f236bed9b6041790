#include "harness/runtime/fake_runtime.h"

#include <algorithm>

#include "base/text.h"
#include "driver/runtime/image_reference.h"
#include "harness/runtime/fake_change.h"

namespace patchbay::driver {
namespace {

std::string LabelOf(const std::map<std::string, std::string>& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? "" : found->second;
}

bool IsUp(const Container& container) {
  return container.state == ContainerState::kRunning || container.state == ContainerState::kPaused ||
         container.state == ContainerState::kRestarting;
}

bool ComesBack(const ContainerSpec& spec, int exit_code) {
  return spec.restart_policy == "always" || spec.restart_policy == "unless-stopped" ||
         (spec.restart_policy == "on-failure" && exit_code != 0);
}

// A list tells less.
Container AsListed(Container container) {
  container.oom_killed = false;
  container.error.clear();
  container.restarts = 0;
  container.allowance.reset();
  container.makeup.reset();
  container.started = container.finished = container.previous_end = std::nullopt;
  return container;
}

Makeup MakeupOf(const ContainerSpec& spec) {
  Makeup makeup{{"PATH=/bin"}, spec.mounts, {}};
  for (const auto& [name, value] : spec.env) makeup.env.push_back(StrCat(name, "=", value));
  for (const PortMapping& port : spec.ports)
    if (port.host_port != 0) makeup.ports.push_back(port);
  return makeup;
}

Error NoSuchContainer(const std::string& id) { return Error{Code::kNotFound, StrCat("No such container: ", id)}; }

}  // namespace

// As an engine writes it: "docker.io/library/app:1" is "app:1".
std::string FamiliarImage(std::string name) {
  for (const std::string prefix : {"docker.io/library/", "docker.io/"})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

std::string CanonicalImage(const std::string& image) {
  const auto reference = ParseImageReference(image);
  return reference.ok() ? reference->Canonical() : image;
}

FakeRuntime::FakeRuntime(std::string installation, Clock& clock)
    : installation_(std::move(installation)), clock_(clock), claims_(installation_) {}

Container FakeRuntime::Show(const Item& item) const {
  Container shown = item.seen;
  claims_.Mark(shown);
  return shown;
}

Result<void> FakeRuntime::Claim(const std::string& owner_uid, const std::vector<Claimed>& containers) {
  PATCHBAY_CHECK(claims_.Set(owner_uid, containers));
  return {};
}

FakeRuntime::Item* FakeRuntime::FindItem(State& state, const std::string& id_or_name) {
  const auto found = std::find_if(state.items.begin(), state.items.end(), [&](const Item& item) {
    return item.seen.id == id_or_name || item.seen.name == id_or_name;
  });
  return found == state.items.end() ? nullptr : &*found;
}

FakeBehaviour FakeRuntime::BehaviourOf(const State& state, const ContainerSpec& spec) {
  for (const auto& key : {spec.name, CanonicalImage(spec.image)})
    if (const auto found = state.plays.find(key); found != state.plays.end()) return found->second(spec);
  return {};
}

std::string FakeRuntime::NameOf(const std::string& id) const {
  auto state = state_.Lock();
  const Item* item = FindItem(*state, id);
  return item == nullptr ? id : item->seen.name;
}

Result<RuntimeVersion> FakeRuntime::Version() {
  return Serve(RuntimeCall::kVersion, "", [](State& state, News&) -> Result<RuntimeVersion> {
    return RuntimeVersion{"Fake Engine", "1.0.0", "1.41", StrCat("fake-", state.engine)};
  });
}

Result<std::vector<Container>> FakeRuntime::List() {
  return Serve(RuntimeCall::kList, "", [&](State& state, News&) -> Result<std::vector<Container>> {
    std::vector<Container> ours;
    for (const auto& item : state.items)
      if (Container shown = Show(item); LabelOf(shown.labels, kLabelInstallation) == installation_)
        ours.push_back(AsListed(std::move(shown)));
    return ours;
  });
}

Result<std::vector<Container>> FakeRuntime::ListOf(const std::string& owner_uid) {
  return Serve(RuntimeCall::kList, owner_uid, [&](State& state, News&) -> Result<std::vector<Container>> {
    std::vector<Container> theirs;
    for (const auto& item : state.items)
      if (Container shown = Show(item); LabelOf(shown.labels, kLabelInstallation) == installation_ &&
                                        LabelOf(shown.labels, kLabelOwnerUid) == owner_uid)
        theirs.push_back(std::move(shown));
    return theirs;
  });
}

Result<Container> FakeRuntime::Inspect(const std::string& id_or_name) {
  return Serve(RuntimeCall::kInspect, id_or_name, [&](State& state, News&) -> Result<Container> {
    const Item* item = FindItem(state, id_or_name);
    if (item == nullptr) return NoSuchContainer(id_or_name);
    return Show(*item);
  });
}

Result<std::vector<Container>> FakeRuntime::ListPublishing() {
  return Serve(RuntimeCall::kListPublishing, "", [&](State& state, News&) -> Result<std::vector<Container>> {
    std::vector<Container> found;
    for (const auto& item : state.items)
      if (std::any_of(item.seen.ports.begin(), item.seen.ports.end(), [](const auto& port) { return port.host_port != 0; }))
        found.push_back(AsListed(Show(item)));
    return found;
  });
}

std::string FakeRuntime::IdOf(const State& state, const std::string& canonical_image) {
  const auto other = state.image_ids.find(canonical_image);
  return other == state.image_ids.end() ? StrCat("sha256:of-", canonical_image) : other->second;
}

Result<std::string> FakeRuntime::Create(const ContainerSpec& spec) {
  return Serve(RuntimeCall::kCreate, spec.name,
               [&](State& state, News& news) { return MakeContainer(state, news, spec); });
}

Result<std::string> FakeRuntime::MakeContainer(State& state, News& news, const ContainerSpec& spec) {
  if (const Item* item = FindItem(state, spec.name)) return Adopt(*item, spec);
  const auto behaviour = BehaviourOf(state, spec);
  if (behaviour.create_error) return *behaviour.create_error;
  const std::string image = CanonicalImage(spec.image);
  if (!state.images.contains(image)) return Error{Code::kNotFound, StrCat("No such image: ", spec.image)};
  Item item;
  item.spec = spec;
  item.spec.labels[kLabelInstallation] = installation_;
  item.seen.labels = item.spec.labels;
  const std::string digits = std::to_string(++state.made);
  item.seen.id = std::string(64 - digits.size(), '0') + digits;
  item.seen.name = spec.name;
  item.seen.image = spec.image;
  item.seen.allowance = Allowance{spec.memory_bytes, spec.nano_cpus, {spec.network.empty() ? "bridge" : spec.network}};
  item.seen.makeup = MakeupOf(spec);
  item.seen.image_id = IdOf(state, image);
  item.seen.created = clock_.Wall();
  state.items.push_back(item);
  Tell(state, news, item, "create");
  return item.seen.id;
}

Result<std::string> FakeRuntime::Adopt(const Item& item, const ContainerSpec& spec) const {
  const auto& labels = item.seen.labels;
  const bool ours = LabelOf(labels, kLabelInstallation) == installation_;
  if (ours && LabelOf(labels, kLabelSpecHash) == LabelOf(spec.labels, kLabelSpecHash)) return item.seen.id;
  const std::string owner =
      ours ? StrCat("of this installation with another spec (owner uid ", LabelOf(labels, kLabelOwnerUid), ")")
           : "that is not ours";
  return Error{Code::kConflict,
               StrCat("the name \"", spec.name, "\" is taken by container ", item.seen.id, " ", owner)};
}

Result<void> FakeRuntime::Start(const std::string& id) {
  return Serve(RuntimeCall::kStart, NameOf(id),
               [&](State& state, News& news) { return StartContainer(state, news, id); });
}

std::optional<Error> FakeRuntime::FindPortConflict(const State& state, const Item& item) {
  const auto taken = [&](const PortMapping& port) {
    if (state.held_ports.contains(port.host_port)) return true;
    return std::any_of(state.items.begin(), state.items.end(), [&](const Item& other) {
      if (other.seen.id == item.seen.id || !IsUp(other.seen)) return false;
      return std::any_of(other.spec.ports.begin(), other.spec.ports.end(), [&](const PortMapping& theirs) {
        return Overlap(theirs, port);
      });
    });
  };
  for (const auto& port : item.spec.ports)
    if (port.host_port != 0 && taken(port))
      return Error{Code::kConflict,
                   StrCat("host port ", port.host_port, "/", port.protocol, " is taken: port is already allocated")};
  return std::nullopt;
}

Result<void> FakeRuntime::StartContainer(State& state, News& news, const std::string& id) {
  Item* item = FindItem(state, id);
  if (item == nullptr) return NoSuchContainer(id);
  if (item->seen.state == ContainerState::kRunning || item->seen.state == ContainerState::kRestarting) return {};
  if (item->seen.state == ContainerState::kPaused)
    return Error{Code::kConflict, "cannot start a paused container, try unpause instead"};
  if (const auto error = BehaviourOf(state, item->spec).start_error) return *error;
  if (auto error = FindPortConflict(state, *item)) return *error;
  item->seen.restarts = 0;
  Run(state, news, *item);
  return {};
}

std::string FakeRuntime::FreeAddress(const State& state) {
  for (int number = 2;; ++number) {
    std::string address = StrCat("172.17.", number / 256, ".", number % 256);
    if (std::none_of(state.items.begin(), state.items.end(), [&](const Item& item) { return item.seen.ip == address; }))
      return address;
  }
}

void FakeRuntime::Run(State& state, News& news, Item& item) {
  const auto behaviour = BehaviourOf(state, item.spec);
  item.seen.state = ContainerState::kRunning;
  item.seen.exit_code = 0;
  item.seen.oom_killed = false;
  item.seen.ip = FreeAddress(state);
  item.seen.ports = item.spec.ports;
  item.seen.started = clock_.Wall();
  item.seen.previous_end = std::exchange(item.seen.finished, std::nullopt);
  Tell(state, news, item, "start");
  for (const auto& line : behaviour.prints) Write(state, news, item, false, line);
  if (behaviour.exits_with) End(state, news, item, *behaviour.exits_with, true);
}

void FakeRuntime::End(State& state, News& news, Item& item, int exit_code, bool may_restart) {
  item.seen.state = ContainerState::kExited;
  item.seen.exit_code = exit_code;
  item.seen.ip.clear();
  item.seen.ports.clear();
  item.seen.finished = clock_.Wall();
  item.seen.previous_end = std::nullopt;
  for (auto& stream : LogStreams(state, item.seen.id)) {
    stream->QueueEnd({});
    news.push_back(stream);
  }
  Tell(state, news, item, "die");
  if (!may_restart || !ComesBack(item.spec, exit_code)) return;
  ++item.seen.restarts;
  if (BehaviourOf(state, item.spec).exits_with) {
    item.seen.state = ContainerState::kRestarting;
  } else {
    Run(state, news, item);
  }
}

Result<void> FakeRuntime::Stop(const std::string& id, std::chrono::seconds) {
  return Serve(RuntimeCall::kStop, NameOf(id), [&](State& state, News& news) -> Result<void> {
    Item* item = FindItem(state, id);
    if (item == nullptr || !IsUp(item->seen)) return {};
    const auto behaviour = BehaviourOf(state, item->spec);
    End(state, news, *item, behaviour.ignores_term ? 137 : behaviour.stop_code, false);
    Tell(state, news, *item, "stop");
    return {};
  });
}

Result<void> FakeRuntime::Remove(const std::string& id) {
  return Serve(RuntimeCall::kRemove, NameOf(id), [&](State& state, News& news) -> Result<void> {
    Item* item = FindItem(state, id);
    if (item == nullptr) return {};
    if (IsUp(item->seen)) End(state, news, *item, 137, false);
    Tell(state, news, *item, "destroy");
    claims_.Drop(id);
    state.items.erase(state.items.begin() + (item - state.items.data()));
    return {};
  });
}

Result<bool> FakeRuntime::HasImage(const std::string& image) {
  return Serve(RuntimeCall::kHasImage, image,
               [&](State& state, News&) -> Result<bool> { return state.images.contains(CanonicalImage(image)); });
}

Result<std::string> FakeRuntime::ImageId(const std::string& image) {
  return Serve(RuntimeCall::kImageId, image, [&](State& state, News&) -> Result<std::string> {
    if (const auto reference = ParseImageReference(image); !reference.ok()) return reference.error();
    const std::string name = CanonicalImage(image);
    return state.images.contains(name) ? IdOf(state, name) : std::string();
  });
}

Result<std::vector<Image>> FakeRuntime::ListImages() {
  return Serve(RuntimeCall::kListImages, "", [&](State& state, News&) -> Result<std::vector<Image>> {
    std::vector<Image> images;
    for (const std::string& name : state.images) {
      const bool used = std::any_of(state.items.begin(), state.items.end(),
                                    [&](const Item& item) { return CanonicalImage(item.seen.image) == name; });
      images.push_back({IdOf(state, name), {FamiliarImage(name)}, used});
    }
    return images;
  });
}

Result<void> FakeRuntime::RemoveImage(const std::string& reference) {
  return Serve(RuntimeCall::kRemoveImage, reference, [&](State& state, News&) -> Result<void> {
    const std::string name = CanonicalImage(reference);
    for (const Item& item : state.items)
      if (CanonicalImage(item.seen.image) == name)
        return Error{Code::kConflict, StrCat("image ", reference, " is used by container ", item.seen.id)};
    state.images.erase(name);
    return {};
  });
}

Result<void> FakeRuntime::Pull(const std::string& image, const RegistryLogin& login) {
  return Serve(RuntimeCall::kPull, image, [&](State& state, News&) -> Result<void> {
    if (const auto reference = ParseImageReference(image); !reference.ok()) return reference.error();
    const auto error = state.pull_errors.find(CanonicalImage(image));
    if (error != state.pull_errors.end()) return error->second;
    const auto asked = state.pull_logins.find(CanonicalImage(image));
    if (asked != state.pull_logins.end() && asked->second != std::pair(login.username, login.password))
      return Error{Code::kForbidden, StrCat("cannot pull ", image, ": unauthorized: authentication required")};
    state.images.insert(CanonicalImage(image));
    return {};
  });
}

Result<int> FakeRuntime::Exec(const std::string& id, const std::vector<std::string>& command,
                              std::chrono::milliseconds) {
  if (auto error = faults_.Enter(RuntimeCall::kExec, NameOf(id))) return *std::move(error);
  ContainerSpec spec;
  FakeBehaviour behaviour;
  {
    auto state = state_.Lock();
    const Item* item = FindItem(*state, id);
    if (item == nullptr) return NoSuchContainer(id);
    if (item->seen.state != ContainerState::kRunning)
      return Error{Code::kConflict, StrCat("Container ", id, " is not running")};
    spec = item->spec;
    behaviour = BehaviourOf(*state, spec);
  }
  Result<int> answer = behaviour.exec ? behaviour.exec(spec, command) : Result<int>(0);
  if (auto error = faults_.Leave(RuntimeCall::kExec)) return *std::move(error);
  return answer;
}

}  // namespace patchbay::driver
