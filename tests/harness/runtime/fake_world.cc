// What happens to a FakeRuntime behind the operator's back, and what its streams tell.
#include <algorithm>

#include "base/text.h"
#include "harness/runtime/fake_change.h"
#include "harness/runtime/fake_runtime.h"

namespace patchbay::driver {

void FakeRuntime::Script(const std::string& name_or_image, FakeBehaviour behaviour) {
  Script(name_or_image, [behaviour = std::move(behaviour)](const ContainerSpec&) { return behaviour; });
}

void FakeRuntime::Script(const std::string& name_or_image, std::function<FakeBehaviour(const ContainerSpec&)> play) {
  auto state = state_.Lock();
  state->plays[CanonicalImage(name_or_image)] = play;
  state->plays[name_or_image] = std::move(play);
}

void FakeRuntime::AddImage(const std::string& image) { state_.Lock()->images.insert(CanonicalImage(image)); }

void FakeRuntime::DropImage(const std::string& image) { state_.Lock()->images.erase(CanonicalImage(image)); }

void FakeRuntime::SetPullLogin(const std::string& image, const std::string& username, const std::string& password) {
  state_.Lock()->pull_logins[CanonicalImage(image)] = {username, password};
}

void FakeRuntime::SetPullError(const std::string& image, std::optional<Error> error) {
  auto state = state_.Lock();
  state->pull_errors.erase(CanonicalImage(image));
  if (error) state->pull_errors.emplace(CanonicalImage(image), *std::move(error));
}

std::string FakeRuntime::AddForeign(const std::string& name, std::map<std::string, std::string> labels,
                                    const std::string& image) {
  return Change([&](State& state, News& news) {
    Item item;
    item.spec.name = item.seen.name = name;
    item.spec.image = item.seen.image = image;
    item.seen.allowance = Allowance{0, 0, {"bridge"}};
    item.seen.labels = std::move(labels);
    const std::string digits = std::to_string(++state.made);
    item.seen.id = StrCat("f", std::string(63 - digits.size(), '0'), digits);
    item.seen.created = clock_.Wall();
    state.items.push_back(item);
    Run(state, news, state.items.back());
    return item.seen.id;
  });
}

void FakeRuntime::Publish(const std::string& id_or_name, PortMapping port) {
  auto state = state_.Lock();
  Item* item = FindItem(*state, id_or_name);
  if (item == nullptr) return;
  item->spec.ports.push_back(port);
  if (item->seen.state == ContainerState::kRunning) item->seen.ports.push_back(port);
}

void FakeRuntime::Retag(const std::string& image, const std::string& id) {
  Change([&](State& state, News& news) {
    state.images.insert(CanonicalImage(image));
    state.image_ids[CanonicalImage(image)] = id;
    Broadcast(state, news, {"", "", "tag", RuntimeEvent::Of::kImage, FamiliarImage(CanonicalImage(image))});
    return true;
  });
}

void FakeRuntime::HoldHostPort(int port, bool seen) { state_.Lock()->held_ports[port] = seen; }

bool FakeRuntime::IsHostPortTaken(const PortMapping& port) {
  const auto state = state_.Lock();
  const auto held = state->held_ports.find(port.host_port);
  if (held != state->held_ports.end() && held->second) return true;
  return std::any_of(state->items.begin(), state->items.end(), [&](const Item& item) {
    return std::any_of(item.seen.ports.begin(), item.seen.ports.end(), [&](const PortMapping& theirs) { return Overlap(port, theirs); });
  });
}

void FakeRuntime::ReleaseHostPort(int port) { state_.Lock()->held_ports.erase(port); }

void FakeRuntime::Die(const std::string& id_or_name, int exit_code, bool oom_killed) {
  Change([&](State& state, News& news) {
    Item* item = FindItem(state, id_or_name);
    if (item == nullptr) return false;
    End(state, news, *item, exit_code, true);
    if (item->seen.state == ContainerState::kExited) item->seen.oom_killed = oom_killed;
    return true;
  });
}

void FakeRuntime::Vanish(const std::string& id_or_name) {
  Change([&](State& state, News& news) {
    Item* item = FindItem(state, id_or_name);
    if (item == nullptr) return false;
    if (item->seen.state == ContainerState::kRunning) End(state, news, *item, 137, false);
    Tell(state, news, *item, "destroy");
    state.items.erase(state.items.begin() + (item - state.items.data()));
    return true;
  });
}

void FakeRuntime::Pause(const std::string& id_or_name) {
  Change([&](State& state, News& news) {
    Item* item = FindItem(state, id_or_name);
    if (item == nullptr) return false;
    item->seen.state = ContainerState::kPaused;
    Tell(state, news, *item, "pause");
    return true;
  });
}

void FakeRuntime::Update(const std::string& id_or_name, std::int64_t memory_bytes) {
  Change([&](State& state, News& news) {
    Item* item = FindItem(state, id_or_name);
    if (item == nullptr) return false;
    item->seen.allowance->memory_bytes = memory_bytes;
    Tell(state, news, *item, "update");
    return true;
  });
}

void FakeRuntime::SetLabel(const std::string& id_or_name, const std::string& label, const std::string& value) {
  auto state = state_.Lock();
  Item* item = FindItem(*state, id_or_name);
  if (item != nullptr) item->seen.labels[label] = value;
}

void FakeRuntime::DropLabel(const std::string& id_or_name, const std::string& label) {
  auto state = state_.Lock();
  Item* item = FindItem(*state, id_or_name);
  if (item != nullptr) item->seen.labels.erase(label);
}

void FakeRuntime::Remake(const std::string& id_or_name, const std::function<void(Makeup& makeup)>& change) {
  Change([&](State& state, News& news) {
    Item* item = FindItem(state, id_or_name);
    if (item == nullptr) return false;
    change(*item->seen.makeup);
    Tell(state, news, *item, "rename");
    return true;
  });
}

void FakeRuntime::Print(const std::string& id_or_name, const std::string& line, bool to_stderr) {
  Change([&](State& state, News& news) {
    Item* item = FindItem(state, id_or_name);
    if (item != nullptr) Write(state, news, *item, to_stderr, line);
    return item != nullptr;
  });
}

void FakeRuntime::MuteEvents(bool mute) { state_.Lock()->muted = mute; }

void FakeRuntime::BreakStreams() {
  Change([](State& state, News& news) {
    for (const auto& weak : state.streams) {
      if (auto stream = weak.lock()) {
        stream->QueueEnd(Error{Code::kUnavailable, "the engine closed the stream"});
        news.push_back(stream);
      }
    }
    state.streams.clear();
    return true;
  });
}

void FakeRuntime::RestartEngine(bool live_restore) {
  BreakStreams();
  if (live_restore) return;
  Change([&](State& state, News& news) {
    for (auto& item : state.items)
      if (item.seen.state == ContainerState::kRunning) End(state, news, item, 255, true);
    return true;
  });
}

std::vector<Container> FakeRuntime::All() const {
  std::vector<Container> all;
  const auto state = state_.Lock();  // in the loop's head it would be let go before the first turn
  for (const auto& item : state->items) all.push_back(item.seen);
  return all;
}

std::vector<std::string> FakeRuntime::RunningNames() const {
  std::vector<std::string> names;
  for (const auto& container : All()) {
    const auto label = container.labels.find(kLabelInstallation);
    const bool ours = label != container.labels.end() && label->second == installation_;
    if (ours && container.state == ContainerState::kRunning) names.push_back(container.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<ContainerSpec> FakeRuntime::Spec(const std::string& id_or_name) const {
  auto state = state_.Lock();
  const Item* item = FindItem(*state, id_or_name);
  if (item == nullptr) return std::nullopt;
  return item->spec;
}

void FakeRuntime::Tell(State& state, News& news, const Item& item, const std::string& action) {
  const auto labels = Show(item).labels;
  const auto installation = labels.find(kLabelInstallation);
  const bool ours = installation != labels.end() && installation->second == installation_;
  if (!ours && action == "die") return Broadcast(state, news, {item.seen.id, "", action, RuntimeEvent::Of::kForeign});
  if (!ours) return;
  const auto owner = labels.find(kLabelOwnerUid);
  Broadcast(state, news, {item.seen.id, owner == labels.end() ? "" : owner->second, action});
}

void FakeRuntime::Broadcast(State& state, News& news, const RuntimeEvent& event) {
  if (state.muted) return;
  state.past.push_back({clock_.Wall(), event});
  std::erase_if(state.streams, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : state.streams) {
    auto stream = weak.lock();
    if (!stream || !stream->on_event) continue;
    stream->Queue([watch = stream.get(), event] {
      watch->on_event(event);
      return true;
    });
    news.push_back(std::move(stream));
  }
}

std::vector<std::shared_ptr<FakeStream>> FakeRuntime::LogStreams(const State& state, const std::string& id) {
  std::vector<std::shared_ptr<FakeStream>> streams;
  for (const auto& weak : state.streams)
    if (auto stream = weak.lock(); stream && stream->container_id == id) streams.push_back(std::move(stream));
  return streams;
}

void FakeRuntime::Write(State& state, News& news, Item& item, bool to_stderr, const std::string& text) {
  item.lines.push_back({clock_.Wall(), to_stderr, text});
  for (auto& stream : LogStreams(state, item.seen.id)) {
    const std::string line = stream->timestamps ? StrCat(FormatMicroTime(clock_.Wall()), " ", text) : text;
    stream->Queue([log = stream.get(), to_stderr, line] { return log->on_line(to_stderr, line); });
    news.push_back(std::move(stream));
  }
}

Result<std::unique_ptr<RuntimeStream>> FakeRuntime::Logs(const std::string& id, const LogOptions& options,
                                                         std::function<bool(bool, std::string_view)> on_line,
                                                         std::function<void(Result<void>)> on_end) {
  using Answer = Result<std::unique_ptr<RuntimeStream>>;
  return Serve(RuntimeCall::kLogs, NameOf(id), [&](State& state, News& news) -> Answer {
    const Item* item = FindItem(state, id);
    if (item == nullptr) return Error{Code::kNotFound, StrCat("No such container: ", id)};
    auto stream = std::make_shared<FakeStream>(item->seen.id, std::move(on_end));
    stream->on_line = std::move(on_line);
    stream->timestamps = options.timestamps;
    std::vector<Line> lines;
    for (const auto& line : item->lines)
      if ((!options.since || line.at >= *options.since) && (!options.until || line.at <= *options.until)) lines.push_back(line);
    if (options.tail >= 0 && lines.size() > static_cast<std::size_t>(options.tail))
      lines.erase(lines.begin(), lines.end() - options.tail);
    for (const auto& line : lines)
      stream->Queue([log = stream.get(), line] {
        return log->on_line(line.to_stderr,
                            log->timestamps ? StrCat(FormatMicroTime(line.at), " ", line.text) : line.text);
      });
    if (options.follow && item->seen.state == ContainerState::kRunning) {
      state.streams.push_back(stream);
    } else {
      stream->QueueEnd({});
    }
    news.push_back(stream);
    return std::unique_ptr<RuntimeStream>(std::make_unique<FakeStreamOwner>(stream));
  });
}

void FakeRuntime::SetUsage(const std::string& id_or_name, double cores, std::int64_t memory_bytes) {
  auto state = state_.Lock();
  if (Item* item = FindItem(*state, id_or_name)) {
    item->cores = cores;
    item->memory_bytes = memory_bytes;
  }
}

Result<Usage> FakeRuntime::MeasureUsage(const std::string& id) {
  return Serve(RuntimeCall::kUsage, NameOf(id), [&](State& state, News&) -> Result<Usage> {
    const Item* item = FindItem(state, id);
    if (item == nullptr) return Error{Code::kNotFound, StrCat("No such container: ", id)};
    if (item->seen.state != ContainerState::kRunning)
      return Error{Code::kConflict, StrCat("Container ", id, " is not running")};
    const WallTime now = clock_.Wall();
    const double ran = std::chrono::duration<double>(now - *item->seen.started).count();
    const std::chrono::nanoseconds cpu(static_cast<std::int64_t>(ran * item->cores * 1e9));
    return Usage{now, cpu, item->memory_bytes};
  });
}

Result<std::unique_ptr<RuntimeStream>> FakeRuntime::Watch(std::optional<WallTime> since,
                                                          std::function<void(const RuntimeEvent&)> on_event,
                                                          std::function<void(Result<void>)> on_end) {
  using Answer = Result<std::unique_ptr<RuntimeStream>>;
  return Serve(RuntimeCall::kWatch, "", [&](State& state, News& news) -> Answer {
    auto stream = std::make_shared<FakeStream>("", std::move(on_end));
    stream->on_event = std::move(on_event);
    for (const auto& past : state.past)
      if (since && past.at >= *since)
        stream->Queue([watch = stream.get(), event = past.event] {
          watch->on_event(event);
          return true;
        });
    state.streams.push_back(stream);
    news.push_back(stream);
    return std::unique_ptr<RuntimeStream>(std::make_unique<FakeStreamOwner>(stream));
  });
}

}  // namespace patchbay::driver
