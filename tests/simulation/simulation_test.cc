// PATCHBAY_SEED=N replays one life; PATCHBAY_SEEDS=N lives that many, from the first (default 200).
#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/log.h"
#include "base/text.h"

namespace patchbay::controller {
namespace {

constexpr int kShares = 21;  // of the seeds, so that two processes can share them; odd: both sorts of lives in each

int Seeds() {
  const char* asked = std::getenv("PATCHBAY_SEEDS");
  return asked ? std::max(kShares, static_cast<int>(ParseInt(asked).value_or(0))) : 200;
}

class Lives : public testing::TestWithParam<int> {};

TEST_P(Lives, EndInTheWishedWorldAndKeepTheLaws) {
  if (const char* only = std::getenv("PATCHBAY_SEED")) {
    if (GetParam() != 0) return;
    EXPECT_EQ(Simulation(static_cast<std::uint64_t>(ParseInt(only).value_or(0))).Run(), "");
    return;
  }
  SetLog(LogLevel::kError, LogFormat::kText);
  int broken = 0;
  for (int seed = GetParam(); seed < Seeds() && broken < 3; seed += kShares) {
    const std::string outcome = Simulation(static_cast<std::uint64_t>(seed)).Run();
    if (outcome.empty()) continue;
    ++broken;
    ADD_FAILURE() << outcome << "\n  again: PATCHBAY_SEED=" << seed << " build/test/tests/simulation";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Lives, testing::Range(0, kShares));

}  // namespace
}  // namespace patchbay::controller
