// SIGINT, SIGTERM and SIGHUP, taken where we wait for them instead of wherever they strike. SIGPIPE is ignored.
// REQUIRES: made before any other thread, which inherits the mask.
#pragma once

#include <signal.h>

#include <chrono>

namespace patchbay {

class Signals {
 public:
  Signals();
  int Wait() const;                                    // blocks
  int WaitFor(std::chrono::milliseconds time) const;  // 0 when none came

 private:
  sigset_t set_;
};

}  // namespace patchbay
