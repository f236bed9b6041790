#include "controller/analysis.h"

#include "base/clock.h"
#include "base/text.h"

namespace patchbay::controller {

std::optional<Analysis> ReadAnalysis(const Json& plugin) {
  const Json* spec = Find(plugin, {"spec", "strategy", "analysis"});
  if (spec == nullptr || !spec->is_object() || FindString(plugin, {"spec", "strategy", "type"}) != "Canary") return std::nullopt;
  Analysis analysis;
  if (Find(*spec, {"maxErrorPercent"}) != nullptr) analysis.most_errors = static_cast<int>(FindInt(*spec, {"maxErrorPercent"}));
  if (const auto latency = ParseDuration(FindString(*spec, {"maxLatency"}))) analysis.most_latency = *latency;
  analysis.least_requests = static_cast<int>(FindInt(*spec, {"minRequests"}, analysis.least_requests));
  return analysis;
}

Finding Analyse(const Analysis& wish, const driver::AnswerCount& count) {
  using What = Finding::What;
  constexpr int kSlowPercent = 5;
  const std::int64_t all = count.requests();
  if (all < wish.least_requests || all == 0)
    return {What::kWaits, StrCat("waits for ", wish.least_requests, " answers of the new ones to judge them by: ", all, " so far")};
  const std::int64_t slow = wish.most_latency ? count.CountSlower(*wish.most_latency) : 0;
  if (wish.most_errors && count.failed() * 100 > all * *wish.most_errors)
    return {What::kBad, StrCat(count.failed(), " of ", all, " answers of the new ones were errors (5xx or none), at most ",
                               *wish.most_errors, " % may be")};
  if (slow * 100 > all * kSlowPercent)
    return {What::kBad, StrCat(slow, " of ", all, " answers of the new ones took longer than ", wish.most_latency->count(),
                               " ms, at most ", kSlowPercent, " % may")};
  return {What::kGood, StrCat(all, " answers of the new ones, ", count.failed(), " errors, ", slow, " too slow")};
}

}  // namespace patchbay::controller
