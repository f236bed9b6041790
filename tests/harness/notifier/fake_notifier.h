// A Notifier that keeps what it was given and answers as it was told. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "driver/notifier/notifier.h"

namespace patchbay::driver {

class FakeNotifier : public Notifier {
 public:
  using Reply = std::function<Result<Receipt>(const Message& message)>;

  Result<Receipt> Send(const Message& message) override {
    Reply reply;
    {
      auto world = world_.Lock();
      world->sent.push_back(message);
      const auto own = world->replies.find(message.url);
      if (own != world->replies.end()) reply = own->second;
    }
    sent_.notify_all();
    return reply ? reply(message) : Result<Receipt>(Receipt{204});
  }

  // From now on, messages to `url` get this; 204 for everything else. The reply may block: a slow receiver.
  void AnswerWith(const std::string& url, Reply reply) { world_.Lock()->replies[url] = std::move(reply); }
  void AnswerWith(const std::string& url, int status) {
    AnswerWith(url, [status](const Message&) { return Result<Receipt>(Receipt{status}); });
  }
  void FailWith(const std::string& url, Error error) {
    AnswerWith(url, [error = std::move(error)](const Message&) { return Result<Receipt>(error); });
  }
  void AnswerAsUsual(const std::string& url) { world_.Lock()->replies.erase(url); }

  std::vector<Message> Sent() const { return world_.Lock()->sent; }  // every attempt, in order
  // Waits until the attempts so far satisfy it; false after `timeout`.
  bool WaitUntil(const std::function<bool(const std::vector<Message>& sent)>& satisfied,
                 std::chrono::milliseconds timeout = std::chrono::seconds(10)) const {
    const auto deadline = SystemClock().Mono() + timeout;
    auto world = world_.Lock();
    return sent_.wait_until(world.lock(), deadline, [&] { return satisfied(world->sent); });
  }
  bool WaitForCount(std::size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const {
    return WaitUntil([count](const auto& sent) { return sent.size() >= count; }, timeout);
  }

 private:
  struct World {
    std::vector<Message> sent;
    std::map<std::string, Reply> replies;
  };
  mutable Guarded<World> world_;
  mutable std::condition_variable sent_;
};

}  // namespace patchbay::driver
