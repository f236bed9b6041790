// The one table of what differs from the recorded answers on purpose, or because we do not serve it (yet).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "replay/player.h"

namespace patchbay::replay {

struct Difference {
  // Patterns ('*' is any text): of Finding::request, of Mismatch::place, and of what we answer there.
  const char* request;
  const char* place;
  const char* ours;
  const char* reason;      // a sentence
  bool sometimes = false;  // it hangs on a race with a thread of the server's own: not needed in every run
};

std::span<const Difference> Differences();
// The place in Differences() of the first that covers it; nothing when none does.
std::optional<std::size_t> FindDifference(const Finding& finding);

}  // namespace patchbay::replay
