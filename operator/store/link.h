// Whether the database can be reached, as everybody in the room sees it: told by who last tried. Thread-safe.
#pragma once

#include <atomic>
#include <string>

#include "base/guarded.h"
#include "base/meter.h"
#include "base/result.h"
#include "store/store.h"

namespace patchbay::store {

class Link {
 public:
  explicit Link(Meter& meter);
  // Changes are logged once.
  void SetUp();
  void SetDown(const Error& error);
  bool up() const { return is_up_; }
  Health health() const { return state_.Copy(); }
  // kUnavailable with retry_after, for a caller that need not try.
  Error Away() const;

 private:
  Guarded<Health> state_;
  std::atomic<bool> is_up_ = false;
  Gauge& up_;
};

}  // namespace patchbay::store
