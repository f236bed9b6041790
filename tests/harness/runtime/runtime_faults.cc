#include "harness/runtime/runtime_faults.h"

#include <array>

#include "base/text.h"

namespace patchbay::driver {

const char* RuntimeCallName(RuntimeCall call) {
  static constexpr std::array names{"version", "list",      "inspect", "create", "start", "stop",
                                    "remove",  "has-image", "pull",    "exec",   "logs",  "watch", "usage",
                                    "list-images", "remove-image", "list-publishing", "image-id"};
  return names.at(static_cast<std::size_t>(call));
}

bool IsAction(RuntimeCall call) {
  return call == RuntimeCall::kCreate || call == RuntimeCall::kStart || call == RuntimeCall::kStop ||
         call == RuntimeCall::kRemove || call == RuntimeCall::kPull ||
         call == RuntimeCall::kRemoveImage;
}

void RuntimeFaults::FailBefore(RuntimeCall call, int nth, Error error) {
  state_.Lock()->before.emplace(call, Fault{nth, std::move(error)});
}

void RuntimeFaults::FailAfter(RuntimeCall call, int nth, Error error) {
  state_.Lock()->after.emplace(call, Fault{nth, std::move(error)});
}

void RuntimeFaults::SetAway(bool away) { state_.Lock()->away = away; }

void RuntimeFaults::SetHook(std::function<void(RuntimeCall, const std::string&)> hook) {
  state_.Lock()->hook = std::move(hook);
}

void RuntimeFaults::SetHookAfter(std::function<void(RuntimeCall)> hook) { state_.Lock()->hook_after = std::move(hook); }

int RuntimeFaults::Count(RuntimeCall call) const {
  auto state = state_.Lock();
  const auto found = state->counts.find(call);
  return found == state->counts.end() ? 0 : found->second;
}

int RuntimeFaults::Actions() const {
  auto state = state_.Lock();
  int total = 0;
  for (const auto& [call, count] : state->counts)
    if (IsAction(call)) total += count;
  return total;
}

std::vector<std::string> RuntimeFaults::History() const { return state_.Lock()->history; }

void RuntimeFaults::ForgetHistory() {
  auto state = state_.Lock();
  state->counts.clear();
  state->history.clear();
}

std::optional<Error> RuntimeFaults::Count(std::multimap<RuntimeCall, Fault>& faults, RuntimeCall call) {
  std::optional<Error> due;
  auto [at, end] = faults.equal_range(call);
  while (at != end) {
    if (--at->second.countdown > 0) {
      ++at;
      continue;
    }
    due = std::move(at->second.error);
    at = faults.erase(at);
  }
  return due;
}

std::optional<Error> RuntimeFaults::Enter(RuntimeCall call, const std::string& subject) {
  std::function<void(RuntimeCall, const std::string&)> hook;
  {
    auto state = state_.Lock();
    ++state->counts[call];
    if (IsAction(call)) state->history.push_back(StrCat(RuntimeCallName(call), " ", subject));
    hook = state->hook;
  }
  if (hook) hook(call, subject);
  auto state = state_.Lock();
  if (state->away) return Error{Code::kUnavailable, "no container engine answers (on purpose)"};
  return Count(state->before, call);
}

std::optional<Error> RuntimeFaults::Leave(RuntimeCall call) {
  if (const auto hook = state_.Lock()->hook_after) hook(call);
  return Count(state_.Lock()->after, call);
}

}  // namespace patchbay::driver
