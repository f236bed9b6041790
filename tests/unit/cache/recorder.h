// A watcher that keeps what it was told and checks the order. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "cache/cache.h"

namespace patchbay::cache {

class Recorder : public Watcher {
 public:
  struct Seen {
    std::map<Key, std::string> world;  // the replay: bytes by key
    std::vector<std::string> words;    // "+name", "~name", "-name"
    Revision last = 0;
    int progress = 0;
    int expired = 0;
  };

  void Start(const std::vector<EntryPtr>& entries, Revision revision) {
    auto seen = seen_.Lock();
    seen->world.clear();
    for (const EntryPtr& entry : entries) seen->world[entry->key] = *entry->bytes;
    seen->last = revision;
  }

  void OnStep(const StepPtr& step) override {
    auto seen = seen_.Lock();
    EXPECT_GT(step->revision, seen->last) << "a step came twice or out of order";
    seen->last = step->revision;
    const auto present = seen->world.find(step->key);
    EXPECT_EQ(present != seen->world.end(), step->before != nullptr) << step->key.ToString();
    if (present != seen->world.end() && step->before) {
      EXPECT_EQ(present->second, *step->before->bytes);
    }
    const char* sign = !step->after ? "-" : step->before ? "~" : "+";
    seen->words.push_back(sign + step->key.name);
    if (step->after) {
      EXPECT_EQ(step->after->revision, step->revision);
      seen->world[step->key] = *step->after->bytes;
    } else {
      EXPECT_NE(step->deleted->find("\"resourceVersion\":\"" + std::to_string(step->revision) + "\""),
                std::string::npos);
      seen->world.erase(step->key);
    }
  }
  void OnProgress(Revision revision) override {
    auto seen = seen_.Lock();
    EXPECT_GE(revision, seen->last) << "progress before its steps";
    seen->last = revision;
    ++seen->progress;
  }
  void OnExpired() override { ++seen_.Lock()->expired; }

  Seen seen() const { return seen_.Copy(); }

 private:
  Guarded<Seen> seen_;
};

// What the cache shows, as Recorder::Seen::world.
inline std::map<Key, std::string> WorldOf(const std::vector<EntryPtr>& entries) {
  std::map<Key, std::string> world;
  for (const EntryPtr& entry : entries) world[entry->key] = *entry->bytes;
  return world;
}

}  // namespace patchbay::cache
