// Part of import_container.h: what stands in a container's HostConfig and NetworkSettings.
#pragma once

#include "cli/imported.h"
#include "object/json.h"

namespace patchbay::cli {

// Volumes, limits, networks, rights, restart policy; what a Plugin cannot say becomes a note.
void FillHostConfig(const Json& container, Imported& imported);

}  // namespace patchbay::cli
