// The containers as last seen, kept fresh by events and our own actions; what the engine lists is the truth. A list that
// lost containers without a word is asked about them before it is believed. Thread-safe (one owner by one thread at a
// time); calls may block on the engine.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "controller/metrics.h"
#include "driver/runtime/runtime.h"

namespace patchbay::controller {

class Observer {
 public:
  // `wake`: something happened to this owner's containers; "" for all owners. `hear`: every event, of others' containers
  // and of images too, expected or not. Both are called without a lock held; `hear` must not block.
  Observer(driver::Runtime& runtime, Clock& clock, Metrics& metrics, std::chrono::milliseconds resync,
           std::function<void(const std::string& owner_uid)> wake,
           std::function<void(const driver::RuntimeEvent&)> hear = nullptr);
  ~Observer();

  // Containers of one owner, fresh. The engine's error when it cannot be asked; kUnavailable when what it lists is not
  // believed.
  Result<std::vector<driver::Container>> Of(const std::string& owner_uid);
  // Of all owners, as Runtime::List.
  Result<std::vector<driver::Container>> All();

  // Before an action of ours: these events for this container are no news. Then what became of it, or that it is gone,
  // or that nobody knows: the owner's are listed before the next answer.
  void Expect(const std::string& id, std::set<std::string> actions);
  void Drop(const std::string& id);
  void Doubt(const std::string& owner_uid);
  // Asks the engine about one container and keeps the answer.
  Result<driver::Container> Look(const std::string& id);

  // Subscribes to events when that is due (again), compares with the whole list when a resync is due. True when
  // something was done.
  bool Step();
  // Ends the subscription: `wake` is not called any more by the engine. After the last Step.
  void Stop() { stream_.reset(); }
  // "" when the engine answered last time, else why not. Nothing asked yet: says so.
  std::string problem() const;

 private:
  struct Shared;  // what callbacks may still touch
  Result<void> ListOwner(const std::string& owner_uid);
  Result<void> Believe(const std::string& owner_uid, const std::set<std::string>& listed);
  Result<void> LookAtStale(const std::string& owner_uid);
  bool Subscribe();
  void Compare();

  driver::Runtime& runtime_;
  Clock& clock_;
  Metrics& metrics_;
  const std::chrono::milliseconds resync_;
  const std::function<void(const std::string&)> wake_;
  const std::function<void(const driver::RuntimeEvent&)> hear_;
  const std::shared_ptr<Shared> shared_;
  std::unique_ptr<driver::RuntimeStream> stream_;  // of the thread that steps
};

}  // namespace patchbay::controller
