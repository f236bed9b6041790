// main() of a benchmark: a folder of its own that goes with it, and --quick.
#pragma once

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

namespace patchbay::bench {

// The exit code of `run`, called with the folder and with `quick` when the first argument asks for it, else `full`.
template <class Scale>
int RunIn(int argc, char** argv, Scale full, Scale quick, int (*run)(const std::string& folder, Scale scale)) {
  const bool hurried = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  std::string folder = (std::filesystem::temp_directory_path() / "patchbay-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const int status = run(folder, hurried ? quick : full);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return status;
}

}  // namespace patchbay::bench
