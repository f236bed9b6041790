// Webhooks: sends what is due, one message per webhook at a time, several webhooks at once; a slow one delays nobody
// else. A disabled webhook, or one whose secret is missing, is paused: its messages wait and none is lost. Visits write
// the status. Thread-safe; Step is for one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "controller/conditions.h"
#include "controller/crew.h"
#include "controller/lookup.h"
#include "controller/metrics.h"
#include "controller/outcome.h"
#include "driver/notifier/notifier.h"
#include "store/store.h"

namespace patchbay::controller {

// A Webhook's spec, with what it refers to.
struct WebhookWish {
  Key key;
  std::string uid;
  std::int64_t generation = 0;
  driver::Message message;  // all but id and payload
  int attempts_most = 10;
  std::chrono::seconds backoff_first{5};
  std::chrono::seconds backoff_most{3'600};
  std::optional<Key> secret;
  std::string paused_reason;  // "" when it is sent to; Disabled, SecretNotFound, EndpointGone
  std::string paused_message;
};
WebhookWish ReadWebhook(const Json& object, const Lookup& lookup);
// Before the try after `attempt` (0 is the first): doubles with each, a little spread, never above the most.
std::chrono::milliseconds WebhookBackoff(const WebhookWish& wish, int attempt, Random& random);

class WebhookController {
 public:
  struct Parts {
    cache::Cache& cache;
    cache::Committer& committer;
    store::Store& store;
    driver::Notifier& notifier;
    Clock& clock;
    Random& random;
    Metrics& metrics;
    int senders = 8;
    std::chrono::milliseconds interval{1'000};
  };
  // `wake_later`: this webhook's status is to be written within a second. `rouse`: Step has something to do.
  WebhookController(Parts parts, std::function<void(const Key&)> wake_later, std::function<void()> rouse);

  void Start() { crew_.Start(parts_.senders); }
  void Stop() { crew_.Stop(); }

  // Something was committed: messages may be due.
  void Hint();
  // Claims what is due; senders send it. True when a message was claimed.
  bool Step();
  // Sends one claimed message on the caller's thread, when nothing was started.
  bool Turn() { return crew_.Turn(); }
  MonoTime next_due() const;
  Outcome Visit(const Key& key);

 private:
  struct Known {
    Revision revision = 0;
    Revision secret = 0;  // of the Secret it was read with
    WebhookWish wish;
  };
  struct Last {
    std::string id;
    std::string event;
    int attempt = 0;
    std::string time;
    int status = 0;
    std::int64_t milliseconds = 0;
    std::string outcome;
    std::string error;
    std::string triggered;
  };
  void ReadWebhooks();
  void Send(const WebhookWish& wish, const store::Delivery& delivery);
  store::Settlement Judge(const WebhookWish& wish, const store::Delivery& delivery,
                          const Result<driver::Receipt>& receipt);
  void Settle(const WebhookWish& wish, const store::Delivery& delivery, const store::Settlement& settlement,
              const Result<driver::Receipt>& receipt);

  const Parts parts_;
  const std::function<void(const Key&)> wake_later_;
  const std::function<void()> rouse_;
  struct State {
    MonoTime next{};
    MonoTime last{};
    int under_way = 0;
    std::set<std::string> gone;  // uids that answered 410, until their status says so
    std::map<Key, Last> lasts;
  };
  mutable Guarded<State> state_;
  std::map<std::string, Known> known_;  // by uid; of the thread that steps
  Crew crew_;
};

}  // namespace patchbay::controller
