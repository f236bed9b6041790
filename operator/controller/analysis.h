// Whether a Canary's answers are good enough (spec.strategy.analysis). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "driver/gateway/answer_count.h"
#include "object/json.h"

namespace patchbay::controller {

// What is asked of the new containers at each step; what is absent is not.
struct Analysis {
  std::optional<int> most_errors;                         // percent of the answers with 5xx, or without any
  std::optional<std::chrono::milliseconds> most_latency;  // 95 % of the answers come within it
  int least_requests = 20;                                // before it is judged
};

// Nothing when the Plugin wishes none, or its strategy is not Canary.
std::optional<Analysis> ReadAnalysis(const Json& plugin);

struct Finding {
  enum class What { kNone, kWaits, kGood, kBad } what = What::kNone;  // kNone: nothing is asked
  std::string message;                                                // for a person
};

// `count`: of this step.
Finding Analyse(const Analysis& wish, const driver::AnswerCount& count);

}  // namespace patchbay::controller
