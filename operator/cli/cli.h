// The command line: kubectl's habits on Patchbay's API. Exit codes: 0 done, 1 failed (diff and plan: there are
// differences), 2 wrong usage (diff and plan: failed).
#pragma once

#include "cli/flags.h"

namespace patchbay::cli {

int Run(int argc, char** argv, const Programs& programs);

}  // namespace patchbay::cli
