// A reader of the store for tests, as the cache is one.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "store/store.h"

namespace patchbay::store {

// A cache in small: stands at a revision, takes the Sink when it fits, reads the log when it does not. Outlives the
// store that it is attached to.
class Follower {
 public:
  // Only reads.
  void Follow(Store& store) { store_ = &store; }
  void Attach(Store& store) {
    Follow(store);
    store.Listen([this](Revision base, Revision tip, std::span<const Change> changes) { OnBatch(base, tip, changes); },
                 [this] { ++state_.Lock()->wakes; });
  }
  // Reads until the counter is reached.
  void CatchUp() {
    while (true) {
      const Revision from = position();
      auto read = store_->Read(from, 3);
      ASSERT_TRUE(read.ok()) << read.error().message;
      auto state = state_.Lock();
      if (state->position != from) continue;  // the Sink was faster
      for (const auto& change : read->second) Apply(*state, change);
      const bool end = read->second.empty();
      state->position = std::max(state->position, read->first);
      if (end) return;
    }
  }
  Revision position() { return state_.Lock()->position; }
  int wakes() { return state_.Lock()->wakes; }
  std::vector<Revision> revisions() { return state_.Lock()->revisions; }
  std::map<Key, std::string> objects() { return state_.Lock()->objects; }
  bool in_order() { return state_.Lock()->in_order; }

 private:
  struct State {
    Revision position = 0;
    int wakes = 0;
    bool in_order = true;
    std::vector<Revision> revisions;
    std::map<Key, std::string> objects;
  };
  static void Apply(State& state, const Change& change) {
    state.in_order &= change.revision > state.position;
    state.position = change.revision;
    state.revisions.push_back(change.revision);
    if (change.type == ChangeType::kPut) {
      state.objects[change.key] = *change.bytes;
    } else {
      state.objects.erase(change.key);
    }
  }
  void OnBatch(Revision base, Revision tip, std::span<const Change> changes) {
    auto state = state_.Lock();
    if (state->position != base) return;
    for (const auto& change : changes) Apply(*state, change);
    state->in_order &= tip >= state->position;
    state->position = tip;
  }

  Store* store_ = nullptr;
  Guarded<State> state_;
};

}  // namespace patchbay::store
