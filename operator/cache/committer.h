// The one way to change an object, for the API and the controllers alike: builds the store's unit from an object, its
// Events and the webhooks that want to hear of it, so that all commit together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "cache/cache.h"
#include "object/json.h"
#include "store/store.h"

namespace patchbay::cache {

// A core/v1 Event about the object being written. The same reason and message again within an hour raises its count.
struct EventNote {
  bool warning = false;
  std::string reason;   // CamelCase
  std::string message;  // for a person
  Json about = nullptr;  // another one of its namespace that this is about: apiVersion, kind, metadata
};

struct Intent {
  Key key;
  Json object;                      // complete, with uid and generation; empty for a bare delete
  store::Write::Op op = store::Write::Op::kPut;
  std::optional<Revision> expected = std::nullopt;  // as store::Write::expected
  std::vector<EventNote> events = {};
  // CloudEvents-like words that webhooks subscribe to: "plugin.created", "plugin.ready". Each becomes one delivery per
  // matching enabled Webhook.
  std::vector<std::string> topics = {};
};

class Subscribers;

class Committer {
 public:
  // `component` is the Events' source ("patchbay-operator"). References must outlive this.
  Committer(store::Store& store, const Cache& cache, Clock& clock, Random& random, std::string component);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // As Store::Commit; `done` gets the entry as committed (for a delete: the last state) on the store's thread, when the
  // cache shows it already (unless that had to catch up). A bare delete takes the last state from the cache.
  void Submit(Intent intent, std::function<void(Result<EntryPtr>)> done);
  // Blocks; never from the store's thread. In doubt, it looks whether the object came to stand as intended: kInDoubt
  // remains only when it does not, or the store stays away.
  Result<EntryPtr> Write(Intent intent);

  // Reads the object's latest state, lets `change` alter it and writes it when it did, again on conflict (at most 8
  // times). kNotFound when the object, or that uid, is gone. A change that changes nothing writes nothing and returns
  // the entry as it is, without the notes. `notes` may be filled by `change`, which may run several times. This is how
  // controllers write status; metadata.generation stays as it is. An object that is being deleted and has no finalizer
  // (any more) is deleted instead, with the topic "<singular>.deleted"; the result is its last state.
  // Blocks; never from the store's thread.
  struct Notes {
    std::vector<EventNote> events;
    std::vector<std::string> topics;
  };
  Result<EntryPtr> Update(const Key& key, const std::string& uid, const std::function<void(Json&, Notes&)>& change);
  // An Event without a change of the object (`about` needs apiVersion, kind and metadata). Blocks.
  Result<void> Record(const Json& about, const EventNote& note, const std::vector<std::string>& topics = {});

 private:
  store::Unit Build(Intent& intent) const;  // takes the object
  // The Events and deliveries that belong to `object`.
  void Tell(store::Unit& unit, const Key& key, const Json& object, const std::vector<EventNote>& notes,
            const std::vector<std::string>& topics) const;
  Result<EntryPtr> Attempt(store::Unit unit);
  Result<EntryPtr> Observe(const store::Write& wanted, Error doubt) const;

  store::Store& store_;
  const Cache& cache_;
  Clock& clock_;
  Random& random_;
  const std::string component_;
  const std::unique_ptr<const Subscribers> subscribers_;
};

}  // namespace patchbay::cache
