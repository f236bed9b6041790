// Chance comes through a seeded generator, so that a test can replay it. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>

#include "base/guarded.h"

namespace patchbay {

class Random {
 public:
  Random();                             // seeded by the machine
  explicit Random(std::uint64_t seed);  // the same sequence every time

  std::uint64_t Next();
  double Unit();                               // [0, 1)
  std::uint64_t Below(std::uint64_t bound);    // [0, bound); bound > 0
  std::string Uuid();                          // RFC 4122 version 4, lower case
  std::string Suffix(int length);              // Kubernetes' alphabet for generateName (bcdfghjklmnpqrstvwxz2456789)
  std::string Bytes(int count);                // from the kernel for Random(), from the seed otherwise: keys and secrets
  // Exponential backoff with full jitter in the upper half: [d/2, d) for d = min(first * 2^attempt, most).
  std::chrono::milliseconds Backoff(int attempt, std::chrono::milliseconds first, std::chrono::milliseconds most);

 private:
  const bool from_machine_;
  Guarded<std::mt19937_64> engine_;
};

}  // namespace patchbay
