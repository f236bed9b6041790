#include "cli/cli.h"
#include "dev_program.h"
#include "operator_program.h"

int main(int argc, char** argv) {
  patchbay::cli::Programs programs;
  programs.version = "v" PATCHBAY_VERSION;
  programs.run_operator = patchbay::RunOperator;
  programs.run_dev = [&](const patchbay::cli::DevFlags& flags) { return patchbay::RunDev(flags, programs.version); };
  return patchbay::cli::Run(argc, argv, programs);
}
