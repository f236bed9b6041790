// Kong's Admin API in memory, as strict as its documentation: schemas with "fields", unique names (409), foreign keys,
// deletion restricted or cascading, paging by "offset" (100 a page, at most 1,000), the "tags" filter, PUT as upsert,
// targets that are made by POST alone, DB-less with POST /config. Its data plane is not imitated; it is watched instead
// whether an upstream that gets requests is ever without a target. Thread-safe.
//
// FakeKongServer is it over HTTP on loopback; FakeKongClient is it without a socket, and can be cut off.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/random.h"
#include "http/client.h"
#include "http/server.h"
#include "object/json.h"

namespace patchbay::driver {

class FakeKong {
 public:
  struct Options {
    int major = 3;
    int minor = 4;
    bool database = true;
    std::string token;  // demanded as Kong-Admin-Token when not empty
  };
  FakeKong() : FakeKong(Options{}) {}
  explicit FakeKong(Options options);

  // One request. `target`: path and query.
  http::Answer Ask(const std::string& method, const std::string& target, const std::string& body,
                   const std::string& token = "");

  // What a test does to it.
  void Restart();         // another process; DB-less: empty
  void LoseEverything();  // the database was replaced by an empty one
  // The n-th write from now (1: the next) answers 500, after it took effect or instead of it.
  void FailWrite(int n, bool after_effect);
  // Somebody else's request, which must succeed.
  Json Put(const std::string& path, const Json& body);
  void Delete(const std::string& path);

  // The world as it is.
  std::vector<Json> All(const std::string& kind) const;  // "services"
  Json WithoutTag(const std::string& tag) const;         // all that has not the tag, as one value
  std::vector<std::string> writes() const {
    return world_.Lock()->writes;
  }  // "PUT /services/ID", those that took effect
  std::vector<WallTime> written_at() const { return world_.Lock()->written_at; }  // when, of each of writes()
  int requests() const { return world_.Lock()->requests; }
  // Moments at which a route led to an upstream without a target and nothing stood before it.
  std::vector<std::string> starved() const { return world_.Lock()->starved; }
  // The same for a route whose service had not this plugin yet.
  std::vector<std::string> unguarded(const std::string& plugin) const;

 private:
  struct World {
    std::map<std::string, std::map<std::string, Json>> entities;  // by kind and id
    std::vector<std::string> writes;
    std::vector<WallTime> written_at;
    std::vector<std::string> starved;
    std::map<std::string, std::vector<std::string>> unguarded;
    int requests = 0;
    int boots = 1;
    int clock = 0;
    std::optional<std::pair<int, bool>> failure;
  };
  struct Place;

  http::Answer Root(const World& world) const;
  http::Answer List(const World& world, const Place& place) const;
  http::Answer Tagged(const World& world, const Place& place) const;
  http::Answer Write(World& world, const std::string& method, const Place& place, const std::string& body) const;
  http::Answer Insert(World& world, const Place& place, Json given) const;
  http::Answer Store(World& world, const Place& place, const std::string& id, Json given, int status) const;
  http::Answer Remove(World& world, const Place& place) const;
  http::Answer Configure(World& world, const std::string& body) const;
  std::optional<Json> AddDeclared(World& world, const std::string& kind, const Json& list,
                                  const std::string& owner_field, const std::string& owner) const;
  http::Answer Validate(const Place& place, const std::string& body) const;
  static void Cascade(World& world, const std::string& kind, const std::string& id);
  static void Watch(World& world, const std::string& what);

  const Options options_;
  mutable Guarded<World> world_;
  mutable Random random_{7};
};

// One at a time in a process, as http::Server.
class FakeKongServer {
 public:
  explicit FakeKongServer(FakeKong& kong) : kong_(kong) { Start(); }
  void Start();
  void Stop() { server_.reset(); }
  const std::string& address() const { return address_; }  // "http://127.0.0.1:38211"

 private:
  FakeKong& kong_;
  std::string address_;
  std::unique_ptr<http::Server> server_;
};

class FakeKongClient : public http::HttpClient {
 public:
  explicit FakeKongClient(FakeKong& kong) : kong_(kong) {}
  Result<http::Answer> Send(const http::Call& call) override;
  Result<std::unique_ptr<http::Subscription>> Open(const http::Call& call, StreamEvents events) override;
  // After so many more writes nothing gets through any more; -1: everything does. `doubtful`: the last one that gets
  // through is carried out and its answer is lost.
  void CutAfterWrites(int writes, bool doubtful = false) {
    doubtful_ = doubtful;
    left_ = writes;
  }
  bool cut() const { return left_ == 0; }

 private:
  FakeKong& kong_;
  std::atomic<int> left_ = -1;
  std::atomic<bool> doubtful_ = false;
};

}  // namespace patchbay::driver
