#include "driver/runtime/docker_stream.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

#include "driver/runtime/docker_error.h"

namespace patchbay::driver {
namespace {

constexpr std::size_t kMostErrorBody = 64 * 1024;

}  // namespace

struct DockerStream::State {
  Sink sink;
  std::mutex mutex;
  std::condition_variable moved;
  int status = 0;  // 0: no head yet
  bool ended = false;
  long pieces = 0;
  std::string error_body;
  Result<void> end;

  bool refused() const { return status >= 400; }

  void OnHead(int code) {
    const std::lock_guard lock(mutex);
    status = code;
    // The words of a refusal come with the body.
    if (!refused()) moved.notify_all();
  }
  bool OnPiece(std::string_view piece) {
    {
      const std::lock_guard lock(mutex);
      ++pieces;
      if (refused()) {
        error_body.append(piece.substr(0, kMostErrorBody - std::min(kMostErrorBody, error_body.size())));
        return true;
      }
      moved.notify_all();
    }
    return sink.on_piece(piece);
  }
  void OnEnd(Result<void> result) {
    bool tell = false;
    {
      const std::lock_guard lock(mutex);
      tell = status != 0 && !refused() && sink.on_end != nullptr;
      end = result;
    }
    if (tell) sink.on_end(std::move(result));
    const std::lock_guard lock(mutex);
    ended = true;
    moved.notify_all();
  }
};

Result<std::unique_ptr<DockerStream>> DockerStream::Open(http::HttpClient& http, http::Call call, Sink sink,
                                                         std::chrono::milliseconds head_timeout) {
  call.timeout = std::chrono::milliseconds(0);
  auto state = std::make_shared<State>();
  state->sink = std::move(sink);
  std::unique_ptr<DockerStream> stream(new DockerStream(state));
  PATCHBAY_TRY(stream->subscription_,
               http.Open(call, {[state](const http::Answer& head) { state->OnHead(head.status); },
                                [state](std::string_view piece) { return state->OnPiece(piece); },
                                [state](Result<void> end) { state->OnEnd(std::move(end)); }}));
  std::unique_lock lock(state->mutex);
  const bool answered = state->moved.wait_for(
      lock, head_timeout, [&] { return state->ended || (state->status != 0 && !state->refused()); });
  if (answered && state->refused()) return TranslateAnswer(state->status, state->error_body);
  if (answered && state->status != 0) return stream;
  Error error{Code::kTimeout, "the container engine does not answer"};
  if (answered) error = state->end.ok() ? Error{Code::kUnavailable, "the engine hung up"} : state->end.error();
  lock.unlock();
  return error;
}

DockerStream::~DockerStream() { subscription_.reset(); }

Result<void> DockerStream::Wait(std::chrono::milliseconds quiet, std::chrono::milliseconds most, Clock& clock) {
  const MonoTime deadline = clock.Mono() + most;
  std::unique_lock lock(state_->mutex);
  while (!state_->ended) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.Mono());
    const long before = state_->pieces;
    const bool moved = state_->moved.wait_for(lock, std::min(quiet, std::max(left, std::chrono::milliseconds(0))),
                                              [&] { return state_->ended || state_->pieces != before; });
    if (!moved) return Error{Code::kTimeout, "the container engine took too long"};
  }
  return state_->end;
}

}  // namespace patchbay::driver
