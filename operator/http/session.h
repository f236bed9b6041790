// One connection's conversation: reads requests, hands each to `serve`, writes the answers in order. All of its state
// but the mailbox is touched on the wire's strand only.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/chunked_body.h"
#include "http/client_stream.h"
#include "http/counters.h"
#include "http/outbox.h"
#include "http/request_head.h"
#include "http/server.h"
#include "http/sessions.h"
#include "http/wire.h"

namespace patchbay::http {

// What all sessions of a server share; outlives them.
struct House {
  ServerOptions options;
  Counters counters;
  Sessions sessions;
  Handler serve;  // set before the first session

  House(ServerOptions given, Meter& meter) : options(std::move(given)), counters(meter), sessions(options, counters) {}
};

class Session : public WireUser {
 public:
  Session(std::shared_ptr<House> house, std::string remote) : house_(std::move(house)), remote_(std::move(remote)) {}

  // Once, before anybody else knows the session.
  void Attach(std::unique_ptr<Wire> wire) { wire_ = std::move(wire); }
  // Once.
  void Begin() {
    wire_->Defer([self = Self()] { self->Start(); });
  }

  // From any thread. All are without effect once the session is closed.
  void Reply(Response response);
  std::shared_ptr<Stream> StartStream(Response head, std::function<void()> on_gone);
  void Wake();
  void Stop();   // finish what is under way, then close
  void Abort();  // close at once
  MonoTime deadline() const { return MonoTime(MonoTime::duration(deadline_.load(std::memory_order_relaxed))); }

  void OnOpened(bool ok, std::string client_subject) override;
  void OnRead(bool ok, std::size_t count) override;
  void OnWritten(bool ok, std::size_t count) override;
  void OnFinished() override { Close(); }
  void OnWake() override;

 private:
  enum class Phase {
    kOpening,  // handshake
    kHead,     // waiting for a head, or in the middle of one
    kBody,
    kServing,    // the handler has it
    kAnswering,  // the outbox goes out; `after_` says what follows
    kStreaming,
    kLingering,  // all is written; the peer may still be sending
    kClosed,
  };
  enum class After { kBody, kNextRequest, kFinish };
  struct Mail {
    std::optional<Response> reply;
    std::optional<Response> stream_head;
    std::shared_ptr<ClientStream> stream;
    bool scheduled = false;
    bool stop = false;
    bool abort = false;
    bool closed = false;
  };

  void Start();
  // The loop: takes steps until one has to wait.
  void Advance();
  bool Step();
  bool ReadNextHead();
  bool TakeHead();
  bool BeginBody();
  bool ReadBody();
  bool ReadSizedBody();
  bool ReadChunkedBody();
  bool Serve();
  bool WriteOut();
  bool FollowUp();
  bool RefillFromStream();

  bool Answer(Response response);
  bool AnswerStream(Response head, std::shared_ptr<ClientStream> stream);
  bool Refuse(int status, const std::string& message, Counter& counter);
  void GiveUp();
  void Obey(Mail mail);
  bool Finish();
  void Close();
  void ReadMore(std::size_t room);
  void Forget(std::size_t count);  // of in_, from the front
  std::string_view Received() const { return {in_.data(), in_size_}; }
  std::shared_ptr<Session> Self() { return std::static_pointer_cast<Session>(shared_from_this()); }
  void SetDeadline(std::chrono::milliseconds from_now);
  void ClearDeadline();
  template <class Put>
  bool Post(Put put);

  const std::shared_ptr<House> house_;
  const std::string remote_;
  std::unique_ptr<Wire> wire_;
  std::string client_subject_;
  std::atomic<MonoTime::rep> deadline_{MonoTime::max().time_since_epoch().count()};

  Phase phase_ = Phase::kOpening;
  After after_ = After::kNextRequest;
  bool advancing_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool stopping_ = false;
  bool unread_ = false;     // the peer may be in the middle of a body nobody wants
  bool progressed_ = true;  // since the write deadline was set
  std::string in_;          // received and not yet understood: the first in_size_ bytes; the rest is room
  std::size_t in_size_ = 0;
  bool head_begun_ = false;
  bool skipped_line_ = false;
  HeadEnd head_end_;
  RequestHead head_;
  std::optional<ChunkedBody> chunked_;
  std::string body_;
  std::size_t body_size_ = 0;
  bool head_only_ = false;  // of the request being answered
  Outbox outbox_;
  std::shared_ptr<ClientStream> stream_;
  bool stream_ended_ = false;
  Guarded<Mail> mail_;
};

}  // namespace patchbay::http
