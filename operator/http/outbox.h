// Bytes on their way out: owned ones and shared ones, gathered for the wire without being copied together.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace patchbay::http {

class Outbox {
 public:
  using Piece = std::shared_ptr<const std::string>;

  // REQUIRES: empty(). What comes first, then `body` piece by piece.
  void Fill(std::string head, std::vector<Piece> body);
  void Add(Piece piece) { body_.push_back(std::move(piece)); }
  // Adds `piece` in the chunked coding; an empty one adds nothing (it would end the body).
  void AddChunk(Piece piece);
  void AddLastChunk();

  // Fills `room` from the front of what is left, at most about `most` bytes; the number of entries filled.
  std::size_t Gather(std::span<iovec> room, std::size_t most) const;
  void Consume(std::size_t count);
  bool empty() const { return head_at_ == head_.size() && next_ == body_.size(); }

 private:
  void Reset();

  std::string head_;
  std::size_t head_at_ = 0;
  std::vector<Piece> body_;
  std::size_t next_ = 0;     // the first piece not wholly taken
  std::size_t next_at_ = 0;  // what is taken of it
};

}  // namespace patchbay::http
