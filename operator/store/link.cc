#include "store/link.h"

#include "base/log.h"
#include "base/text.h"
#include "store/session.h"

namespace patchbay::store {

Link::Link(Meter& meter)
    : state_(Health{false, "not connected yet"}),
      up_(meter.AddGauge("patchbay_store_up", "1 while the database answers.")) {}

void Link::SetUp() {
  {
    auto state = state_.Lock();
    if (state->ok) return;
    *state = {true, "connected"};
    is_up_ = true;
  }
  up_.Set(1);
  LogInfo("store", "connected");
}

void Link::SetDown(const Error& error) {
  {
    auto state = state_.Lock();
    const bool known = !state->ok && state->message == error.message;
    *state = {false, error.message};
    is_up_ = false;
    if (known) return;
  }
  up_.Set(0);
  LogWarn("store", "the database cannot be used", {{"error", error.message}});
}

Error Link::Away() const {
  const Health health = state_.Copy();
  return {Code::kUnavailable, health.message, {}, kRetryAfter};
}

}  // namespace patchbay::store
