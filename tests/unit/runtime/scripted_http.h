// An HttpClient that answers from a script, on the caller's thread. Not thread-safe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"

namespace patchbay::driver {

struct Reply {
  int status = 200;
  std::string body = {};
  std::vector<std::string> pieces = {};  // of a stream; the body when empty
  std::optional<Error> error = std::nullopt;
  bool stays_open = false;
};

class ScriptedHttp : public http::HttpClient {
 public:
  // Answers requests whose "METHOD target" begins so (longest first), in this order; the last again and again.
  void On(const std::string& request, std::vector<Reply> replies) {
    script_[request] = {replies.begin(), replies.end()};
  }
  // Docker 20.10 answers /version and /info.
  void PlayDocker() {
    On("GET /version", {{.body = R"({"ApiVersion":"1.41","MinAPIVersion":"1.12","Version":"20.10.24",
                                     "Components":[{"Name":"Engine"}]})"}});
    On("GET /v1.41/info", {{.body = R"({"ID":"ABCD:1234","Name":"host"})"}});
  }

  Result<http::Answer> Send(const http::Call& call) override {
    const Reply reply = Next(call);
    if (reply.error) return *reply.error;
    return http::Answer{reply.status, {}, reply.body};
  }
  Result<std::unique_ptr<http::Subscription>> Open(const http::Call& call, StreamEvents events) override {
    const Reply reply = Next(call);
    if (reply.error && reply.pieces.empty()) {
      events.on_end(*reply.error);
      return std::unique_ptr<http::Subscription>(std::make_unique<http::Subscription>());
    }
    events.on_head(http::Answer{reply.status, {}, ""});
    bool more = true;
    for (const auto& piece : reply.pieces.empty() ? std::vector{reply.body} : reply.pieces)
      more = more && events.on_piece(piece);
    if (!more || !reply.stays_open) events.on_end(reply.error ? Result<void>(*reply.error) : Result<void>());
    return std::unique_ptr<http::Subscription>(std::make_unique<http::Subscription>());
  }

  // "POST /v1.41/containers/create?name=x"
  std::vector<std::string> requests;
  std::vector<http::Call> calls;

 private:
  Reply Next(const http::Call& call) {
    const std::string request = call.method + " " + call.url.substr(call.url.find('/', 7));
    requests.push_back(request);
    calls.push_back(call);
    for (auto entry = script_.rbegin(); entry != script_.rend(); ++entry) {
      if (!request.starts_with(entry->first)) continue;
      const Reply reply = entry->second.front();
      if (entry->second.size() > 1) entry->second.pop_front();
      return reply;
    }
    return {.status = 404, .body = R"({"message":"not scripted"})"};
  }

  std::map<std::string, std::deque<Reply>> script_;
};

}  // namespace patchbay::driver
