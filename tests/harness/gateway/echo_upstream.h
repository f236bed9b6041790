// A back end on loopback that says who it is and what it was asked; who asks to upgrade gets his bytes back until he goes. One thread per connection, one request per
// connection. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"

namespace patchbay::driver {

class EchoUpstream {
 public:
  // `port` 0: any free one. Fails the test's process when it cannot listen.
  explicit EchoUpstream(std::string name, int port = 0, std::string host = "127.0.0.1");
  ~EchoUpstream();
  EchoUpstream(const EchoUpstream&) = delete;
  EchoUpstream& operator=(const EchoUpstream&) = delete;

  int port() const { return port_; }
  std::string address() const;  // "127.0.0.1:38211"
  // Answers only after this long, from now on.
  void SetDelay(std::chrono::milliseconds delay) { state_.Lock()->delay = delay; }
  // Answers wait while true; false lets all of them go.
  void Hold(bool hold);
  // Closes the next `count` connections without a word.
  void DropNext(int count) { state_.Lock()->drop = count; }
  int requests() const { return state_.Lock()->requests; }

 private:
  struct State {
    std::chrono::milliseconds delay{0};
    bool hold = false;
    bool stopping = false;
    int drop = 0;
    int requests = 0;
  };
  void Accept(const std::stop_token& stop);
  void Serve(int connection);

  void Echo(int connection);

  const std::string name_;
  const std::string host_;
  int listener_ = -1;
  int port_ = 0;
  mutable Guarded<State> state_;
  std::condition_variable changed_;
  std::vector<std::jthread> connections_;  // touched by the acceptor alone
  std::jthread acceptor_;
};

}  // namespace patchbay::driver
