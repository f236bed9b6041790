#include "controller/metrics.h"

namespace patchbay::controller {

Metrics::Metrics(Meter& meter, const std::string& gateway) {
  const std::array kinds{"Plugin", "Route", "Webhook"};
  const std::array outcomes{"converged", "again", "failed"};
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    for (std::size_t outcome = 0; outcome < outcomes.size(); ++outcome)
      visits_[kind][outcome] = &meter.AddCounter("patchbay_controller_reconciles_total", "Visits of keys.",
                                                 {{"kind", kinds[kind]}, {"outcome", outcomes[outcome]}});
    seconds_[kind] = &meter.AddHistogram("patchbay_controller_reconcile_seconds", "Time of one visit of a key.",
                                         {{"kind", kinds[kind]}});
  }
  const std::array acts{"pull", "create", "start", "stop", "remove", "remove-image"};
  const std::array ends{"ok", "error"};
  for (std::size_t act = 0; act < acts.size(); ++act)
    for (std::size_t end = 0; end < ends.size(); ++end)
      acts_[act][end] = &meter.AddCounter("patchbay_container_actions_total", "Calls that change containers and images.",
                                          {{"action", acts[act]}, {"outcome", ends[end]}});
  for (std::size_t end = 0; end < ends.size(); ++end)
    publishes_[end] = &meter.AddCounter("patchbay_gateway_publishes_total", "Publishes of the routes to the gateway.",
                                        {{"gateway", gateway}, {"outcome", ends[end]}});
  publish_seconds_ = &meter.AddHistogram("patchbay_gateway_publish_seconds", "Time of one publish, read back included.");
  const std::array sent{"delivered", "retry", "failed"};
  for (std::size_t end = 0; end < sent.size(); ++end)
    messages_[end] = &meter.AddCounter("patchbay_webhook_deliveries_total", "Attempts to deliver webhook messages.",
                                       {{"outcome", sent[end]}});
  gaps_ = &meter.AddCounter("patchbay_engine_event_gaps_total", "Times the engine's event stream was lost.");
  prune_refused_ = &meter.AddCounter("patchbay_controller_prune_refused_total",
                                     "Times orphans were left alone because there were too many at once.");
  gateway_drift_ = &meter.AddCounter("patchbay_gateway_drift_total",
                                     "Routes that the gateway was found to have otherwise, to have lost, or to have too many.");
  const std::array reasons{"budget", "protected"};
  for (std::size_t reason = 0; reason < reasons.size(); ++reason)
    orphans_[reason] = &meter.AddGauge("patchbay_orphan_containers", "Containers without an owner that stay, and why.",
                                       {{"reason", reasons[reason]}});
}

}  // namespace patchbay::controller
