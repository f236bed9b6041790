// A Unix socket in front of the engine's that passes everything on and counts the calls that change something, so that a
// test can strike just after (or before) the n-th of them. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace patchbay {

class EngineProxy {
 public:
  // `engine` is unix:///PATH or tcp://HOST:PORT of loopback.
  EngineProxy(std::string path, std::string engine);
  ~EngineProxy();

  std::string host() const { return "unix://" + path_; }
  enum class Moment { kBeforeTheCall, kAfterTheCall };
  // At the n-th changing call from now on (1: the next) `strike` runs once; the caller gets no answer to that call, and
  // with kBeforeTheCall the engine does not get it either.
  void StrikeAt(int n, Moment moment, std::function<void()> strike);
  bool struck() const { return struck_; }
  int calls() const { return calls_; }

 private:
  void Accept(std::stop_token stop);
  void Serve(std::stop_token stop, int client);
  int Connect() const;

  const std::string path_;
  const std::string engine_;
  int listener_ = -1;
  std::atomic<int> calls_{0};
  std::atomic<int> strike_at_{0};
  std::atomic<bool> struck_{false};
  Moment moment_ = Moment::kAfterTheCall;
  std::function<void()> strike_;
  std::vector<std::jthread> served_;
  std::jthread accepting_;
};

}  // namespace patchbay
