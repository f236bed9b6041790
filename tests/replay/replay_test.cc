#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/text.h"
#include "replay/differences.h"
#include "replay/player.h"
#include "replay/transcript.h"

namespace patchbay::replay {
namespace {

class Replay : public ::testing::TestWithParam<std::string> {};

TEST_P(Replay, AnswersAsRecorded) {
  for (const auto& [request, mismatch] : Play(ReadTranscript(GetParam()))) {
    if (FindDifference({request, mismatch})) continue;
    ADD_FAILURE() << request << "\n  " << mismatch.place << "\n  recorded: " << mismatch.recorded.substr(0, 2000)
                  << "\n  ours:     " << mismatch.ours.substr(0, 2000);
  }
}

std::string NameOfCase(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, Replay, ::testing::ValuesIn(TranscriptNames()), NameOfCase);

TEST(Differences, AreAllNeeded) {
  std::set<std::size_t> needed;
  for (const std::string& name : TranscriptNames()) {
    for (const Finding& finding : Play(ReadTranscript(name))) {
      if (const auto found = FindDifference(finding)) needed.insert(*found);
    }
  }
  for (std::size_t i = 0; i < Differences().size(); ++i) {
    const Difference& each = Differences()[i];
    EXPECT_TRUE(each.sometimes || needed.contains(i))
        << each.request << "  " << each.place << "  " << each.ours << "\n  is no longer needed: " << each.reason;
  }
}

}  // namespace
}  // namespace patchbay::replay
