// What the fuzzers share. A target takes any bytes and holds the code to its laws; libFuzzer (libfuzzer_main.cc) and
// GoogleTest (regressions_test.cc) run the same targets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace patchbay::fuzz {

struct Target {
  const char* name;
  void (*run)(std::string_view input);
};
const std::vector<Target>& Targets();
const Target* FindTarget(std::string_view name);  // nullptr: there is none

// A law does not hold. Whoever runs the targets says what becomes of it.
void Report(const std::string& broken_law);

template <class... Pieces>
void Demand(bool holds, const Pieces&... law) {
  if (!holds) Report(StrCat(law...));
}

// Bytes as choices; when they are used up every choice is the first.
class Choices {
 public:
  explicit Choices(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t Below(std::uint64_t bound);  // bound > 0
  bool done() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

// The input in parts, divided by lines of "---"; always as many as asked for, missing ones are empty.
std::vector<std::string_view> Parts(std::string_view input, std::size_t count);

// For a few of the inputs: `read` of the pattern, a part of it, written again and again takes no more processor time
// than a linear reader would. Catches what is quadratic in a repeated pattern.
void DemandLinear(std::string_view input, std::string_view pattern, const std::function<void(std::string_view)>& read);

}  // namespace patchbay::fuzz
