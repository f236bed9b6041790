#include "http/chunked_body.h"

#include <algorithm>

#include "http/request_head.h"

namespace patchbay::http {
namespace {

constexpr std::size_t kLongestLine = 4096;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsExtension(std::string_view text) {
  return text.empty() || (text.front() == ';' && std::all_of(text.begin(), text.end(), [](unsigned char c) {
                            return (c >= 0x20 && c != 0x7f) || c == '\t';
                          }));
}

}  // namespace

ChunkedBody::State ChunkedBody::ReadSize(std::string_view line) {
  std::size_t size = 0;
  std::size_t digits = 0;
  for (; digits < line.size() && HexDigit(line[digits]) >= 0; ++digits) {
    size = size * 16 + HexDigit(line[digits]);
    if (digits >= 15) return State::kMalformed;
  }
  const std::string_view extension = line.substr(digits);
  if (digits == 0 || !IsExtension(extension) || extension.size() > spare_left_) return State::kMalformed;
  if (size > body_left_) return State::kTooLarge;
  spare_left_ -= extension.size();
  body_left_ -= size;
  chunk_left_ = size;
  part_ = size == 0 ? Part::kTrailer : Part::kContent;
  return State::kMore;
}

ChunkedBody::State ChunkedBody::ReadLine(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == 0 || bytes[end - 1] != '\r') return State::kMalformed;
  const std::string_view line = bytes.substr(0, end - 1);
  bytes.remove_prefix(end + 1);
  if (part_ == Part::kSize) return ReadSize(line);
  if (part_ == Part::kContentEnd) {
    part_ = Part::kSize;
    return line.empty() ? State::kMore : State::kMalformed;
  }
  if (line.empty()) return State::kDone;
  std::string_view name;
  std::string_view value;
  if (line.size() > spare_left_ || !ReadField(line, name, value)) return State::kMalformed;
  spare_left_ -= line.size();
  return State::kMore;
}

ChunkedBody::State ChunkedBody::CopyContent(std::string_view& bytes, std::string& body) {
  const std::size_t count = std::min(chunk_left_, bytes.size());
  body.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  chunk_left_ -= count;
  if (chunk_left_ == 0) part_ = Part::kContentEnd;
  return State::kMore;
}

ChunkedBody::State ChunkedBody::Feed(std::string_view& bytes, std::string& body) {
  State state = State::kMore;
  while (state == State::kMore && !bytes.empty()) {
    if (part_ == Part::kContent) {
      state = CopyContent(bytes, body);
    } else if (bytes.find('\n') != std::string_view::npos) {
      state = ReadLine(bytes);
    } else {
      const bool hopeless = part_ == Part::kContentEnd ? bytes != "\r" : bytes.size() > kLongestLine;
      return hopeless ? State::kMalformed : State::kMore;
    }
  }
  return state;
}

}  // namespace patchbay::http
