#include "api/documents.h"

#include <utility>

#include "base/digest.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

// RFC 9110's weak comparison.
bool Names(std::string_view if_none_match, std::string_view etag) {
  for (const std::string& item : Split(if_none_match, ',')) {
    std::string_view tag = Trim(item);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

bool HasCopy(const http::Request& request, const Document& document, std::string_view etag) {
  if (request.headers.Has("If-None-Match")) return Names(request.headers.Get("If-None-Match"), etag);
  return !document.last_modified.empty() && request.headers.Get("If-Modified-Since") == document.last_modified;
}

}  // namespace

Document MakeDocument(std::string text, std::string content_type) {
  Document document;
  document.hash = Sha256Hex(text);
  document.bytes = std::make_shared<const std::string>(std::move(text));
  document.content_type = std::move(content_type);
  return document;
}

void ReplyDocument(const CallPtr& call, const Document& document, const Lifetime& lifetime) {
  const std::string etag = StrCat("\"", document.hash, "\"");
  http::Response response;
  if (HasCopy(call->request(), document, etag)) {
    response.status = 304;
  } else {
    response = BytesResponse(200, document.bytes, document.content_type);
  }
  response.headers.Add("ETag", etag);
  response.headers.Add("Vary", "Accept");
  if (!document.last_modified.empty()) response.headers.Add("Last-Modified", document.last_modified);
  if (!lifetime.cache_control.empty()) response.headers.Add("Cache-Control", lifetime.cache_control);
  if (!lifetime.expires.empty()) response.headers.Add("Expires", lifetime.expires);
  call->Reply(std::move(response));
}

}  // namespace patchbay::api
