// How a visit of a key ended. One switch (core.cc) turns it into queue, metric and log.
#pragma once

#include <chrono>
#include <variant>

#include "base/result.h"

namespace patchbay::controller {

struct Converged {};                                  // the world is as wished; the next resync looks again
struct CheckAgain { std::chrono::milliseconds after{0}; };  // under way: a look is due then, or earlier when woken
struct Failed { Error error; };                       // again with this key's backoff, or error.retry_after

using Outcome = std::variant<Converged, CheckAgain, Failed>;

}  // namespace patchbay::controller
