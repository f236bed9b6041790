// A ContainerSpec as the Docker Engine API's create request. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/runtime/runtime.h"
#include "object/json.h"

namespace patchbay::driver {

inline constexpr const char* kLabelImage = "patchbay.dev/image";  // as asked for: a list tells another name sometimes

// The body of POST /containers/create, labelled as of `installation`.
Json BuildCreateBody(const ContainerSpec& spec, const std::string& installation);

// Where a container's files are unpacked: one archive a folder. Usually only "/"; with a read-only root the folders of
// the files, each of which BuildCreateBody makes an unnamed volume.
struct FileArchive {
  std::string folder;
  std::string tar;
};
// kInvalid: a path that is not absolute, or a file in "/" of a read-only root.
Result<std::vector<FileArchive>> BuildArchives(const ContainerSpec& spec);

}  // namespace patchbay::driver
