// The strict reader of an HTTP/1.1 request head (RFC 9112), a pure function of its bytes. What two servers could read
// in two ways is refused: that is how requests are smuggled. Own code rather than Beast's parser because that one
// unfolds obs-fold and hides the raw bytes, and because the fields go straight into our Request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace patchbay::http {

// Why a request is turned away; `message` is for the client.
struct Refusal {
  int status = 400;
  std::string message;
};

struct RequestHead {
  Request request;  // body, remote and client_subject stay empty
  int minor_version = 1;
  bool keep_alive = true;
  bool chunked = false;
  bool expects_continue = false;
  std::uint64_t content_length = 0;
};

// Finds the empty line that ends a head while its bytes arrive; every byte is looked at once.
class HeadEnd {
 public:
  enum class Found { kMore, kEnd, kBareLineFeed };
  // `bytes` is everything received so far and only ever grows.
  Found Look(std::string_view bytes);
  // REQUIRES: kEnd was found. The empty line included.
  std::size_t size() const { return looked_; }

 private:
  std::size_t looked_ = 0;
  std::size_t line_ = 0;  // where the current line begins
};

// `text` ends with the empty line. Nothing when `head` was filled. Refused: anything but CRLF line ends, folded lines,
// control bytes, no or two Hosts on 1.1, two Content-Lengths, Content-Length with Transfer-Encoding, codings other than
// chunked, targets that are not origin-form (or absolute-form with the Host's authority), bad escapes, NUL, "." and
// ".." segments.
std::optional<Refusal> ReadHead(std::string_view text, RequestHead& head);

// One "Name: value" line without its line end, value trimmed; false when malformed.
bool ReadField(std::string_view line, std::string_view& name, std::string_view& value);

}  // namespace patchbay::http
