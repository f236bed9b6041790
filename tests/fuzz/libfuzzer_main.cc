// PATCHBAY_FUZZ=yaml patchbay_fuzz [libFuzzer's options] CORPUS...: one program for all targets, so that their code is
// built once.
#include <cstdio>
#include <cstdlib>

#include "fuzz.h"

namespace {

const patchbay::fuzz::Target& Chosen() {
  static const patchbay::fuzz::Target* const kChosen = [] {
    const char* name = std::getenv("PATCHBAY_FUZZ");
    const auto* target = patchbay::fuzz::FindTarget(name == nullptr ? "" : name);
    if (target == nullptr) {
      std::fprintf(stderr, "PATCHBAY_FUZZ names the target, one of:");
      for (const auto& each : patchbay::fuzz::Targets()) std::fprintf(stderr, " %s", each.name);
      std::fprintf(stderr, "\n");
      std::exit(2);
    }
    return target;
  }();
  return *kChosen;
}

}  // namespace

void patchbay::fuzz::Report(const std::string& broken_law) {
  std::fprintf(stderr, "a law is broken: %s\n", broken_law.c_str());
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Chosen().run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
