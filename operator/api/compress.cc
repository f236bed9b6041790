#include "api/compress.h"

#include <zlib.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"

namespace patchbay::api {
namespace {

constexpr std::size_t kThreshold = 128 * 1024;
constexpr int kLevel = 1;
constexpr int kGzipWindow = 15 + 16;  // deflateInit2: 32 KiB of window, with gzip's header
constexpr int kMemory = 8;            // zlib's default

using Pieces = std::vector<std::shared_ptr<const std::string>>;

std::size_t SizeOf(const Pieces& pieces) {
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece->size();
  return size;
}

// Nothing when zlib has no memory.
std::shared_ptr<std::string> Gzip(const Pieces& pieces, std::size_t size) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) return nullptr;
  auto out = std::make_shared<std::string>();
  out->resize(deflateBound(&stream, static_cast<uLong>(size)));
  stream.next_out = reinterpret_cast<Bytef*>(out->data());
  stream.avail_out = static_cast<uInt>(out->size());
  int status = Z_OK;
  for (std::size_t i = 0; i < pieces.size() && status == Z_OK; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(pieces[i]->data()));  // zlib only reads it
    stream.avail_in = static_cast<uInt>(pieces[i]->size());
    if (stream.avail_in > 0) status = deflate(&stream, Z_NO_FLUSH);
  }
  if (status == Z_OK) status = deflate(&stream, Z_FINISH);
  out->resize(stream.total_out);
  deflateEnd(&stream);
  return status == Z_STREAM_END ? out : nullptr;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) {
  for (const std::string& part : Split(accept_encoding, ',')) {
    const std::vector<std::string> words = Split(part, ';');
    if (!EqualsIgnoreCase(Trim(words[0]), "gzip")) continue;
    const std::string_view quality = words.size() > 1 ? Trim(words[1]) : std::string_view();
    return !quality.starts_with("q=") || std::strtod(std::string(quality.substr(2)).c_str(), nullptr) > 0;
  }
  return false;
}

void CompressAnswer(const http::Request& request, http::Response& response) {
  const std::size_t size = SizeOf(response.body);
  if (size <= kThreshold || size > UINT32_MAX / 2 || response.headers.Has("Content-Encoding")) return;
  response.headers.Add("Vary", "Accept-Encoding");
  if (!AcceptsGzip(request.headers.Get("Accept-Encoding"))) return;
  std::shared_ptr<std::string> packed = Gzip(response.body, size);
  if (!packed) return;
  response.body.assign(1, std::move(packed));
  response.headers.Add("Content-Encoding", "gzip");
}

}  // namespace patchbay::api
