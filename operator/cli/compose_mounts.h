// Part of import_compose.h: what a service of a Compose file mounts.
#pragma once

#include <string>

#include "cli/imported.h"
#include "object/json.h"

namespace patchbay::cli {

// volumes, tmpfs, and configs and secrets that are files. Relative paths start at `folder`.
void FillComposeMounts(const std::string& project, const std::string& folder, const Json& file, const Json& service,
                       Imported& imported);

}  // namespace patchbay::cli
