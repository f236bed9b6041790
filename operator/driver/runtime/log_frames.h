// The engine's log and attach stream: frames of 8 bytes of header (stream, three zeros, big-endian length) and a
// payload, cut anywhere; or, of a container with a terminal, the bytes as they are. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "driver/runtime/line_splitter.h"

namespace patchbay::driver {

class LogFrames {
 public:
  using OnLine = std::function<bool(bool stderr_line, std::string_view line)>;

  LogFrames(bool terminal, OnLine on_line) : terminal_(terminal), on_line_(std::move(on_line)) {}

  // False when on_line said so, or when the bytes are no frames (broken() is then true).
  bool Feed(std::string_view piece);
  // What is left without a newline. Call once, at the end.
  void Finish();
  bool broken() const { return broken_; }

 private:
  bool Give(bool to_stderr, std::string_view payload);

  const bool terminal_;
  const OnLine on_line_;
  std::string header_;
  std::uint32_t left_ = 0;  // of the payload
  bool to_stderr_ = false;
  bool broken_ = false;
  std::array<LineSplitter, 2> lines_;  // stdout, stderr
};

}  // namespace patchbay::driver
