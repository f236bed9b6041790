// The strict decoder of the chunked coding (RFC 9112, 7.1), fed as bytes arrive. Extensions and trailers are read and
// dropped; both count against one small budget, so that they cannot be used to send without end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace patchbay::http {

class ChunkedBody {
 public:
  enum class State { kMore, kDone, kMalformed, kTooLarge };

  // `body_limit` bytes of content, `spare_limit` bytes of extensions and trailers.
  ChunkedBody(std::size_t body_limit, std::size_t spare_limit) : body_left_(body_limit), spare_left_(spare_limit) {}

  // Takes from the front of `bytes` what it understands and appends content to `body`. What is left over in `bytes`
  // belongs to the next call (kMore) or to the next request (kDone).
  State Feed(std::string_view& bytes, std::string& body);

 private:
  enum class Part { kSize, kContent, kContentEnd, kTrailer };

  State ReadSize(std::string_view line);
  State ReadLine(std::string_view& bytes);
  State CopyContent(std::string_view& bytes, std::string& body);

  Part part_ = Part::kSize;
  std::size_t body_left_;
  std::size_t spare_left_;
  std::size_t chunk_left_ = 0;
};

}  // namespace patchbay::http
