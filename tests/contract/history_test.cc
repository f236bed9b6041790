// The history that clients see is one that a single, sequential store could have given, in the order of revisions: with
// MemoryStore and with Postgres, through the API, while writers contend, readers look and watchers come back at old
// revisions. Afterwards every answer is held against the change log. PATCHBAY_SEED repeats a run's choices.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <optional>
#include <thread>

#include "api/api.h"
#include "base/meter.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "harness/store/memory_store.h"
#include "harness/store/postgres_server.h"
#include "object/object.h"
#include "store/pg_store.h"
#include "unit/api/fake_exchange.h"

namespace patchbay::api {
namespace {

constexpr int kWriters = 4;
constexpr int kReaders = 2;
constexpr int kOperationsEach = 120;
constexpr int kNames = 6;
constexpr const char* kPath = "/api/v1/namespaces/default/configmaps";
constexpr const char* kSelections[] = {"", "", "labelSelector=app%3Dx", "labelSelector=app%21%3Dx"};
constexpr Revision kAbsent = 0;

std::string PathOf(const std::string& name) { return StrCat(kPath, "/", name); }
std::string NameOfNumber(Random& random) { return StrCat("c", random.Below(kNames)); }
std::string Normal(const Json& object) { return DumpJson(object); }

using Picture = std::map<std::string, std::string>;  // name -> object

// What somebody did or saw. Times are turns of one counter: what ended before another began has a smaller one.
struct Attempt {
  std::int64_t begun = 0;
  std::int64_t ended = 0;
  std::string name;
  enum class Verb { kCreate, kReplace, kRelabel, kDelete, kGet } verb = Verb::kGet;
  Revision expected = kAbsent;  // of kReplace and kDelete
  int status = 0;
  Revision revision = kAbsent;  // as answered; of a deletion it is found in the log
  std::string object = {};
  bool done() const { return status / 100 == 2; }
  bool writes() const { return verb != Verb::kGet; }
};
struct Listing {
  std::int64_t begun = 0;
  Revision revision = 0;
  Picture picture = {};
};
struct Story {
  std::string selection;
  std::map<Revision, Picture> chapters;
};

// The API on a store.
class Server {
 public:
  explicit Server(std::unique_ptr<store::Store> store) : store_(std::move(store)) {
    if (auto* pg = dynamic_cast<store::PgStore*>(store_.get())) {
      pg->Start();
      EXPECT_TRUE(pg->AwaitUp(std::chrono::seconds(20))) << pg->health().message;
    }
    cache_.Start();
    EXPECT_TRUE(cache_.CatchUp().ok());
    EXPECT_TRUE(api_.EnsureBuiltins().ok());
  }
  ~Server() {
    api_.EndWatches();
    cache_.Stop();
    if (auto* pg = dynamic_cast<store::PgStore*>(store_.get())) pg->Stop();
  }

  Reply Call(const std::string& method, const std::string& target, const Json& body = Json(),
             const std::string& type = "application/json") {
    http::Request request;
    request.method = method;
    request.target = target;
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string::npos) request.query = *http::Query::Parse(target.substr(mark + 1));
    request.headers.Add("Accept", "application/json");
    if (!body.is_null()) {
      request.headers.Add("Content-Type", type);
      request.body = DumpJson(body);
    }
    request.remote = "127.0.0.1";
    auto exchange = std::make_shared<FakeExchange>(std::move(request));
    api_.Serve(exchange);
    return exchange->Await();
  }
  std::int64_t Tick() { return ++turn_; }
  std::vector<store::Change> Log() {
    std::vector<store::Change> log;
    for (Revision at = 0;;) {
      auto read = store_->Read(at, 1'000);
      EXPECT_TRUE(read.ok()) << read.error().message;
      if (!read.ok() || read->second.empty()) return log;
      at = read->first;
      for (auto& change : read->second)
        if (change.key.resource == "configmaps" && change.key.ns == "default") log.push_back(std::move(change));
    }
  }

 private:
  Random random_;
  const std::unique_ptr<store::Store> store_;
  cache::Cache cache_{*store_, SystemClock(), NullMeter()};
  cache::Committer committer_{*store_, cache_, SystemClock(), random_, "patchbay-operator"};
  Api api_{Kinds::Embedded(), cache_, committer_, SystemClock(), random_, NullMeter(), ApiOptions{}, Backstage{}};
  std::atomic<std::int64_t> turn_ = 0;
};

// One client: does this and that, and remembers what it was told.
class Client {
 public:
  Client(Server& server, std::uint64_t seed) : server_(server), random_(seed), name_(StrCat(seed)) {}

  void Write() {
    const std::string name = NameOfNumber(random_);
    switch (random_.Below(4)) {
      case 0: return Do(Attempt::Verb::kCreate, name, kAbsent, [&] { return Create(name, SomeLabel()); });
      case 1: return Do(Attempt::Verb::kRelabel, name, kAbsent, [&] { return Relabel(name); });
      case 2: return DoOn(Attempt::Verb::kReplace, name);
      default: return DoOn(Attempt::Verb::kDelete, name);
    }
  }
  void Read() {
    if (random_.Below(4) == 0) return List();
    const std::string name = NameOfNumber(random_);
    Do(Attempt::Verb::kGet, name, kAbsent, [&] { return server_.Call("GET", PathOf(name)); });
  }

  void Finish(const std::string& name, const std::string& label) {
    Do(Attempt::Verb::kCreate, name, kAbsent, [&] { return Create(name, {{"app", label}}); });
  }

  std::vector<Attempt> attempts;
  std::vector<Listing> listings;

 private:
  template <class Ask>
  void Do(Attempt::Verb verb, const std::string& name, Revision expected, const Ask& ask) {
    Attempt attempt{.begun = server_.Tick(), .name = name, .verb = verb, .expected = expected};
    const Reply reply = ask();
    attempt.ended = server_.Tick();
    attempt.status = reply.status;
    const Json answer = reply.json();
    if (attempt.done() && verb != Attempt::Verb::kDelete) {
      attempt.revision = RevisionOf(answer);
      attempt.object = Normal(answer);
    }
    attempts.push_back(std::move(attempt));
  }
  // Reads it, and then insists on what was read; now and then a moment later.
  void DoOn(Attempt::Verb verb, const std::string& name) {
    Read();
    const Reply seen = server_.Call("GET", PathOf(name));
    if (seen.status != 200) return;
    Json object = seen.json();
    const Revision revision = RevisionOf(object);
    if (random_.Below(3) == 0) Read();
    object["data"] = Fresh();
    const Json options = {{"preconditions", {{"resourceVersion", StrCat(revision)}}}};
    Do(verb, name, revision, [&] {
      return verb == Attempt::Verb::kReplace ? server_.Call("PUT", PathOf(name), object)
                                             : server_.Call("DELETE", PathOf(name), options);
    });
  }
  Reply Create(const std::string& name, const Json& labels) {
    return server_.Call("POST", kPath, {{"apiVersion", "v1"},
                                        {"kind", "ConfigMap"},
                                        {"metadata", {{"name", name}, {"labels", labels}}},
                                        {"data", Fresh()}});
  }
  Reply Relabel(const std::string& name) {
    return server_.Call("PATCH", PathOf(name), {{"metadata", {{"labels", SomeLabel()}}}, {"data", Fresh()}},
                        "application/merge-patch+json");
  }
  void List() {
    Listing listing{.begun = server_.Tick()};
    const Json list = server_.Call("GET", kPath).json();
    listing.revision = RevisionOf(list);
    for (const Json& item : list["items"]) listing.picture[NameOf(item)] = Normal(item);
    listings.push_back(std::move(listing));
  }
  Json SomeLabel() { return {{"app", random_.Below(2) == 0 ? "x" : "y"}}; }
  // No two writes write the same.
  Json Fresh() { return {{"by", StrCat(name_, "-", ++written_)}}; }

  Server& server_;
  Random random_;
  const std::string name_;
  int written_ = 0;
};

// A watcher that is cut and comes back where it was, or at a revision that it saw long ago.
class Watcher {
 public:
  Watcher(Server& server, std::uint64_t seed, std::string selection) : server_(server), random_(seed) {
    story_.selection = std::move(selection);
    const Json list = server_.Call("GET", StrCat(kPath, "?", story_.selection)).json();
    for (const Json& item : list["items"]) known_[NameOf(item)] = Normal(item);
    Note(RevisionOf(list));
    Watch();
  }
  ~Watcher() { stream_->Leave(); }

  void Turn() {
    stream_->Await(taken_ + 1);
    TakeIn();
    if (random_.Below(3) == 0) Return();
  }
  // Until the object of this name has come: the last that is written.
  void FollowTo(const std::string& name) {
    while (!known_.contains(name)) {
      const std::size_t before = taken_;
      stream_->Await(before + 1);
      TakeIn();
      ASSERT_GT(taken_, before) << "nothing came";
    }
  }
  Story story() const { return story_; }

 private:
  void Return() {
    stream_->Leave();
    TakeIn();
    if (random_.Below(2) == 0) {
      auto chapter = story_.chapters.begin();
      std::advance(chapter, static_cast<std::ptrdiff_t>(random_.Below(story_.chapters.size())));
      revision_ = chapter->first;
      known_ = chapter->second;
    }
    Watch();
  }
  void Watch() {
    taken_ = 0;
    stream_ = server_.Call("GET", StrCat(kPath, "?watch=true&resourceVersion=", revision_, "&", story_.selection)).stream;
  }
  void TakeIn() {
    const std::vector<Json> events = stream_->events();
    for (; taken_ < events.size(); ++taken_) Take(events[taken_]);
  }
  void Take(const Json& event) {
    const Json& object = event["object"];
    const std::string type = event["type"];
    const std::string name = NameOf(object);
    EXPECT_EQ(known_.contains(name), type != "ADDED") << type << " " << name << " at " << RevisionOf(object);
    EXPECT_GT(RevisionOf(object), revision_) << type << " " << name;
    known_.erase(name);
    if (type != "DELETED") known_[name] = Normal(object);
    Note(RevisionOf(object));
  }
  void Note(Revision revision) {
    revision_ = revision;
    const auto [chapter, fresh] = story_.chapters.emplace(revision, known_);
    if (!fresh) {
      EXPECT_EQ(chapter->second, known_) << "told again it is another story, at " << revision;
    }
  }

  Server& server_;
  Random random_;
  std::shared_ptr<FakeStream> stream_;
  std::size_t taken_ = 0;
  Revision revision_ = 0;
  Picture known_;
  Story story_;
};

// What really happened.
class Truth {
 public:
  explicit Truth(const std::vector<store::Change>& log) {
    Revision last = 0;
    for (const auto& change : log) {
      EXPECT_GT(change.revision, last);
      last = change.revision;
      const bool put = change.type == store::ChangeType::kPut;
      states_[change.key.name].push_back({change.revision, put, Json::parse(*change.bytes)});
    }
  }
  struct State {
    Revision revision = 0;
    bool present = false;
    Json object = {};
  };
  const std::map<std::string, std::vector<State>>& states() const { return states_; }

  // The change of this revision, and what was before it; nullptr when there is none.
  const State* At(const std::string& name, Revision revision, State& before) const {
    before = {};
    const auto found = states_.find(name);
    if (found == states_.end()) return nullptr;
    for (const State& state : found->second) {
      if (state.revision == revision) return &state;
      before = state;
    }
    return nullptr;
  }
  // The deletion of what stood at this revision.
  Revision DeletionOf(const std::string& name, Revision revision) const {
    const auto found = states_.find(name);
    if (found == states_.end()) return 0;
    for (std::size_t i = 1; i < found->second.size(); ++i)
      if (found->second[i - 1].revision == revision && !found->second[i].present) return found->second[i].revision;
    return 0;
  }
  // Whether, at some revision of [from, to], `fits` said so of the revision that the object had (kAbsent: none).
  template <class Fits>
  bool Ever(const std::string& name, Revision from, Revision to, const Fits& fits) const {
    Revision now = kAbsent;
    const auto found = states_.find(name);
    if (found != states_.end()) {
      for (const State& state : found->second) {
        if (state.revision > to) break;
        if (state.revision > from && fits(now)) return true;
        now = state.present ? state.revision : kAbsent;
      }
    }
    return fits(now);
  }
  Picture Draw(Revision revision, const std::string& selection) const {
    Picture picture;
    for (const auto& [name, states] : states_) {
      const State* last = nullptr;
      for (const State& state : states)
        if (state.revision <= revision) last = &state;
      if (last == nullptr || !last->present) continue;
      const bool x = FindString(last->object, {"metadata", "labels", "app"}) == "x";
      if (selection.empty() || x == (selection == kSelections[2])) picture[name] = Normal(last->object);
    }
    return picture;
  }

 private:
  std::map<std::string, std::vector<State>> states_;
};

class Judge {
 public:
  Judge(const Truth& truth, std::vector<Attempt> attempts) : truth_(truth), attempts_(std::move(attempts)) {
    for (Attempt& attempt : attempts_)
      if (attempt.verb == Attempt::Verb::kDelete && attempt.done())
        attempt.revision = truth_.DeletionOf(attempt.name, attempt.expected);
    for (const Attempt& attempt : attempts_) {
      if (attempt.revision == kAbsent) continue;
      Raise(known_, attempt.ended, attempt.revision);
      if (attempt.writes()) Raise(possible_, attempt.begun, attempt.revision);
    }
    Accumulate(known_);
    Accumulate(possible_);
  }

  void CheckAll() const {
    std::map<std::pair<std::string, Revision>, int> written;
    for (const Attempt& attempt : attempts_) {
      if (attempt.done() && attempt.writes()) {
        CheckWritten(attempt);
        EXPECT_EQ(++written[std::pair(attempt.name, attempt.revision)], 1) << "two writes were one";
      } else if (attempt.done()) {
        CheckRead(attempt);
      } else {
        CheckRefused(attempt);
      }
    }
    for (const auto& [name, states] : truth_.states())
      for (const auto& state : states) EXPECT_TRUE(written.contains({name, state.revision})) << "nobody wrote " << name;
  }
  // A list shows what was acknowledged before it began, and one moment of the world.
  void CheckListing(const Listing& listing) const {
    EXPECT_GE(listing.revision, Before(known_, listing.begun));
    EXPECT_EQ(listing.picture, truth_.Draw(listing.revision, "")) << "a list at " << listing.revision;
  }

 private:
  using Growth = std::map<std::int64_t, Revision>;  // turn -> the highest revision up to it

  static void Raise(Growth& growth, std::int64_t turn, Revision revision) { growth[turn] = std::max(growth[turn], revision); }
  static void Accumulate(Growth& growth) {
    Revision most = 0;
    for (auto& [turn, revision] : growth) revision = most = std::max(most, revision);
  }
  static Revision Before(const Growth& growth, std::int64_t turn) {
    const auto after = growth.lower_bound(turn);
    return after == growth.begin() ? 0 : std::prev(after)->second;
  }
  static std::string Describe(const Attempt& attempt) {
    return StrCat("verb ", static_cast<int>(attempt.verb), " of ", attempt.name, ", expecting ", attempt.expected, ": ",
                  attempt.status, " at ", attempt.revision);
  }

  void CheckWritten(const Attempt& attempt) const {
    Truth::State before;
    const Truth::State* state = truth_.At(attempt.name, attempt.revision, before);
    ASSERT_NE(state, nullptr) << "acknowledged, but not in the log: " << Describe(attempt);
    EXPECT_GT(attempt.revision, Before(known_, attempt.begun)) << "older than what was acknowledged before it";
    if (attempt.verb == Attempt::Verb::kDelete) {
      EXPECT_FALSE(state->present);
    } else {
      EXPECT_EQ(Normal(state->object), attempt.object) << Describe(attempt);
    }
    if (attempt.verb == Attempt::Verb::kCreate) {
      EXPECT_FALSE(before.present) << Describe(attempt);
    } else if (attempt.expected != kAbsent) {
      EXPECT_EQ(before.revision, attempt.expected) << "the precondition did not hold: " << Describe(attempt);
    } else {
      EXPECT_TRUE(before.present) << Describe(attempt);
    }
  }
  void CheckRead(const Attempt& attempt) const {
    Truth::State before;
    const Truth::State* state = truth_.At(attempt.name, attempt.revision, before);
    ASSERT_NE(state, nullptr) << Describe(attempt);
    EXPECT_EQ(Normal(state->object), attempt.object) << Describe(attempt);
    ExpectEver(attempt, [&](Revision revision) { return revision == attempt.revision; });
  }
  void CheckRefused(const Attempt& attempt) const {
    if (attempt.status == 404) return ExpectEver(attempt, [](Revision revision) { return revision == kAbsent; });
    ASSERT_EQ(attempt.status, 409) << Describe(attempt);
    if (attempt.verb == Attempt::Verb::kCreate)
      return ExpectEver(attempt, [](Revision revision) { return revision != kAbsent; });
    ExpectEver(attempt, [&](Revision revision) { return revision != attempt.expected; });
  }
  // The answer was true at some moment between the question and it.
  template <class Fits>
  void ExpectEver(const Attempt& attempt, const Fits& fits) const {
    const Revision from = Before(known_, attempt.begun);
    const Revision to = std::max(from, Before(possible_, attempt.ended));
    EXPECT_TRUE(truth_.Ever(attempt.name, from, to, fits))
        << "at no time between " << from << " and " << to << ": " << Describe(attempt);
  }

  const Truth& truth_;
  std::vector<Attempt> attempts_;
  Growth known_;     // what was acknowledged by then
  Growth possible_;  // what was begun by then
};

std::unique_ptr<store::Store> MakeMemoryStore() { return std::make_unique<store::MemoryStore>(SystemClock()); }
std::unique_ptr<store::Store> MakePgStore() {
  static Random random(1);
  store::PgOptions options;
  options.connection = store::PostgresServer::Shared().NewDatabase();
  return std::make_unique<store::PgStore>(options, SystemClock(), random, NullMeter());
}

std::uint64_t Seed() {
  const char* given = std::getenv("PATCHBAY_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : Random().Next() % 1'000'000;
}

class History : public testing::TestWithParam<std::unique_ptr<store::Store> (*)()> {};

// Everybody at once; returns when the writers are done and the others have seen it.
void Play(std::vector<std::unique_ptr<Client>>& clients, std::vector<std::unique_ptr<Watcher>>& watchers) {
  std::atomic<int> writing = kWriters;
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    threads.emplace_back([&writing, &client = *clients[i], writer = i < kWriters] {
      for (int n = 0; writer && n < kOperationsEach; ++n) client.Write();
      if (writer) --writing;
      while (!writer && writing > 0) client.Read();
    });
  }
  for (auto& watcher : watchers) {
    threads.emplace_back([&writing, &watcher] {
      while (writing > 0) watcher->Turn();
    });
  }
  for (std::size_t i = 0; i < clients.size(); ++i) threads[i].join();
  // The last words: they wake the watchers that wait for news.
  for (const char* label : {"x", "y"}) {
    clients.front()->Finish(StrCat("end-", label), label);
  }
  threads.clear();
  for (auto& watcher : watchers) watcher->FollowTo(watcher->story().selection == kSelections[2] ? "end-x" : "end-y");
}

TEST_P(History, IsThatOfOneSequentialStore) {
  const std::uint64_t seed = Seed();
  SCOPED_TRACE(StrCat("PATCHBAY_SEED=", seed));
  Server server(GetParam()());
  std::vector<std::unique_ptr<Client>> clients;
  for (std::uint64_t i = 0; i < kWriters + kReaders; ++i) clients.push_back(std::make_unique<Client>(server, seed + i));
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (const char* selection : kSelections)
    watchers.push_back(std::make_unique<Watcher>(server, seed + 100 + watchers.size(), selection));
  Play(clients, watchers);

  const Truth truth(server.Log());
  std::vector<Attempt> attempts;
  for (const auto& client : clients) attempts.insert(attempts.end(), client->attempts.begin(), client->attempts.end());
  const Judge judge(truth, std::move(attempts));
  judge.CheckAll();
  std::size_t lists = 0;
  for (const auto& client : clients) {
    for (const Listing& listing : client->listings) judge.CheckListing(listing);
    lists += client->listings.size();
  }
  EXPECT_GT(lists, 0u);
  for (const auto& watcher : watchers) {
    const Story story = watcher->story();
    EXPECT_GT(story.chapters.size(), 20u);
    for (const auto& [revision, picture] : story.chapters)
      ASSERT_EQ(picture, truth.Draw(revision, story.selection)) << story.selection << " at " << revision;
  }
}

INSTANTIATE_TEST_SUITE_P(Memory, History, testing::Values(MakeMemoryStore));
INSTANTIATE_TEST_SUITE_P(Postgres, History, testing::Values(MakePgStore));

}  // namespace
}  // namespace patchbay::api
