// db migrate, status, cleanup, reset, verify: care for the database, without a running operator.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "base/text.h"
#include "cli/commands.h"

namespace patchbay::cli {}  // namespace patchbay::cli
