// `patchbay dev`: a private Postgres, a Caddy child, the engine that is there (or one of our own) and the operator, on
// this machine, until Ctrl-C.
#pragma once

#include <string>

#include "cli/flags.h"

namespace patchbay {

// Blocks until SIGINT or SIGTERM; the exit code.
int RunDev(const cli::DevFlags& flags, const std::string& version);

}  // namespace patchbay
