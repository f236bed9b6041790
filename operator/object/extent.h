// Which requests a route may take, roughly: rather too many than too few. Pure.
#pragma once

#include <string>
#include <vector>

namespace patchbay {

struct Extent {
  std::vector<std::string> hosts;     // empty: all; "*.example.org"
  std::vector<std::string> prefixes;  // what the paths begin with; empty, "" and "/": all
};

// May one request be for both?
bool Overlap(const Extent& a, const Extent& b);

}  // namespace patchbay
