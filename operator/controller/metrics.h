// What this room counts. References into the Meter, taken once. Thread-safe.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "base/meter.h"

namespace patchbay::controller {

class Metrics {
 public:
  enum class Visit { kConverged, kAgain, kFailed };
  enum class Kind { kPlugin, kRoute, kWebhook };
  enum class Act { kPull, kCreate, kStart, kStop, kRemove, kRemoveImage };
  enum class Message { kDelivered, kRetry, kFailed };

  explicit Metrics(Meter& meter, const std::string& gateway);

  void CountVisit(Kind kind, Visit outcome, double seconds) {
    visits_[Index(kind)][Index(outcome)]->Add();
    seconds_[Index(kind)]->Observe(seconds);
  }
  void CountAct(Act act, bool ok) { acts_[Index(act)][ok ? 0 : 1]->Add(); }
  void CountPublish(bool ok, double seconds) {
    publishes_[ok ? 0 : 1]->Add();
    publish_seconds_->Observe(seconds);
  }
  void CountMessage(Message outcome) { messages_[Index(outcome)]->Add(); }
  void CountEventGap() { gaps_->Add(); }
  void CountGatewayDrift(int routes) { gateway_drift_->Add(routes); }
  void CountPruneRefused() { prune_refused_->Add(); }
  // Containers whose owner is gone and which stay: too many to be removed, protected.
  void SetOrphans(int refused, int held) {
    orphans_[0]->Set(refused);
    orphans_[1]->Set(held);
  }

 private:
  template <class E>
  static std::size_t Index(E value) { return static_cast<std::size_t>(value); }

  std::array<std::array<Counter*, 3>, 3> visits_;
  std::array<Histogram*, 3> seconds_;
  std::array<std::array<Counter*, 2>, 6> acts_;
  std::array<Counter*, 2> publishes_;
  Histogram* publish_seconds_;
  std::array<Counter*, 3> messages_;
  Counter* gaps_;
  Counter* prune_refused_;
  Counter* gateway_drift_;
  std::array<Gauge*, 2> orphans_;
};

}  // namespace patchbay::controller
