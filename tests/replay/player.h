// Plays a transcript against a server of ours, request after request.
#pragma once

#include <string>
#include <vector>

#include "replay/comparison.h"
#include "replay/transcript.h"

namespace patchbay::replay {

// Everything in which our answer to one request differs from the recorded one.
struct Finding {
  std::string request;  // "create #4 GET /api?timeout=32s"
  Mismatch mismatch;
};

std::vector<Finding> Play(const Transcript& transcript);

}  // namespace patchbay::replay
