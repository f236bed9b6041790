#include "base/text.h"
#include "controller/webhook.h"

namespace patchbay::controller {
namespace {

using Way = Standing::Way;

Standing StandingOf(const WebhookWish& wish, bool gone) {
  if (wish.paused_reason == "Disabled") return {Way::kReady, "Disabled", wish.paused_message};
  if (gone || wish.paused_reason == "EndpointGone")
    return {Way::kStalled, "EndpointGone", "the receiver answered 410 Gone: paused until the spec changes; messages wait"};
  if (!wish.paused_reason.empty()) return {Way::kUnderWay, wish.paused_reason, wish.paused_message};
  return {Way::kReady, "Sending", "events are delivered"};
}

}  // namespace

Outcome WebhookController::Visit(const Key& key) {
  const auto object = ReadObject(parts_.cache, key);
  if (!object) {
    state_.Lock()->lasts.erase(key);
    return Converged{};
  }
  const WebhookWish wish = ReadWebhook(*object, LookupIn(parts_.cache));
  const auto counts = parts_.store.CountDeliveries(wish.uid);
  if (!counts.ok()) return Failed{counts.error()};
  std::optional<Last> last;
  bool gone = false;
  {
    auto state = state_.Lock();
    if (const auto found = state->lasts.find(key); found != state->lasts.end()) last = found->second;
    gone = state->gone.contains(wish.uid);
  }
  const std::string now = FormatTime(parts_.clock.Wall());
  const auto written = parts_.committer.Update(key, wish.uid, [&](Json& webhook, cache::Committer::Notes& notes) {
    if (GenerationOf(webhook) != wish.generation) return;
    SetStatus(webhook, "pending", counts->pending);
    SetStatus(webhook, "delivered", counts->delivered);
    SetStatus(webhook, "failed", counts->failed);
    if (last) {
      SetStatus(webhook, "lastTriggeredTime", last->triggered);
      SetStatus(webhook, "lastDelivery",
                {{"id", last->id}, {"event", last->event}, {"attempt", last->attempt}, {"time", last->time},
                 {"httpStatus", last->status}, {"durationMilliseconds", last->milliseconds},
                 {"outcome", last->outcome}, {"error", last->error}});
      SetStatus(webhook, "lastError", last->error.empty() ? Json() : Json(last->error));
    }
    const Standing standing = StandingOf(wish, gone);
    const auto before = FindCondition(webhook, "Ready");
    if (standing.reason == "EndpointGone" && (!before || before->reason != standing.reason))
      notes.events.push_back({true, standing.reason, standing.message});
    SetStanding(webhook, standing, wish.generation, now);
  });
  if (!written.ok() && written.error().code != Code::kNotFound) return Failed{written.error()};
  if (gone) {
    auto state = state_.Lock();
    state->gone.erase(wish.uid);  // the condition says it now
  }
  return Converged{};
}

}  // namespace patchbay::controller
