// A store whose database can be changed under it and whose reads can be interrupted: for what MemoryStore's own faults
// do not reach.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "store/store.h"

namespace patchbay::cache {

class ScriptStore : public store::Store {
 public:
  explicit ScriptStore(store::Store& first) : now_(&first) {}

  // From now on this is the database.
  void Replace(store::Store& other) { now_ = &other; }
  // Called between a read's (or load's) look at the database and its answer.
  void BeforeAnswer(std::function<void()> meanwhile) { meanwhile_ = std::move(meanwhile); }

  void Commit(store::Unit unit, Done done) override { now_->Commit(std::move(unit), std::move(done)); }
  Result<store::Snapshot> Load(const std::function<void(store::Row)>& row) override {
    auto answer = now_->Load(row);
    if (meanwhile_) meanwhile_();
    return answer;
  }
  Result<std::pair<Revision, std::vector<store::Change>>> Read(Revision after, int limit) override {
    auto answer = now_->Read(after, limit);
    if (meanwhile_) meanwhile_();
    return answer;
  }
  void Listen(Sink sink, Wake wake) override { now_->Listen(std::move(sink), std::move(wake)); }
  Result<std::vector<store::Delivery>> Claim(int limit, std::chrono::milliseconds lease,
                                             const std::vector<std::string>& paused) override {
    return now_->Claim(limit, lease, paused);
  }
  Result<void> Settle(const store::Settlement& settlement) override { return now_->Settle(settlement); }
  Result<store::DeliveryCounts> CountDeliveries(const std::string& uid) override { return now_->CountDeliveries(uid); }
  Result<std::string> InstallationId() override { return now_->InstallationId(); }
  store::Health health() const override { return now_->health(); }

 private:
  store::Store* now_;
  std::function<void()> meanwhile_;
};

}  // namespace patchbay::cache
