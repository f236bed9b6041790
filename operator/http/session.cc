#include "http/session.h"

#include <utility>

#include "http/response_head.h"

namespace patchbay::http {
namespace {

// How many steps one connection may take before others get their turn.
constexpr int kStepsInARow = 64;

// How long a peer may go on sending after our last byte: closing at once would reset the connection and could destroy
// the answer before it is read (RFC 9112, 9.6).
constexpr std::chrono::milliseconds kLinger{2'000};
constexpr std::chrono::milliseconds kLingerWhenStopping{200};

}  // namespace

template <class Put>
bool Session::Post(Put put) {
  auto mail = mail_.Lock();
  if (mail->closed) return false;
  put(*mail);
  if (!std::exchange(mail->scheduled, true)) wire_->Post();
  return true;
}

void Session::Wake() {
  Post([](Mail&) {});
}
void Session::Stop() {
  Post([](Mail& mail) { mail.stop = true; });
}
void Session::Abort() {
  Post([](Mail& mail) { mail.abort = true; });
}

void Session::Reply(Response response) {
  if (wire_->OnStrand()) {
    if (phase_ != Phase::kServing) return;
    Answer(std::move(response));
    return Advance();
  }
  Post([&](Mail& mail) { mail.reply = std::move(response); });
}

std::shared_ptr<Stream> Session::StartStream(Response head, std::function<void()> on_gone) {
  auto stream = std::make_shared<ClientStream>(Self(), house_->options.stream_queue, std::move(on_gone));
  const auto leave = [&] {
    stream->End();
    wire_->Defer([stream] { stream->Leave(); });
    return stream;
  };
  if (wire_->OnStrand()) {
    if (phase_ != Phase::kServing) return leave();
    AnswerStream(std::move(head), stream);
    const bool open = !head_only_;
    Advance();
    return open ? stream : leave();
  }
  const bool head_only = head_only_;  // constant until this answer is posted
  const bool posted = Post([&](Mail& mail) {
    mail.stream_head = std::move(head);
    mail.stream = stream;
  });
  return posted && !head_only ? stream : leave();
}

void Session::Start() {
  if (phase_ != Phase::kOpening) return;
  SetDeadline(house_->options.header_timeout);
  wire_->Open();
}

void Session::OnOpened(bool ok, std::string client_subject) {
  if (phase_ == Phase::kClosed) return;
  if (!ok) {
    house_->counters.tls_handshake.Add();
    return Close();
  }
  client_subject_ = std::move(client_subject);
  phase_ = Phase::kHead;
  SetDeadline(house_->options.idle_timeout);
  Advance();
}

void Session::OnWake() {
  Mail mail;
  {
    auto waiting = mail_.Lock();
    mail.reply = std::exchange(waiting->reply, std::nullopt);
    mail.stream_head = std::exchange(waiting->stream_head, std::nullopt);
    mail.stream = std::exchange(waiting->stream, nullptr);
    mail.stop = std::exchange(waiting->stop, false);
    mail.abort = std::exchange(waiting->abort, false);
    waiting->scheduled = false;
  }
  if (phase_ != Phase::kClosed) Obey(std::move(mail));
}

void Session::Obey(Mail mail) {
  if (mail.stop) stopping_ = true;
  const bool idle =
      phase_ == Phase::kOpening || phase_ == Phase::kLingering || (phase_ == Phase::kHead && in_size_ == 0);
  if (mail.reply && phase_ == Phase::kServing) {
    Answer(*std::move(mail.reply));
  } else if (mail.stream && phase_ == Phase::kServing) {
    AnswerStream(*std::move(mail.stream_head), mail.stream);
  }
  if (mail.abort || (mail.stop && idle)) return Close();
  if (stopping_ && stream_) stream_->End();
  if (stream_ && stream_->overrun()) {
    house_->counters.stream_overflow.Add();
    return Close();
  }
  if (SystemClock().Mono() >= deadline()) GiveUp();
  Advance();
}

void Session::GiveUp() {
  ClearDeadline();
  switch (phase_) {
    case Phase::kHead:
      if (in_size_ == 0) return Close();
      [[fallthrough]];
    case Phase::kBody: Refuse(408, "The request did not arrive in time.", house_->counters.too_slow); return;
    case Phase::kOpening: house_->counters.tls_handshake.Add(); return Close();
    case Phase::kAnswering:
    case Phase::kStreaming: house_->counters.too_slow.Add(); return Close();
    case Phase::kLingering: return Close();
    case Phase::kServing:
    case Phase::kClosed: return;
  }
}

void Session::Advance() {
  if (advancing_) return;
  advancing_ = true;
  int steps = 0;
  while (Step()) {
    if (++steps < kStepsInARow) continue;
    Wake();
    break;
  }
  advancing_ = false;
}

bool Session::Step() {
  switch (phase_) {
    case Phase::kHead: return ReadNextHead();
    case Phase::kBody: return ReadBody();
    case Phase::kAnswering:
    case Phase::kStreaming: return WriteOut();
    case Phase::kOpening:
    case Phase::kServing:
    case Phase::kLingering:
    case Phase::kClosed: return false;
  }
  return false;
}

bool Session::Finish() {
  const bool streamed = stream_ != nullptr;
  phase_ = Phase::kLingering;
  if (auto stream = std::exchange(stream_, nullptr)) stream->Leave();
  in_size_ = 0;
  SetDeadline(stopping_ ? kLingerWhenStopping : kLinger);
  if (!wire_->Finish(unread_)) return false;
  if (stopping_ && streamed) {
    Close();
  } else {
    ReadMore(16 * 1024);
  }
  return false;
}

// What the wire may still be reading into or writing from stays until the session goes.
void Session::Close() {
  if (std::exchange(phase_, Phase::kClosed) == Phase::kClosed) return;
  ClearDeadline();
  wire_->Close();
  std::shared_ptr<ClientStream> unopened;
  {
    auto mail = mail_.Lock();
    mail->closed = true;
    mail->reply.reset();
    unopened = std::move(mail->stream);
  }
  if (auto stream = std::exchange(stream_, nullptr)) stream->Leave();
  if (unopened) unopened->Leave();
  house_->sessions.Leave(remote_, this);
}

void Session::SetDeadline(std::chrono::milliseconds from_now) {
  deadline_.store((SystemClock().Mono() + from_now).time_since_epoch().count(), std::memory_order_relaxed);
}

void Session::ClearDeadline() {
  deadline_.store(MonoTime::max().time_since_epoch().count(), std::memory_order_relaxed);
}

}  // namespace patchbay::http
