#include "harness/runtime/example_app.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace patchbay::driver {
namespace {

Result<int> PlayExec(const ContainerSpec& spec, const std::vector<std::string>& command) {
  if (command.size() == 3 && command[1] == "exit") return std::atoi(command[2].c_str());
  if (command.size() == 4 && command[1] == "verify") {
    const auto found = std::find_if(spec.files.begin(), spec.files.end(),
                                    [&](const ContainerFile& file) { return file.path == command[2]; });
    return found != spec.files.end() && found->content == command[3] ? 0 : 1;
  }
  if (command.size() == 3 && command[1] == "wait") return Error{Code::kTimeout, "the command took too long"};
  return 0;
}

}  // namespace

FakeBehaviour PlayExampleApp(const ContainerSpec& spec) {
  FakeBehaviour behaviour;
  behaviour.exec = PlayExec;
  const auto term =
      std::find(spec.env.begin(), spec.env.end(), std::pair<std::string, std::string>("ON_TERM", "ignore"));
  behaviour.ignores_term = term != spec.env.end();
  if (spec.args.size() != 2) return behaviour;
  const int number = std::atoi(spec.args[1].c_str());
  if (spec.args[0] == "exit") behaviour.exits_with = number;
  if (spec.args[0] != "print") return behaviour;
  for (int line = 1; line <= number; ++line) behaviour.prints.push_back(StrCat("line ", line));
  behaviour.exits_with = 0;
  return behaviour;
}

}  // namespace patchbay::driver
