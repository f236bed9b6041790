// Completion scripts for shells, made from the command tree. Pure.
#pragma once

#include <string>
#include <vector>

namespace patchbay::cli {

struct CommandWords {
  std::string name;
  std::string description;
  std::vector<std::string> flags;
  std::vector<std::string> subcommands;
};

// `shell` is bash, zsh or fish. Objects' names are asked from the server as one types.
std::string CompletionScript(const std::string& shell, const std::vector<CommandWords>& commands);

}  // namespace patchbay::cli
