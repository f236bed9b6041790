// `patchbay operator`: the operator alone, until SIGINT or SIGTERM. SIGHUP reads the TLS files again.
#pragma once

#include "cli/flags.h"

namespace patchbay {

int RunOperator(const cli::OperatorFlags& flags);

}  // namespace patchbay
