// What image each reference means on the engine at present: asked once in a while, and again once an event tells that it may
// mean another. Thread-safe; calls may block on the engine.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "driver/runtime/runtime.h"
#include "object/key.h"

namespace patchbay::controller {

class ImageIds {
 public:
  ImageIds(driver::Runtime& runtime, Clock& clock) : runtime_(runtime), clock_(clock) {}

  // "" when it is not here, or not known. A reference by digest or id always means the same: "" too. `user` hears of changes.
  std::string Of(const std::string& image, const Key& user);
  // What the engine told of an image, by a reference or an id. Who uses the reference is to look again.
  std::vector<Key> Forget(const std::string& name);

 private:
  struct Entry {
    std::string id;
    MonoTime until{};
    std::set<Key> users;
  };
  struct State {
    std::map<std::string, Entry> entries;  // by canonical reference
    int changes = 0;
  };
  driver::Runtime& runtime_;
  Clock& clock_;
  Guarded<State> state_;
};

}  // namespace patchbay::controller
