// Documents that are written once and asked for often: discovery and OpenAPI. A client that keeps a copy asks with
// If-None-Match or If-Modified-Since and is told that it is good. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "api/call.h"

namespace patchbay::api {

struct Document {
  std::shared_ptr<const std::string> bytes;
  std::string hash;  // of the bytes
  std::string content_type;
  std::string last_modified = {};  // an HTTP date; "" says nothing
};

Document MakeDocument(std::string text, std::string content_type);

// How long a copy may be used unasked; by default not at all.
struct Lifetime {
  std::string cache_control = {};
  std::string expires = {};  // an HTTP date
};

// 200 with the bytes, or 304; either way with ETag, Vary and, where known, Last-Modified.
void ReplyDocument(const CallPtr& call, const Document& document, const Lifetime& lifetime = {});

}  // namespace patchbay::api
