// Requests without a transport: what a client would have read, in memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "http/server.h"
#include "object/json.h"

namespace patchbay::api {

class FakeStream : public http::Stream {
 public:
  explicit FakeStream(std::function<void()> on_gone) : on_gone_(std::move(on_gone)) {}

  bool Write(std::shared_ptr<const std::string> piece) override {
    auto state = state_.Lock();
    if (state->gone || state->closed) return false;
    state->text += *piece;
    state->pieces.push_back(std::move(piece));
    changed_.notify_all();
    return true;
  }
  void Close() override {
    state_.Lock()->closed = true;
    changed_.notify_all();
  }
  bool gone() const override { return state_.Lock()->gone; }

  // --- the client's side ---
  void Leave() {
    state_.Lock()->gone = true;
    if (on_gone_) on_gone_();
  }
  bool closed() const { return state_.Lock()->closed; }
  std::string text() const { return state_.Lock()->text; }
  std::vector<std::shared_ptr<const std::string>> pieces() const { return state_.Lock()->pieces; }
  // The lines so far, as JSON.
  std::vector<Json> events() const {
    std::vector<Json> events;
    const std::string all = text();
    for (std::size_t begin = 0, end = 0; (end = all.find('\n', begin)) != std::string::npos; begin = end + 1) {
      events.push_back(Json::parse(all.substr(begin, end - begin)));
    }
    return events;
  }
  // Waits until `count` lines came or the stream ended; at most ten seconds.
  std::vector<Json> Await(std::size_t count) {
    auto state = state_.Lock();
    changed_.wait_for(state.lock(), std::chrono::seconds(10), [&] {
      return state->closed ||
             std::count(state->text.begin(), state->text.end(), '\n') >= static_cast<std::ptrdiff_t>(count);
    });
    state.lock().unlock();
    return events();
  }
  bool AwaitClose() {
    auto state = state_.Lock();
    return changed_.wait_for(state.lock(), std::chrono::seconds(10), [&] { return state->closed; });
  }

 private:
  struct State {
    std::string text;
    std::vector<std::shared_ptr<const std::string>> pieces;
    bool closed = false;
    bool gone = false;
  };
  const std::function<void()> on_gone_;
  std::condition_variable changed_;
  mutable Guarded<State> state_;
};

// What came back.
struct Reply {
  int status = 0;
  http::Headers headers;
  std::string text;
  std::vector<std::shared_ptr<const std::string>> pieces;
  std::shared_ptr<FakeStream> stream;

  Json json() const { return Json::parse(text, nullptr, false); }
  std::string message() const { return FindString(json(), {"message"}); }
  std::string reason() const { return FindString(json(), {"reason"}); }
  // "spec.image: Required value" of each cause.
  std::vector<std::string> causes() const {
    std::vector<std::string> words;
    const Json body = json();
    if (const Json* causes = Find(body, {"details", "causes"})) {
      for (const Json& cause : *causes) {
        words.push_back(FindString(cause, {"field"}) + ": " + FindString(cause, {"message"}));
      }
    }
    return words;
  }
};

class FakeExchange : public http::Exchange {
 public:
  explicit FakeExchange(http::Request request) : request_(std::move(request)) {}
  const http::Request& request() const override { return request_; }
  http::Request& request() override { return request_; }

  void Reply(http::Response response) override {
    api::Reply reply;
    reply.status = response.status;
    reply.headers = std::move(response.headers);
    for (const auto& piece : response.body) reply.text += *piece;
    reply.pieces = std::move(response.body);
    Answer(std::move(reply));
  }
  std::shared_ptr<http::Stream> StartStream(http::Response head, std::function<void()> on_gone) override {
    api::Reply reply;
    reply.status = head.status;
    reply.headers = std::move(head.headers);
    reply.stream = std::make_shared<FakeStream>(std::move(on_gone));
    auto stream = reply.stream;
    Answer(std::move(reply));
    return stream;
  }

  bool answered() const { return !state_.Lock()->empty(); }
  // Waits for the answer; a status of 0 when none came in ten seconds.
  api::Reply Await() {
    auto state = state_.Lock();
    changed_.wait_for(state.lock(), std::chrono::seconds(10), [&] { return !state->empty(); });
    return state->empty() ? api::Reply{} : state->front();
  }
  std::size_t answers() const { return state_.Lock()->size(); }

 private:
  void Answer(api::Reply reply) {
    state_.Lock()->push_back(std::move(reply));
    changed_.notify_all();
  }
  http::Request request_;
  std::condition_variable changed_;
  mutable Guarded<std::vector<api::Reply>> state_;
};

}  // namespace patchbay::api
