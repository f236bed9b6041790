#include "http/client_stream.h"

#include <algorithm>
#include <utility>

#include "http/session.h"

namespace patchbay::http {

ClientStream::ClientStream(std::weak_ptr<Session> session, std::size_t limit, std::function<void()> on_gone)
    : session_(std::move(session)), limit_(limit) {
  state_.Lock()->on_gone = std::move(on_gone);
}

namespace {

// What a piece costs besides its bytes, so that many small ones do not wait without bound.
constexpr std::size_t kPieceCost = 64;

}  // namespace

bool ClientStream::Write(Piece piece) {
  if (piece->empty()) return !gone();
  const std::size_t cost = piece->size() + kPieceCost;
  bool written = false;
  {
    auto state = state_.Lock();
    if (state->closed || state->ended || state->gone) return false;
    const std::size_t waiting = state->queued + state->in_flight;
    if (waiting != 0 && waiting + cost > limit_) {
      state->overrun = state->gone = true;
      state->pieces.clear();
    } else {
      state->queued += cost;
      state->pieces.push_back(std::move(piece));
      written = true;
      if (state->pieces.size() > 1) return true;  // the session was woken for the first
    }
  }
  if (const auto session = session_.lock()) session->Wake();
  return written;
}

void ClientStream::Close() {
  {
    auto state = state_.Lock();
    if (state->closed) return;
    state->closed = true;
    if (state->gone) return;
  }
  if (const auto session = session_.lock()) session->Wake();
}

bool ClientStream::gone() const {
  auto state = state_.Lock();
  return state->gone || state->ended;
}

std::size_t ClientStream::waiting() const {
  auto state = state_.Lock();
  return state->queued + state->in_flight;
}

ClientStream::Taken ClientStream::Take() {
  auto state = state_.Lock();
  Taken taken;
  taken.pieces.swap(state->pieces);
  taken.closed = state->closed || state->ended;
  state->in_flight = std::exchange(state->queued, 0);
  return taken;
}

void ClientStream::Sent(std::size_t count) {
  auto state = state_.Lock();
  state->in_flight -= std::min(count, state->in_flight);
}

void ClientStream::End() { state_.Lock()->ended = true; }

void ClientStream::Leave() {
  std::function<void()> on_gone;
  {
    auto state = state_.Lock();
    state->gone = true;
    state->pieces.clear();
    state->queued = state->in_flight = 0;
    if (!state->closed) on_gone = std::move(state->on_gone);
    state->on_gone = nullptr;
  }
  if (on_gone) on_gone();
}

}  // namespace patchbay::http
