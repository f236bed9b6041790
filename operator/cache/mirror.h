// Objects that nobody wishes and nobody stores: what is, mirrored from elsewhere. In memory, with a short change log; a
// Cache on top of it lists and watches it as it does the store. Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "object/json.h"
#include "store/store.h"

namespace patchbay::cache {

class Mirror : public store::Source {
 public:
  // Revisions begin at the wall clock, in microseconds: a reader that stands where an earlier run ended is told
  // kExpired, not something wrong (fewer than a million changes a second, and a clock that goes forward, assumed).
  explicit Mirror(Clock& clock, std::size_t changes_kept = 1'000);

  // Everything that is there has been put once. Until then Load answers kUnavailable: half a picture is none.
  void Open();
  bool open() const { return state_.Lock()->open; }

  // A put that changes nothing is nothing; one with another uid is a deletion first.
  // REQUIRES: `object` has apiVersion, kind and metadata.uid.
  void Put(const Key& key, const Json& object);
  void Drop(const Key& key);

  Result<store::Snapshot> Load(const std::function<void(store::Row)>& row) override;
  Result<std::pair<Revision, std::vector<store::Change>>> Read(Revision after, int limit) override;
  void Listen(Sink sink, Wake wake) override;

 private:
  struct Item {
    store::Row row;
    std::string body;
  };
  struct State {
    std::map<Key, Item> items;
    std::deque<store::Change> log;
    Revision floor = 0;  // changes after this one are in the log
    Revision tip = 0;
    Revision told = 0;
    bool telling = false;  // a thread is calling the sink: it tells what comes meanwhile too
    bool open = false;
    Sink sink;
    Wake wake;
  };
  void Log(State& state, store::Change change) const;
  static void Remove(State& state, const Mirror& self, std::map<Key, Item>::iterator item);
  void Tell();

  const std::size_t changes_kept_;
  mutable Guarded<State> state_;
};

}  // namespace patchbay::cache
