#include "controller/webhook.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Sent = store::Settlement::State;

constexpr milliseconds kGather{20};  // a burst of commits is one claim
constexpr seconds kLeaseSpare{30};   // above a message's own time limit

}  // namespace

WebhookWish ReadWebhook(const Json& object, const Lookup& lookup) {
  static const Json kNone = Json::object();
  const Json* found = Find(object, {"spec"});
  const Json& spec = found ? *found : kNone;
  WebhookWish wish;
  wish.key = {std::string(kWebhooks), NamespaceOf(object), NameOf(object)};
  wish.uid = UidOf(object);
  wish.generation = GenerationOf(object);
  wish.message.url = FindString(spec, {"url"});
  wish.message.timeout = seconds(FindInt(spec, {"timeoutSeconds"}, 15));
  if (const Json* headers = Find(spec, {"headers"}); headers && headers->is_array())
    for (const Json& header : *headers)
      wish.message.headers.emplace_back(FindString(header, {"name"}), FindString(header, {"value"}));
  wish.attempts_most = static_cast<int>(FindInt(spec, {"retry", "maxAttempts"}, 10));
  wish.backoff_first = seconds(FindInt(spec, {"retry", "minBackoffSeconds"}, 5));
  wish.backoff_most = seconds(FindInt(spec, {"retry", "maxBackoffSeconds"}, 3'600));
  if (const std::string name = FindString(spec, {"secretRef", "name"}); !name.empty()) {
    wish.secret = Key{std::string(kSecrets), wish.key.ns, name};
    const std::string entry = FindString(spec, {"secretRef", "key"}, "secret");
    if (const auto secret = lookup(*wish.secret, entry)) {
      wish.message.secrets.push_back(std::string(Trim(*secret)));
    } else {
      wish.paused_reason = "SecretNotFound";
      wish.paused_message = StrCat("Secret \"", name, "\" has no key \"", entry, "\", or does not exist; messages wait");
    }
  }
  if (!FindBool(spec, {"enabled"}, true)) {
    wish.paused_reason = "Disabled";
    wish.paused_message = "the webhook is disabled; messages wait";
  }
  const auto ready = FindCondition(object, "Ready");
  if (ready && ready->reason == "EndpointGone" && FindInt(object, {"status", "observedGeneration"}) == wish.generation) {
    wish.paused_reason = ready->reason;
    wish.paused_message = ready->message;
  }
  return wish;
}

milliseconds WebhookBackoff(const WebhookWish& wish, int attempt, Random& random) {
  const milliseconds most = std::max(wish.backoff_first, wish.backoff_most);
  milliseconds wait = wish.backoff_first;
  for (int i = 0; i < attempt && wait < most; ++i) wait *= 2;
  wait = std::min(wait, most);
  const double spread = 0.9 + 0.1 * random.Unit();
  return milliseconds(static_cast<std::int64_t>(static_cast<double>(wait.count()) * spread));
}

WebhookController::WebhookController(Parts parts, std::function<void(const Key&)> wake_later,
                                     std::function<void()> rouse)
    : parts_(parts), wake_later_(std::move(wake_later)), rouse_(std::move(rouse)) {}

void WebhookController::Hint() {
  if (parts_.cache.Count(kWebhooks) == 0) return;
  {
    auto state = state_.Lock();
    const MonoTime soon = parts_.clock.Mono() + kGather;
    if (state->next <= soon) return;
    state->next = soon;
  }
  rouse_();
}

MonoTime WebhookController::next_due() const { return state_.Lock()->next; }

void WebhookController::ReadWebhooks() {
  std::map<std::string, Known> known;
  const auto secret_of = [this](const WebhookWish& wish) {
    const auto entry = wish.secret ? parts_.cache.Get(*wish.secret) : nullptr;
    return entry ? entry->revision : 0;
  };
  for (const auto& entry : parts_.cache.All(kWebhooks)) {
    const auto old = known_.find(entry->uid);
    if (old != known_.end() && old->second.revision == entry->revision &&
        old->second.secret == secret_of(old->second.wish)) {
      known.emplace(entry->uid, std::move(old->second));
    } else if (const auto object = ReadObject(*entry)) {
      Known fresh{entry->revision, 0, ReadWebhook(*object, LookupIn(parts_.cache))};
      fresh.secret = secret_of(fresh.wish);
      known.emplace(entry->uid, std::move(fresh));
    }
  }
  known_ = std::move(known);
}

bool WebhookController::Step() {
  const MonoTime now = parts_.clock.Mono();
  int free = 0;
  std::vector<std::string> paused;
  {
    auto state = state_.Lock();
    if (now < state->next) return false;
    state->next = now + parts_.interval;
    free = parts_.senders - state->under_way;
    paused.assign(state->gone.begin(), state->gone.end());
  }
  if (free <= 0 || parts_.cache.Count(kWebhooks) == 0) return false;
  ReadWebhooks();
  seconds lease = kLeaseSpare;
  for (const auto& [uid, known] : known_) {
    if (!known.wish.paused_reason.empty()) paused.push_back(uid);
    lease = std::max(lease, std::chrono::ceil<seconds>(known.wish.message.timeout) + kLeaseSpare);
  }
  const auto claimed = parts_.store.Claim(free, lease, paused);
  if (!claimed.ok()) return false;
  for (const store::Delivery& delivery : *claimed) {
    const auto known = known_.find(delivery.webhook_uid);
    if (known == known_.end()) {
      static_cast<void>(parts_.store.Settle({delivery.id, Sent::kFailed, {}, 0, "the webhook was deleted"}));
      continue;
    }
    ++state_.Lock()->under_way;
    crew_.Post([this, wish = known->second.wish, delivery] { Send(wish, delivery); });
  }
  return !claimed->empty();
}

void WebhookController::Send(const WebhookWish& wish, const store::Delivery& delivery) {
  driver::Message message = wish.message;
  message.id = delivery.message_id;
  message.payload = delivery.payload;
  const auto receipt = parts_.notifier.Send(message);
  Settle(wish, delivery, Judge(wish, delivery, receipt), receipt);
  {
    auto state = state_.Lock();
    --state->under_way;
    state->next = std::min(state->next, parts_.clock.Mono());  // the webhook's next message may be due
  }
  rouse_();
}

store::Settlement WebhookController::Judge(const WebhookWish& wish, const store::Delivery& delivery,
                                           const Result<driver::Receipt>& receipt) {
  store::Settlement settlement{delivery.id, Sent::kDelivered, {}, receipt.ok() ? receipt->status : 0, ""};
  if (receipt.ok() && receipt->status >= 200 && receipt->status < 300) return settlement;
  settlement.error = receipt.ok() ? StrCat("the receiver answered ", receipt->status) : receipt.error().message;
  const bool last = delivery.attempt + 1 >= wish.attempts_most;
  const bool hopeless = !receipt.ok() && receipt.error().code == Code::kInvalid;
  settlement.state = last || hopeless ? Sent::kFailed : Sent::kRetry;
  settlement.retry_after = WebhookBackoff(wish, delivery.attempt, parts_.random);
  if (receipt.ok() && receipt->retry_after)
    settlement.retry_after = std::max(settlement.retry_after, std::min<milliseconds>(*receipt->retry_after, std::chrono::hours(24)));
  if (receipt.ok() && receipt->status == 410) settlement.state = Sent::kRetry;  // kept: paused until the spec changes
  return settlement;
}

void WebhookController::Settle(const WebhookWish& wish, const store::Delivery& delivery,
                               const store::Settlement& settlement, const Result<driver::Receipt>& receipt) {
  const auto settled = parts_.store.Settle(settlement);
  if (!settled.ok())  // the lease ends and it is sent again, under the same id
    LogWarn("controller", "a delivery could not be settled", {{"error", settled.error().message}});
  const auto outcome = settlement.state == Sent::kDelivered ? Metrics::Message::kDelivered
                       : settlement.state == Sent::kRetry   ? Metrics::Message::kRetry
                                                             : Metrics::Message::kFailed;
  parts_.metrics.CountMessage(outcome);
  const char* word = settlement.state == Sent::kDelivered ? "Delivered"
                     : settlement.state == Sent::kRetry   ? "Retrying"
                                                           : "Failed";
  {
    auto state = state_.Lock();
    if (settlement.status == 410) state->gone.insert(wish.uid);
    Last& last = state->lasts[wish.key];
    last.id = delivery.message_id;
    last.event = delivery.type;
    last.attempt = delivery.attempt + 1;
    last.time = FormatTime(parts_.clock.Wall());
    last.status = settlement.status;
    last.milliseconds = receipt.ok() ? receipt->took.count() : 0;
    last.outcome = word;
    last.error = settlement.error;
    last.triggered = std::max(last.triggered, FormatTime(delivery.created));
  }
  wake_later_(wish.key);
}

}  // namespace patchbay::controller
