#include "cache/committer.h"

#include <algorithm>
#include <future>

#include "base/text.h"
#include "cache/entry.h"
#include "cache/event.h"
#include "cache/message.h"
#include "cache/subscribers.h"

namespace patchbay::cache {
namespace {

constexpr int kAttempts = 8;

// "plugins.patchbay.dev" -> "plugin"
std::string SingularOf(const std::string& resource) {
  std::string plural = resource.substr(0, resource.find('.'));
  if (!plural.empty() && plural.back() == 's') plural.pop_back();
  return plural;
}

void AddOnce(std::vector<std::string>& words, std::string word) {
  if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
}

EntryPtr EntryOf(const Cache& cache, const store::Change& change) {
  EntryPtr present = cache.Get(change.key);
  return present && present->revision == change.revision ? present : MakeEntry(change);
}

Result<EntryPtr> FirstOf(const Cache& cache, const Key& key, const Result<std::vector<store::Change>>& outcome) {
  if (!outcome.ok()) return outcome.error();
  for (const store::Change& change : *outcome)
    if (change.key == key) return EntryOf(cache, change);
  return Error{Code::kInternal, StrCat("the store committed ", key.ToString(), " without telling its revision")};
}

// The same object, though perhaps at another revision.
bool StandsAs(const Entry& entry, std::string_view body) { return *entry.bytes == SpliceRevision(body, entry.revision); }

}  // namespace

Committer::Committer(store::Store& store, const Cache& cache, Clock& clock, Random& random, std::string component)
    : store_(store),
      cache_(cache),
      clock_(clock),
      random_(random),
      component_(std::move(component)),
      subscribers_(std::make_unique<const Subscribers>(cache)) {}
Committer::~Committer() = default;

void Committer::Tell(store::Unit& unit, const Key& key, const Json& object, const std::vector<EventNote>& notes,
                     const std::vector<std::string>& topics) const {
  const WallTime now = clock_.Wall();
  for (const EventNote& note : notes) {
    const bool own = note.about.is_null();
    const Subject subject = SubjectOf(own ? key : Key{"", key.ns, NameOf(note.about)}, own ? object : note.about);
    const Key event = EventKey(subject, note);
    const auto told = [&](const store::Write& write) { return write.key == event; };
    if (std::any_of(unit.writes.begin(), unit.writes.end(), told)) continue;
    unit.writes.push_back(EventWrite(subject, note, cache_.Get(event), component_, now, random_.Uuid()));
  }
  if (topics.empty() || !subscribers_->any()) return;
  const Labels labels = LabelsOf(object);
  for (const std::string& topic : topics) {
    const std::vector<EntryPtr> webhooks = subscribers_->Of(topic, key.ns, labels);
    if (webhooks.empty()) continue;
    const std::string payload = WebhookPayload(topic, key, object, notes.empty() ? nullptr : &notes.front(), now);
    for (const EntryPtr& webhook : webhooks)
      unit.deliveries.push_back({.webhook_uid = webhook->uid,
                                 .webhook_ns = webhook->key.ns,
                                 .webhook_name = webhook->key.name,
                                 .message_id = StrCat("msg_", EncodeHex(random_.Bytes(16))),
                                 .type = topic,
                                 .payload = payload});
  }
}

store::Unit Committer::Build(Intent& intent) const {
  if (intent.object.empty())  // a bare delete
    if (const EntryPtr present = cache_.Get(intent.key))
      if (auto last = ParseStored(*present->bytes); last.ok()) intent.object = *std::move(last);
  Json& object = intent.object;
  store::Unit unit;
  unit.writes.push_back({.key = intent.key,
                         .op = intent.op,
                         .expected = intent.expected,
                         .uid = UidOf(object),
                         .generation = GenerationOf(object),
                         .body = {}});
  Tell(unit, intent.key, object, intent.events, intent.topics);
  unit.writes.front().body = object.empty() ? "{}" : EncodeBody(std::move(object));
  return unit;
}

void Committer::Submit(Intent intent, std::function<void(Result<EntryPtr>)> done) {
  store::Unit unit = Build(intent);
  store_.Commit(std::move(unit), [this, key = std::move(intent.key), done = std::move(done)](auto outcome) {
    done(FirstOf(cache_, key, outcome));
  });
}

Result<EntryPtr> Committer::Attempt(store::Unit unit) {
  const Key key = unit.writes.front().key;
  return FirstOf(cache_, key, store::CommitAndWait(store_, std::move(unit)));
}

Result<EntryPtr> Committer::Write(Intent intent) {
  store::Unit unit = Build(intent);
  const store::Write wanted = unit.writes.front();
  auto outcome = Attempt(std::move(unit));
  if (outcome.ok() || outcome.error().code != Code::kInDoubt) return outcome;
  return Observe(wanted, std::move(outcome).error());
}

Result<EntryPtr> Committer::Observe(const store::Write& wanted, Error doubt) const {
  if (!cache_.CatchUp().ok()) return doubt;
  const EntryPtr present = cache_.Get(wanted.key);
  if (wanted.op == store::Write::Op::kPut) {
    if (present && StandsAs(*present, wanted.body)) return present;
    return doubt;
  }
  if (present && present->uid == wanted.uid) return doubt;
  const Revision now = cache_.revision();
  return MakeEntry(store::Row{.key = wanted.key,
                              .uid = wanted.uid,
                              .revision = now,
                              .generation = wanted.generation,
                              .bytes = std::make_shared<const std::string>(SpliceRevision(wanted.body, now))});
}

Result<EntryPtr> Committer::Update(const Key& key, const std::string& uid,
                                   const std::function<void(Json&, Notes&)>& change) {
  const Error gone{Code::kNotFound, StrCat(key.ToString(), " is gone")};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    EntryPtr present = cache_.Get(key);
    if (!present || (!uid.empty() && present->uid != uid)) {
      // It may have been made a moment ago by a commit that the cache has to read back.
      PATCHBAY_CHECK(cache_.CatchUp());
      present = cache_.Get(key);
      if (!present || (!uid.empty() && present->uid != uid)) return gone;
    }
    PATCHBAY_TRY(Json object, ParseStored(*present->bytes));
    Notes notes;
    change(object, notes);
    const bool ends = IsDeleting(object) && FinalizersOf(object).empty();
    std::string body = EncodeBody(object);
    if (!ends && StandsAs(*present, body)) return present;
    if (ends) AddOnce(notes.topics, StrCat(SingularOf(key.resource), ".deleted"));
    store::Unit unit;
    unit.writes.push_back({.key = key,
                           .op = ends ? store::Write::Op::kDelete : store::Write::Op::kPut,
                           .expected = present->revision,
                           .uid = present->uid,
                           .generation = present->generation,
                           .body = std::move(body)});
    Tell(unit, key, object, notes.events, notes.topics);
    auto outcome = Attempt(std::move(unit));
    if (outcome.ok()) return outcome;
    const Code code = outcome.error().code;
    if (code != Code::kConflict && code != Code::kInDoubt) return outcome;
    // What stands there now decides whether anything is left to be done.
    PATCHBAY_CHECK(cache_.CatchUp());
  }
  return Error{Code::kConflict, StrCat(key.ToString(), " was changed by others ", kAttempts, " times in a row")};
}

Result<void> Committer::Record(const Json& about, const EventNote& note, const std::vector<std::string>& topics) {
  store::Unit unit;
  Tell(unit, Key{"", NamespaceOf(about), NameOf(about)}, about, {note}, topics);
  PATCHBAY_CHECK(Attempt(std::move(unit)));
  return {};
}

}  // namespace patchbay::cache
