// The services of a Compose file as Plugins. Reads files (env_file) and nothing else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/compose_words.h"
#include "cli/imported.h"
#include "object/json.h"

namespace patchbay::cli {

// A container of the project that runs.
struct ComposeContainer {
  std::string id;
  std::string image;
  int number = 0;
};

struct ComposeProject {
  std::string name;
  std::string folder;                                            // of the file: relative paths start there
  Json file;                                                     // parsed and interpolated
  Variables variables;                                           // of the environment and .env
  std::map<std::string, std::vector<ComposeContainer>> running;  // by service
};

// A Plugin for each service but those of profiles, in the file's order. `skipped` names those with why. kInvalid: a
// service that stands in another file (extends), or is no map.
Result<std::vector<Imported>> ImportCompose(const ComposeProject& project, const std::string& ns,
                                            std::vector<std::string>& skipped);

}  // namespace patchbay::cli
