// The writing half of Session.
#include <algorithm>
#include <array>
#include <utility>

#include "http/response_head.h"
#include "http/session.h"

namespace patchbay::http {
namespace {

constexpr std::size_t kPiecesAtOnce = 256;
constexpr std::size_t kBytesAtOnce = 1024 * 1024;

}  // namespace

bool Session::Answer(Response response) {
  const bool keep = head_.keep_alive && !stopping_;
  const bool bodiless = IsBodiless(response.status);
  std::erase(response.body, nullptr);
  std::size_t length = 0;
  for (const auto& piece : response.body) length += piece->size();
  std::string head =
      WriteHead(response, bodiless ? BodyFraming::kNone : BodyFraming::kLength, length, keep, head_.minor_version);
  if (bodiless || head_only_) response.body.clear();
  outbox_.Fill(std::move(head), std::move(response.body));
  after_ = keep ? After::kNextRequest : After::kFinish;
  phase_ = Phase::kAnswering;
  return true;
}

bool Session::AnswerStream(Response head, std::shared_ptr<ClientStream> stream) {
  const bool chunked = head_.minor_version == 1;
  const bool keep = head_only_ && head_.keep_alive && !stopping_;
  const auto framing = chunked ? BodyFraming::kChunked : BodyFraming::kUntilClose;
  outbox_.Fill(WriteHead(head, framing, 0, keep, head_.minor_version), {});
  if (head_only_) {
    after_ = keep ? After::kNextRequest : After::kFinish;
    phase_ = Phase::kAnswering;
    return true;
  }
  stream_ = std::move(stream);
  phase_ = Phase::kStreaming;
  // A read is always under way, so that the client's leaving is seen at once.
  in_ = std::string();
  in_size_ = 0;
  ReadMore(256);
  return true;
}

void Session::OnWritten(bool ok, std::size_t count) {
  writing_ = false;
  if (phase_ == Phase::kClosed) return;
  if (!ok) return Close();
  outbox_.Consume(count);
  if (count != 0) progressed_ = true;
  if (stream_) stream_->Sent(count);
  Advance();
}

bool Session::WriteOut() {
  if (writing_) return false;
  if (outbox_.empty()) return phase_ == Phase::kStreaming ? RefillFromStream() : FollowUp();
  std::array<iovec, kPiecesAtOnce> pieces;
  const std::size_t count = outbox_.Gather(pieces, kBytesAtOnce);
  const ssize_t sent = wire_->Write({pieces.data(), count});
  if (sent > 0) {
    progressed_ = true;
    outbox_.Consume(sent);
    if (stream_) stream_->Sent(sent);
    return true;
  }
  if (sent < 0) {
    Close();
    return false;
  }
  writing_ = true;
  if (std::exchange(progressed_, false)) SetDeadline(house_->options.write_timeout);
  return false;
}

bool Session::FollowUp() {
  progressed_ = true;
  switch (after_) {
    case After::kFinish: return Finish();
    case After::kBody:
      phase_ = Phase::kBody;
      SetDeadline(house_->options.body_timeout);
      return true;
    case After::kNextRequest:
      if (stopping_) return Finish();
      phase_ = Phase::kHead;
      head_only_ = false;
      SetDeadline(house_->options.idle_timeout);
      return true;
  }
  return false;
}

bool Session::RefillFromStream() {
  progressed_ = true;
  if (stream_ended_) return Finish();
  const bool chunked = head_.minor_version == 1;
  ClientStream::Taken taken = stream_->Take();
  for (auto& piece : taken.pieces) chunked ? outbox_.AddChunk(std::move(piece)) : outbox_.Add(std::move(piece));
  stream_ended_ = taken.closed;
  if (taken.closed && chunked) outbox_.AddLastChunk();
  if (outbox_.empty() && !taken.closed) {
    ClearDeadline();
    return false;
  }
  return true;
}

}  // namespace patchbay::http
