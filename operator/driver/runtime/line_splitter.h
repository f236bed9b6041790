// Cuts a stream of pieces into lines. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::driver {

class LineSplitter {
 public:
  // A line of more than `most` bytes is cut there.
  explicit LineSplitter(std::size_t most = 1024 * 1024) : most_(most) {}

  // Calls `on_line(std::string_view)` for each line that is whole now, without "\n" or "\r\n". When it returns false
  // the rest is dropped, and Feed returns false.
  template <class OnLine>
  bool Feed(std::string_view piece, OnLine on_line) {
    while (true) {
      const auto end = piece.find('\n');
      const std::string_view head = piece.substr(0, end);
      if (end == std::string_view::npos) {
        rest_.append(head);
        return rest_.size() < most_ || Flush(on_line);
      }
      if (!(rest_.empty() ? Give(head, on_line) : (rest_.append(head), Flush(on_line)))) return false;
      piece.remove_prefix(end + 1);
    }
  }
  // The last line, which had no newline.
  template <class OnLine>
  bool Flush(OnLine on_line) {
    if (rest_.empty()) return true;
    const std::string line = std::exchange(rest_, {});
    return Give(line, on_line);
  }

 private:
  template <class OnLine>
  static bool Give(std::string_view line, OnLine& on_line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return on_line(line);
  }

  const std::size_t most_;
  std::string rest_;
};

}  // namespace patchbay::driver
