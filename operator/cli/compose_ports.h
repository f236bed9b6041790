// Part of import_compose.h: the ports of a service of a Compose file.
#pragma once

#include "cli/imported.h"
#include "object/json.h"

namespace patchbay::cli {

// ports (short and long form) and expose; ranges, and a port published twice, become notes.
void FillComposePorts(const Json& service, Imported& imported);

}  // namespace patchbay::cli
