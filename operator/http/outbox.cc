#include "http/outbox.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace patchbay::http {
namespace {

iovec Entry(const std::string& bytes, std::size_t from) {
  return {const_cast<char*>(bytes.data()) + from, bytes.size() - from};
}

}  // namespace

void Outbox::Fill(std::string head, std::vector<Piece> body) {
  head_ = std::move(head);
  head_at_ = 0;
  body_ = std::move(body);
  next_ = 0;
  next_at_ = 0;
}

void Outbox::AddChunk(Piece piece) {
  static const Piece kEnd = std::make_shared<const std::string>("\r\n");
  if (piece->empty()) return;
  char size[20];
  const int length = std::snprintf(size, sizeof size, "%zx\r\n", piece->size());
  Add(std::make_shared<const std::string>(size, length));
  Add(std::move(piece));
  Add(kEnd);
}

void Outbox::AddLastChunk() {
  static const Piece kLast = std::make_shared<const std::string>("0\r\n\r\n");
  Add(kLast);
}

std::size_t Outbox::Gather(std::span<iovec> room, std::size_t most) const {
  std::size_t count = 0;
  std::size_t bytes = 0;
  const auto put = [&](const std::string& text, std::size_t from) {
    room[count] = Entry(text, from);
    room[count].iov_len = std::min(room[count].iov_len, most - bytes);
    bytes += room[count++].iov_len;
  };
  if (head_at_ < head_.size()) put(head_, head_at_);
  for (std::size_t i = next_; i < body_.size() && count < room.size() && bytes < most; ++i) {
    const std::size_t from = i == next_ ? next_at_ : 0;
    if (from < body_[i]->size()) put(*body_[i], from);
  }
  return count;
}

void Outbox::Consume(std::size_t count) {
  const std::size_t of_head = std::min(count, head_.size() - head_at_);
  head_at_ += of_head;
  count -= of_head;
  while (next_ < body_.size() && body_[next_]->size() - next_at_ <= count) {
    count -= body_[next_]->size() - next_at_;
    body_[next_++].reset();
    next_at_ = 0;
  }
  next_at_ += count;
  if (empty()) Reset();
}

void Outbox::Reset() {
  // Keeps the room of small answers and returns that of big ones.
  head_.clear();
  head_at_ = 0;
  if (body_.capacity() > 64) std::vector<Piece>().swap(body_);
  body_.clear();
  next_ = 0;
  next_at_ = 0;
}

}  // namespace patchbay::http
