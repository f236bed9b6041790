// Does what a plan says, through the engine. Steps of one container one after the other, containers at once.
#pragma once

#include <string>
#include <vector>

#include "base/guarded.h"
#include "controller/crew.h"
#include "controller/desired.h"
#include "controller/diff.h"
#include "controller/metrics.h"
#include "controller/observer.h"
#include "controller/plugin_memory.h"
#include "driver/runtime/runtime.h"

namespace patchbay::controller {

struct Executed {
  int done = 0;              // steps
  std::vector<Error> errors;
  bool image_missing = false;
};

class Executor {
 public:
  Executor(driver::Runtime& runtime, Observer& observer, Crew& crew, Metrics& metrics)
      : runtime_(runtime), observer_(observer), crew_(crew), metrics_(metrics) {}

  // Waits among the steps are left out. A container's first error ends its steps.
  Executed Do(const Desired& desired, PluginMemory& memory, const std::vector<Step>& steps);

 private:
  struct Chain {
    std::string id;  // known, or found by create
    std::vector<Step> steps;
  };
  struct Progress {
    Executed executed;
    std::vector<cache::EventNote> notes;
    std::vector<std::string> restarted;
    std::vector<std::string> started;
  };
  static void Note(Guarded<Progress>& progress, const std::string& name, const std::string& id, cache::EventNote note);
  void DoChain(const Desired& desired, Chain& chain, Guarded<Progress>& progress);
  Result<void> DoStep(const Desired& desired, const Step& step, std::string& id, Guarded<Progress>& progress);
  Result<void> Create(const Desired& desired, const Step& step, std::string& id, Guarded<Progress>& progress);
  Result<void> Start(const Desired& desired, const Step& step, const std::string& id, Guarded<Progress>& progress);

  driver::Runtime& runtime_;
  Observer& observer_;
  Crew& crew_;
  Metrics& metrics_;
};

}  // namespace patchbay::controller
