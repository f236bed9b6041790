#include "driver/runtime/log_frames.h"

#include <algorithm>

namespace patchbay::driver {
namespace {

constexpr std::size_t kHeader = 8;
constexpr char kMostStream = 3;  // stdin, stdout, stderr, and the engine's own errors

std::uint32_t ReadLength(const std::string& header) {
  std::uint32_t length = 0;
  for (std::size_t i = 4; i < kHeader; ++i) length = length << 8 | static_cast<unsigned char>(header[i]);
  return length;
}

}  // namespace

bool LogFrames::Give(bool to_stderr, std::string_view payload) {
  return lines_[to_stderr ? 1 : 0].Feed(payload, [&](std::string_view line) { return on_line_(to_stderr, line); });
}

bool LogFrames::Feed(std::string_view piece) {
  if (terminal_) return Give(false, piece);
  while (!piece.empty()) {
    if (left_ == 0) {
      const auto missing = std::min(kHeader - header_.size(), piece.size());
      header_.append(piece.substr(0, missing));
      piece.remove_prefix(missing);
      if (header_.size() < kHeader) return true;
      broken_ = header_[0] < 0 || header_[0] > kMostStream || header_.compare(1, 3, std::string_view("\0\0\0", 3)) != 0;
      if (broken_) return false;
      left_ = ReadLength(header_);
      to_stderr_ = header_[0] >= 2;
      header_.clear();
      continue;
    }
    const auto size = std::min<std::size_t>(left_, piece.size());
    left_ -= static_cast<std::uint32_t>(size);
    if (!Give(to_stderr_, piece.substr(0, size))) return false;
    piece.remove_prefix(size);
  }
  return true;
}

void LogFrames::Finish() {
  for (const bool to_stderr : {false, true})
    if (!lines_[to_stderr ? 1 : 0].Flush([&](std::string_view line) { return on_line_(to_stderr, line); })) return;
}

}  // namespace patchbay::driver
