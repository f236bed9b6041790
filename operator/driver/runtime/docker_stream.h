// One streamed answer of the engine: the caller waits for its head, then pieces come. Destroying it cancels it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "driver/runtime/runtime.h"
#include "http/client.h"

namespace patchbay::driver {

class DockerStream : public RuntimeStream {
 public:
  struct Sink {
    std::function<bool(std::string_view piece)> on_piece;  // false ends the stream
    std::function<void(Result<void> end)> on_end;          // once, last; may be empty
  };

  // Returns when the engine has answered: the Error of an answer >= 400, kTimeout without any within `head_timeout`.
  // When it returns an Error, nothing of the sink was or will be called.
  static Result<std::unique_ptr<DockerStream>> Open(http::HttpClient& http, http::Call call, Sink sink,
                                                    std::chrono::milliseconds head_timeout);
  ~DockerStream() override;

  // Blocks until the end; kTimeout after `most`, or when no piece came for `quiet`. Not after on_piece was false.
  Result<void> Wait(std::chrono::milliseconds quiet, std::chrono::milliseconds most, Clock& clock);

 private:
  struct State;
  explicit DockerStream(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
  std::unique_ptr<http::Subscription> subscription_;  // ends first: nothing calls into the state then
};

}  // namespace patchbay::driver
