// The accepting side of transport.cc, its only includer.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "http/asio_wires.h"
#include "http/counters.h"
#include "http/listening.h"

namespace patchbay::http {

// Accepts on one listening socket.
class Entrance : public std::enable_shared_from_this<Entrance> {
 public:
  static constexpr int kAcceptsInARow = 64;
  static constexpr std::chrono::milliseconds kDescriptorPause{100};
  using Welcome = std::function<void(int descriptor, bool is_unix, std::string remote)>;

  Entrance(net::io_context& loop, Listening listening, Counters& counters, Welcome welcome)
      : listening_(std::move(listening)),
        counters_(counters),
        welcome_(std::move(welcome)),
        strand_(net::make_strand(loop)),
        ready_(strand_, fcntl(listening_.descriptor(), F_DUPFD_CLOEXEC, 0)),
        pause_(strand_) {}

  const Listening& listening() const { return listening_; }
  void Start() {
    net::post(strand_, [self = shared_from_this()] { self->Await(); });
  }
  void Stop() {
    net::post(strand_, [self = shared_from_this()] {
      ErrorCode ignored;
      self->pause_.cancel();
      self->ready_.close(ignored);
    });
  }

 private:
  void Await() {
    ready_.async_wait(net::posix::descriptor_base::wait_read, [self = shared_from_this()](ErrorCode error) {
      if (!error && self->ready_.is_open()) self->AcceptAll();
    });
  }
  void AcceptAll() {
    for (int i = 0; i < kAcceptsInARow; ++i) {
      std::string remote;
      const int descriptor = listening_.Accept(remote);
      if (descriptor >= 0) {
        starved_ = false;
        welcome_(descriptor, listening_.is_unix(), std::move(remote));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return Pause();
      } else if (errno != EINTR && errno != ECONNABORTED) {
        break;
      }
    }
    Await();
  }
  // The one who knocks stays in the backlog; asking again at once would only burn the processor.
  void Pause() {
    counters_.no_descriptors.Add();
    if (!std::exchange(starved_, true))
      LogWarn("http", "no file descriptor left for a connection", {{"address", listening_.address()}});
    pause_.expires_after(kDescriptorPause);
    pause_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error && self->ready_.is_open()) self->AcceptAll();
    });
  }

  const Listening listening_;
  Counters& counters_;
  const Welcome welcome_;
  bool starved_ = false;
  Strand strand_;
  net::posix::basic_stream_descriptor<Strand> ready_;
  StrandTimer pause_;
};

}  // namespace patchbay::http
