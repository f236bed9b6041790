// The reading half of Session.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "http/exchange.h"
#include "http/response_head.h"
#include "http/session.h"

namespace patchbay::http {
namespace {

constexpr std::size_t kReadRoom = 4 * 1024;
constexpr std::size_t kBodyRoom = 64 * 1024;

}  // namespace

void Session::ReadMore(std::size_t room) {
  if (reading_) return;
  if (in_.size() < in_size_ + room) in_.resize(in_size_ + room);
  reading_ = true;
  wire_->Read({in_.data() + in_size_, room});
}

void Session::Forget(std::size_t count) {
  std::memmove(in_.data(), in_.data() + count, in_size_ - count);
  in_size_ -= count;
  if (in_size_ == 0 && in_.size() > 4 * kReadRoom) in_ = std::string();
}

void Session::OnRead(bool ok, std::size_t count) {
  reading_ = false;
  if (phase_ == Phase::kClosed) return;
  if (!ok) {
    // While an answer is going out, writing tells whether the peer still listens.
    if (phase_ != Phase::kAnswering && phase_ != Phase::kServing) Close();
    return;
  }
  if (phase_ == Phase::kBody && !head_.chunked) {
    body_size_ += count;
  } else if (phase_ == Phase::kHead || phase_ == Phase::kBody) {
    in_size_ += count;
  } else if (phase_ == Phase::kStreaming || phase_ == Phase::kLingering) {
    return ReadMore(phase_ == Phase::kStreaming ? 256 : 4 * kReadRoom);
  }
  Advance();
}

bool Session::ReadNextHead() {
  const std::size_t limit = house_->options.header_limit;
  const HeadEnd::Found found = head_end_.Look(Received());
  if (found == HeadEnd::Found::kBareLineFeed) {
    return Refuse(400, "Lines end with CRLF here.", house_->counters.bad_request);
  }
  if (found == HeadEnd::Found::kEnd && head_end_.size() == 2 && !std::exchange(skipped_line_, true)) {
    Forget(2);  // RFC 9112, 2.2: one empty line before a request is ignored
    head_end_ = HeadEnd();
    return true;
  }
  if (in_size_ > limit && (found == HeadEnd::Found::kMore || head_end_.size() > limit)) {
    return Refuse(431, StrCat("The request's header is too large: limit is ", limit),
                  house_->counters.header_too_large);
  }
  if (found == HeadEnd::Found::kEnd) return TakeHead();
  if (in_size_ != 0 && !std::exchange(head_begun_, true)) SetDeadline(house_->options.header_timeout);
  ReadMore(kReadRoom);
  return false;
}

bool Session::TakeHead() {
  head_ = RequestHead();
  const auto refusal = ReadHead(Received().substr(0, head_end_.size()), head_);
  Forget(head_end_.size());
  head_end_ = HeadEnd();
  head_begun_ = false;
  skipped_line_ = false;
  head_only_ = head_.request.method == "HEAD";
  if (refusal) return Refuse(refusal->status, refusal->message, house_->counters.bad_request);
  return BeginBody();
}

bool Session::BeginBody() {
  const std::size_t limit = house_->options.body_limit;
  if (head_.content_length > limit) {
    return Refuse(413, StrCat("Request entity too large: limit is ", limit), house_->counters.body_too_large);
  }
  body_.clear();
  body_size_ = 0;
  if (!head_.chunked && head_.content_length == 0) return Serve();
  if (head_.chunked) chunked_.emplace(limit, house_->options.header_limit);
  phase_ = Phase::kBody;
  SetDeadline(house_->options.body_timeout);
  if (head_.expects_continue && in_size_ == 0) {
    outbox_.Fill("HTTP/1.1 100 Continue\r\n\r\n", {});
    after_ = After::kBody;
    phase_ = Phase::kAnswering;
  }
  return true;
}

bool Session::ReadBody() { return reading_ ? false : head_.chunked ? ReadChunkedBody() : ReadSizedBody(); }

bool Session::ReadSizedBody() {
  const std::size_t whole = head_.content_length;
  if (in_size_ != 0) {
    const std::size_t count = std::min(in_size_, whole - body_size_);
    body_.assign(Received().substr(0, count));
    body_size_ = count;
    Forget(count);
  }
  if (body_size_ == whole) {
    body_.resize(whole);
    return Serve();
  }
  // Grows with what arrives: a promise of length alone costs nothing.
  if (body_.size() - body_size_ < kReadRoom) body_.resize(std::min(whole, std::max(kBodyRoom, 2 * body_size_)));
  reading_ = true;
  wire_->Read({body_.data() + body_size_, body_.size() - body_size_});
  return false;
}

bool Session::ReadChunkedBody() {
  std::string_view bytes = Received();
  const ChunkedBody::State state = chunked_->Feed(bytes, body_);
  Forget(in_size_ - bytes.size());
  switch (state) {
    case ChunkedBody::State::kMore: ReadMore(4 * kReadRoom); return false;
    case ChunkedBody::State::kDone: return Serve();
    case ChunkedBody::State::kTooLarge:
      return Refuse(413, StrCat("Request entity too large: limit is ", house_->options.body_limit),
                    house_->counters.body_too_large);
    case ChunkedBody::State::kMalformed:
      return Refuse(400, "The chunked body is malformed.", house_->counters.bad_request);
  }
  return false;
}

bool Session::Serve() {
  ClearDeadline();
  phase_ = Phase::kServing;
  chunked_.reset();
  Request request = std::move(head_.request);
  request.body = std::exchange(body_, std::string());
  request.remote = remote_;
  request.client_subject = client_subject_;
  house_->serve(std::make_shared<SessionExchange>(Self(), std::move(request)));
  return phase_ != Phase::kServing;
}

bool Session::Refuse(int status, const std::string& message, Counter& counter) {
  counter.Add();
  unread_ = true;
  head_.keep_alive = false;
  return Answer(RefusalResponse(status, message));
}

}  // namespace patchbay::http
