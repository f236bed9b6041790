// Docker's Engine API 1.41 on a Unix socket, showing a FakeRuntime, with what Docker 20.10 says and how it says it. What
// the FakeRuntime answers as an Error is an answer of the engine; what a socket can do beyond (cuts, silence, answers
// after the deed) is server().Fail. No logs, no execs: nobody who is tested with it asks for them. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "harness/http/faulty_server.h"
#include "harness/runtime/fake_runtime.h"
#include "object/json.h"

namespace patchbay::driver {

class FakeEngine {
 public:
  // `truth` outlives it.
  FakeEngine(FakeRuntime& truth, const std::string& socket);

  std::string host() const { return "unix://" + socket_; }
  http::FaultyServer& server() { return server_; }
  // What it tells instead of an event; as the event itself at first.
  void TellInstead(std::function<std::vector<RuntimeEvent>(const RuntimeEvent&)> garble) { *garble_.Lock() = std::move(garble); }
  // What it lists instead of the list; as the list itself at first.
  void ListInstead(std::function<Json(Json list)> garble) { *list_.Lock() = std::move(garble); }
  // Archives that were put into containers.
  int copies() const { return copies_.Copy(); }

 private:
  using Reply = http::FaultyServer::Reply;
  Reply Serve(const http::Call& call);
  Reply ServeContainer(const http::Call& call, const std::vector<std::string>& steps, const http::Query& query);
  Reply ServeImage(const http::Call& call, const std::vector<std::string>& steps, const http::Query& query);
  Reply List(const http::Query& query);
  Reply Inspect(const std::string& id);
  Reply Create(const std::string& name, const std::string& body);
  Reply Tell(const http::Query& query);

  FakeRuntime& truth_;
  const std::string socket_;
  Guarded<std::function<std::vector<RuntimeEvent>(const RuntimeEvent&)>> garble_;
  Guarded<std::function<Json(Json)>> list_;
  Guarded<int> copies_;
  http::FaultyServer server_;  // last: it begins to serve
};

}  // namespace patchbay::driver
