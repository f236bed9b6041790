// What kubectl shows of a Pod in its table and no single field says. Pure.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "object/json.h"

namespace patchbay {

// "pod-ready": "1/1"; "pod-status": "Running", "CrashLoopBackOff", "Terminating"...; "pod-restarts": "2 (5m ago)". By the
// rules of kubernetes/pkg/printers/internalversion/printers.go (printPod), for pods without init containers.
std::string PodCell(std::string_view format, const Json& pod, WallTime now);

}  // namespace patchbay
