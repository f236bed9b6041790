#include "controller/observer.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace patchbay::controller {
namespace {

using driver::Container;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kRetry = seconds(1);        // of a lost event stream
constexpr auto kExpectFor = seconds(2);    // an event of our own action may come a little late
constexpr std::size_t kMostQuestions = 8;  // about containers that a list does not show any more

std::string OwnerOf(const Container& container) {
  const auto found = container.labels.find(driver::kLabelOwnerUid);
  return found == container.labels.end() ? "" : found->second;
}

// What may change something that we look at. "kill", "stop" and "oom" are not among them: the "die" that follows is.
bool IsNews(const std::string& action) {
  static const std::set<std::string> kNews{"start", "die", "pause", "unpause", "rename", "destroy", "update"};
  return kNews.contains(action);
}

}  // namespace

struct Observer::Shared {
  struct Expectation {
    std::set<std::string> actions;
    MonoTime until;
  };
  struct State {
    std::map<std::string, Container> containers;  // by id
    std::set<std::string> fresh;      // owners whose containers are as here, save the stale ones
    std::set<std::string> stale;      // ids an event told of
    std::set<std::string> destroyed;  // ids the engine told are gone
    std::map<std::string, Expectation> expected;
    bool subscribed = false;
    bool lost = false;  // a subscription that stood was lost
    std::optional<WallTime> last_event;
    MonoTime next_subscribe{};
    std::optional<MonoTime> next_compare;
    std::string problem = "the engine was not asked yet";
  };
  Guarded<State> state;

  // The owner to wake, if this is news.
  std::optional<std::string> Learn(const driver::RuntimeEvent& event, Clock& clock) {
    if (!IsNews(event.action)) return std::nullopt;
    auto known = state.Lock();
    known->last_event = clock.Wall();
    if (event.action == "destroy") known->destroyed.insert(event.container_id);
    if (const auto expected = known->expected.find(event.container_id); expected != known->expected.end()) {
      const bool due = expected->second.until >= clock.Mono();
      if (due && expected->second.actions.contains(event.action)) return std::nullopt;
      // It went its own way: what comes now (a start by the engine) is news again.
      known->expected.erase(expected);
    }
    if (known->containers.contains(event.container_id)) known->stale.insert(event.container_id);
    else if (event.action == "destroy") return std::nullopt;
    else known->fresh.erase(event.owner_uid);
    return event.owner_uid;
  }
};

Observer::Observer(driver::Runtime& runtime, Clock& clock, Metrics& metrics, milliseconds resync,
                   std::function<void(const std::string&)> wake, std::function<void(const driver::RuntimeEvent&)> hear)
    : runtime_(runtime),
      clock_(clock),
      metrics_(metrics),
      resync_(resync),
      wake_(std::move(wake)),
      hear_(std::move(hear)),
      shared_(std::make_shared<Shared>()) {}

Observer::~Observer() = default;

Result<std::vector<Container>> Observer::Of(const std::string& owner_uid) {
  const bool fresh = shared_->state.Lock()->fresh.contains(owner_uid);
  const Result<void> seen = fresh ? LookAtStale(owner_uid) : ListOwner(owner_uid);
  auto state = shared_->state.Lock();
  state->problem = seen.ok() ? "" : seen.error().message;
  if (!seen.ok()) return seen.error();
  std::vector<Container> own;
  for (const auto& [id, container] : state->containers)
    if (OwnerOf(container) == owner_uid) own.push_back(container);
  return own;
}

Result<std::vector<Container>> Observer::All() {
  auto all = runtime_.List();
  shared_->state.Lock()->problem = all.ok() ? "" : all.error().message;
  return all;
}

Result<void> Observer::ListOwner(const std::string& owner_uid) {
  {
    auto state = shared_->state.Lock();
    std::erase_if(state->stale, [&](const std::string& id) {
      const auto known = state->containers.find(id);
      return known == state->containers.end() || OwnerOf(known->second) == owner_uid;
    });
    state->fresh.insert(owner_uid);  // what happens from now on makes it stale again
  }
  auto list = runtime_.ListOf(owner_uid);
  std::set<std::string> ids;
  if (list.ok())
    for (const Container& container : *list) ids.insert(container.id);
  const Result<void> believed = list.ok() ? Believe(owner_uid, ids) : Result<void>(list.error());
  auto state = shared_->state.Lock();
  if (!believed.ok()) {
    state->fresh.erase(owner_uid);
    return believed;
  }
  std::erase_if(state->containers, [&](const auto& entry) { return OwnerOf(entry.second) == owner_uid; });
  for (Container& container : *list) {
    std::string id = container.id;
    state->containers.insert_or_assign(std::move(id), std::move(container));
  }
  std::erase_if(state->destroyed, [&](const std::string& id) { return !state->containers.contains(id); });
  return {};
}

// Rule 7: what vanished without an event of it is asked for by id.
Result<void> Observer::Believe(const std::string& owner_uid, const std::set<std::string>& listed) {
  std::vector<std::string> vanished;
  {
    auto state = shared_->state.Lock();
    for (const auto& [id, container] : state->containers)
      if (OwnerOf(container) == owner_uid && !listed.contains(id) && !state->destroyed.contains(id))
        vanished.push_back(id);
  }
  if (vanished.size() > kMostQuestions) vanished.resize(kMostQuestions);
  for (const std::string& id : vanished) {
    const auto there = runtime_.Inspect(id);
    if (there.ok())
      return Error{Code::kUnavailable, StrCat("the engine's list leaves out container ", id.substr(0, 12),
                                              ", which is there: it is not believed")};
    if (there.error().code != Code::kNotFound) return there.error();
  }
  return {};
}

Result<void> Observer::LookAtStale(const std::string& owner_uid) {
  std::vector<std::string> ids;
  {
    auto state = shared_->state.Lock();
    for (const std::string& id : state->stale) {
      const auto known = state->containers.find(id);
      if (known != state->containers.end() && OwnerOf(known->second) == owner_uid) ids.push_back(id);
    }
    for (const std::string& id : ids) state->stale.erase(id);
  }
  for (const std::string& id : ids) {
    const auto seen = Look(id);
    if (seen.ok() || seen.error().code == Code::kNotFound) continue;
    shared_->state.Lock()->stale.insert(id);
    return seen.error();
  }
  return {};
}

Result<Container> Observer::Look(const std::string& id) {
  auto seen = runtime_.Inspect(id);
  if (seen.ok()) shared_->state.Lock()->containers.insert_or_assign(seen->id, *seen);
  else if (seen.error().code == Code::kNotFound) Drop(id);
  return seen;
}

void Observer::Expect(const std::string& id, std::set<std::string> actions) {
  const MonoTime now = clock_.Mono();
  auto state = shared_->state.Lock();
  std::erase_if(state->expected, [&](const auto& entry) { return entry.second.until < now; });
  state->expected[id] = {std::move(actions), now + kExpectFor};
}

void Observer::Drop(const std::string& id) { shared_->state.Lock()->containers.erase(id); }

void Observer::Doubt(const std::string& owner_uid) { shared_->state.Lock()->fresh.erase(owner_uid); }

bool Observer::Step() {
  const MonoTime now = clock_.Mono();
  bool subscribe = false;
  bool compare = false;
  {
    auto state = shared_->state.Lock();
    subscribe = !state->subscribed && now >= state->next_subscribe;
    compare = state->next_compare && now >= *state->next_compare;
    if (compare) state->next_compare = now + resync_;
  }
  // Subscribed first, looked at after: nothing falls between.
  if (subscribe && Subscribe()) wake_("");
  if (compare) Compare();
  return subscribe || compare;
}

// What an event did not tell of is found here. Everybody is looked at again when the whole differs from what is known.
void Observer::Compare() {
  const auto all = All();
  if (!all.ok()) return;
  std::set<std::string> wrong;
  {
    auto state = shared_->state.Lock();
    std::set<std::string> listed;
    for (const Container& container : *all) {
      listed.insert(container.id);
      const auto known = state->containers.find(container.id);
      if (known == state->containers.end() || known->second.state != container.state ||
          known->second.ip != container.ip)
        wrong.insert(OwnerOf(container));
    }
    for (const auto& [id, container] : state->containers)
      if (!listed.contains(id)) wrong.insert(OwnerOf(container));
    for (const std::string& owner : wrong) state->fresh.erase(owner);
  }
  for (const std::string& owner : wrong)
    if (!owner.empty()) wake_(owner);
}

bool Observer::Subscribe() {
  stream_.reset();
  std::optional<WallTime> since;
  {
    auto state = shared_->state.Lock();
    since = state->last_event;
    state->subscribed = true;
    state->next_subscribe = clock_.Mono() + kRetry;
    if (state->lost) metrics_.CountEventGap();
    state->lost = false;
  }
  const WallTime began = clock_.Wall();
  const auto on_event = [shared = shared_, wake = wake_, hear = hear_, &clock = clock_](const driver::RuntimeEvent& event) {
    if (hear) hear(event);
    if (event.of != driver::RuntimeEvent::Of::kOwn) return;
    if (const auto owner = shared->Learn(event, clock)) wake(*owner);
  };
  const auto on_end = [shared = shared_, &clock = clock_](Result<void>) {
    auto state = shared->state.Lock();
    state->lost = state->subscribed;
    state->subscribed = false;
    state->next_subscribe = clock.Mono() + kRetry;
  };
  auto stream = runtime_.Watch(since, on_event, on_end);
  {
    auto state = shared_->state.Lock();
    if (!stream.ok()) {
      state->subscribed = false;
      state->problem = stream.error().message;
      return false;
    }
    if (!state->last_event) state->last_event = began;
    state->fresh.clear();
    if (!state->next_compare) state->next_compare = clock_.Mono() + resync_;
  }
  stream_ = std::move(*stream);
  if (All().ok()) LogInfo("controller", "listening to the engine's events");
  return true;
}

std::string Observer::problem() const { return shared_->state.Lock()->problem; }

}  // namespace patchbay::controller
