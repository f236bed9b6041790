// What a dry run of a Plugin or a Route would lead to: the planned actions in their order, told to stock clients as Warning
// headers (kubectl prints them for --dry-run=server and diff). Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/api.h"
#include "api/threads.h"
#include "schema/kind.h"

namespace patchbay::api {

class Foresight {
 public:
  Foresight(const Backstage& backstage, Threads& threads) : backstage_(backstage), threads_(threads) {}

  // Whether there is anything to foresee for objects of this kind.
  bool Sees(const Kind& kind) const;
  // "plan: 1. create shop-...-0 (replica 0 is missing)"; why there is none when it cannot be made. `told` is called once, here
  // or on another thread.
  void Tell(Json object, std::function<void(std::vector<std::string>)> told) const;

 private:
  const Backstage& backstage_;
  Threads& threads_;
};

}  // namespace patchbay::api
