#include "replay/differences.h"

#include <string_view>

namespace patchbay::replay {
namespace {

// '*' is any text; every other character is itself.
bool Fits(std::string_view pattern, std::string_view text) {
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  std::size_t p = 0;
  for (std::size_t t = 0; t < text.size();) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

const std::vector<Difference>& Differences() {
  static const std::vector<Difference> all = {
      // --- What newer servers do -------------------------------------------------------------------------------------
      {"* GET /openapi/v3*", "status", "200", "Newer servers have OpenAPI v3."},
  };
  return all;
}

std::optional<std::size_t> FindDifference(const Finding& finding) {
  const std::vector<Difference>& all = Differences();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (Fits(all[i].request, finding.request) && Fits(all[i].place, finding.mismatch.place) &&
        Fits(all[i].ours, finding.mismatch.ours)) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace patchbay::replay
