// An HttpClient that a test scripts: answers by method and URL, recorded calls, faults before and after the effect,
// streams pushed by hand. Thread-safe.
//
//   FakeHttpClient client;
//   client.On("GET", "http://docker/containers/json*", {200, {}, "[]"});
//   client.FailNext(FakeHttpClient::Fault::kAfter);   // carried out, but the caller is left in doubt
//   auto stream = client.WaitForStream("GET", "http://docker/events*");
//   stream->Head(200); stream->Piece("{}\n"); stream->End();
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/client.h"

namespace patchbay::http {

// The other side of a stream that the code under test has opened. Events are delivered on the caller's thread.
class FakeStream {
 public:
  FakeStream(Call call, HttpClient::StreamEvents events) : call_(std::move(call)), events_(std::move(events)) {}

  const Call& call() const { return call_; }
  void Head(int status, Headers headers = {}) {
    Tell([&] {
      if (events_.on_head) events_.on_head(Answer{status, std::move(headers), ""});
    });
  }
  // False when the reader wants no more or has gone.
  bool Piece(std::string_view piece) {
    bool more = false;
    Tell([&] { more = !events_.on_piece || events_.on_piece(piece); });
    return more;
  }
  void End(Result<void> end = {}) {
    Tell([&] {
      if (events_.on_end) events_.on_end(std::move(end));
    });
    Cancel();
  }
  // Ended, or its Subscription destroyed.
  bool over() const {
    std::lock_guard lock(mutex_);
    return over_;
  }

  // What ~Subscription does: afterwards no event is delivered.
  void Cancel() {
    std::unique_lock lock(mutex_);
    over_ = true;
    told_.wait(lock, [&] { return telling_ == std::thread::id() || telling_ == std::this_thread::get_id(); });
  }

 private:
  template <class Event>
  void Tell(Event event) {
    {
      std::lock_guard lock(mutex_);
      if (over_) return;
      telling_ = std::this_thread::get_id();
    }
    event();
    {
      std::lock_guard lock(mutex_);
      telling_ = std::thread::id();
    }
    told_.notify_all();
  }

  const Call call_;
  const HttpClient::StreamEvents events_;
  mutable std::mutex mutex_;
  std::condition_variable told_;
  std::thread::id telling_;
  bool over_ = false;
};

class FakeHttpClient : public HttpClient {
 public:
  using Responder = std::function<Result<Answer>(const Call& call)>;
  enum class Fault {
    kBefore,  // nothing was sent: kUnavailable
    kAfter,   // carried out, no answer: kInDoubt (kTimeout for GET and HEAD)
  };

  // Answers every such call; the latest rule that fits is taken. `url` may end with '*'. What no rule fits gets 404.
  void On(const std::string& method, const std::string& url, Answer answer) {
    On(method, url, [answer = std::move(answer)](const Call&) -> Result<Answer> { return answer; });
  }
  void On(const std::string& method, const std::string& url, Responder responder) {
    state_.Lock()->rules.push_back({method, url, std::move(responder)});
  }
  // The next calls fail, one fault each, in this order.
  void FailNext(Fault fault, int calls = 1) {
    auto state = state_.Lock();
    state->faults.insert(state->faults.end(), calls, fault);
  }
  // Every call to such a URL fails until Mend().
  void Break(const std::string& url, Error error) { state_.Lock()->broken.emplace_back(url, std::move(error)); }
  void Mend() { state_.Lock()->broken.clear(); }

  // The calls that arrived (kBefore faults did not), oldest first.
  std::vector<Call> calls() const { return state_.Copy().calls; }
  std::vector<Call> calls(const std::string& method, const std::string& url) const {
    std::vector<Call> found = calls();
    std::erase_if(found, [&](const Call& call) { return !Fits(method, url, call); });
    return found;
  }
  void ForgetCalls() { state_.Lock()->calls.clear(); }

  // The streams opened so far that are not over.
  std::vector<std::shared_ptr<FakeStream>> streams(const std::string& method, const std::string& url) const {
    std::vector<std::shared_ptr<FakeStream>> found = state_.Copy().streams;
    std::erase_if(found, [&](const auto& stream) { return stream->over() || !Fits(method, url, stream->call()); });
    return found;
  }
  // The newest such stream; nullptr when none is opened within `patience`.
  std::shared_ptr<FakeStream> WaitForStream(const std::string& method, const std::string& url,
                                            std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    std::shared_ptr<FakeStream> found;
    auto state = state_.Lock();
    opened_.wait_until(state.lock(), SystemClock().Mono() + patience, [&] {
      for (const auto& stream : state->streams) {
        if (!stream->over() && Fits(method, url, stream->call())) found = stream;
      }
      return found != nullptr;
    });
    return found;
  }

  Result<Answer> Send(const Call& call) override {
    Responder responder;
    std::deque<Fault> fault;
    {
      auto state = state_.Lock();
      if (const Error* error = FindBroken(*state, call)) return *error;
      if (!state->faults.empty()) {
        fault.push_back(state->faults.front());
        state->faults.pop_front();
        if (fault.front() == Fault::kBefore)
          return Error{Code::kUnavailable, "the test failed this call before it was sent"};
      }
      state->calls.push_back(call);
      for (const Rule& rule : state->rules) {
        if (Fits(rule.method, rule.url, call)) responder = rule.responder;
      }
    }
    Result<Answer> answer = responder ? responder(call) : Result<Answer>(Answer{404, {}, "no rule of the test fits"});
    if (fault.empty()) return answer;
    const bool reading = call.method == "GET" || call.method == "HEAD";
    return Error{reading ? Code::kTimeout : Code::kInDoubt, "the test failed this call after it was carried out"};
  }

  Result<std::unique_ptr<Subscription>> Open(const Call& call, StreamEvents events) override {
    auto stream = std::make_shared<FakeStream>(call, std::move(events));
    {
      auto state = state_.Lock();
      if (const Error* error = FindBroken(*state, call)) return *error;
      state->streams.push_back(stream);
    }
    opened_.notify_all();
    return std::unique_ptr<Subscription>(std::make_unique<Hold>(std::move(stream)));
  }

 private:
  struct Rule {
    std::string method;
    std::string url;
    Responder responder;
  };
  struct State {
    std::vector<Rule> rules;
    std::deque<Fault> faults;
    std::vector<std::pair<std::string, Error>> broken;
    std::vector<Call> calls;
    std::vector<std::shared_ptr<FakeStream>> streams;
  };
  struct Hold : Subscription {
    explicit Hold(std::shared_ptr<FakeStream> given) : stream(std::move(given)) {}
    ~Hold() override { stream->Cancel(); }
    std::shared_ptr<FakeStream> stream;
  };

  static bool FitsUrl(std::string_view pattern, std::string_view url) {
    if (pattern.empty() || pattern.back() != '*') return pattern == url;
    pattern.remove_suffix(1);
    return url.substr(0, pattern.size()) == pattern;
  }
  static bool Fits(std::string_view method, std::string_view url, const Call& call) {
    return (method.empty() || method == call.method) && FitsUrl(url, call.url);
  }
  static const Error* FindBroken(const State& state, const Call& call) {
    for (const auto& [url, error] : state.broken) {
      if (FitsUrl(url, call.url)) return &error;
    }
    return nullptr;
  }

  mutable Guarded<State> state_;
  std::condition_variable opened_;
};

}  // namespace patchbay::http
