#include "http/sessions.h"

#include <utility>
#include <vector>

#include "http/session.h"

namespace patchbay::http {
namespace {

constexpr std::string_view kUnix = "unix";

}  // namespace

Sessions::Sessions(const ServerOptions& options, Counters& counters)
    : most_(options.max_connections), most_per_address_(options.max_connections_per_address), counters_(counters) {}

bool Sessions::Admit(const std::string& address) {
  Counter* refusal = nullptr;
  {
    auto state = state_.Lock();
    if (state->stopping) return false;
    std::size_t* const share = address == kUnix ? nullptr : &state->per_address[address];
    if (state->admitted >= most_) {
      refusal = &counters_.too_many;
    } else if (share != nullptr && *share >= most_per_address_) {
      refusal = &counters_.too_many_per_address;
    } else {
      ++state->admitted;
      if (share != nullptr) ++*share;
    }
    if (share != nullptr && *share == 0) state->per_address.erase(address);
  }
  if (refusal != nullptr) {
    refusal->Add();
    return false;
  }
  counters_.connections.Add(1);
  return true;
}

void Sessions::Forget(State& state, const std::string& address) {
  --state.admitted;
  const auto share = state.per_address.find(address);
  if (share != state.per_address.end() && --share->second == 0) state.per_address.erase(share);
  left_.notify_all();
}

bool Sessions::Enter(const std::string& address, std::shared_ptr<Session> session) {
  {
    auto state = state_.Lock();
    if (!state->stopping) {
      Session* const key = session.get();
      state->open.emplace(key, std::move(session));
      return true;
    }
  }
  TurnAway(address);
  return false;
}

void Sessions::TurnAway(const std::string& address) {
  counters_.connections.Add(-1);
  Forget(*state_.Lock(), address);
}

void Sessions::Leave(const std::string& address, Session* session) {
  std::shared_ptr<Session> last;  // released after the lock
  {
    // Told before it is forgotten: once Stop() has seen the last one leave, the meter may go.
    counters_.connections.Add(-1);
    auto state = state_.Lock();
    const auto found = state->open.find(session);
    last = std::move(found->second);
    state->open.erase(found);
    Forget(*state, address);
  }
}

void Sessions::Sweep(MonoTime now) {
  std::vector<std::shared_ptr<Session>> late;
  {
    auto state = state_.Lock();
    for (const auto& [key, session] : state->open) {
      if (session->deadline() <= now) late.push_back(session);
    }
  }
  for (const auto& session : late) session->Wake();
}

bool Sessions::Stop(MonoTime deadline) {
  std::vector<std::shared_ptr<Session>> open;
  {
    auto state = state_.Lock();
    state->stopping = true;
    for (const auto& [key, session] : state->open) open.push_back(session);
  }
  for (const auto& session : open) session->Stop();
  open.clear();
  auto state = state_.Lock();
  return left_.wait_until(state.lock(), deadline, [&] { return state->admitted == 0; });
}

void Sessions::Abort() {
  std::vector<std::shared_ptr<Session>> open;
  {
    auto state = state_.Lock();
    for (const auto& [key, session] : state->open) open.push_back(session);
  }
  for (const auto& session : open) session->Abort();
  open.clear();
  auto state = state_.Lock();
  left_.wait(state.lock(), [&] { return state->admitted == 0; });
}

}  // namespace patchbay::http
