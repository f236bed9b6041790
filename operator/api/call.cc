#include "api/call.h"

#include <utility>

#include "api/compress.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

// RFC 9110 quoted-string; control characters cannot be in a header.
std::string QuoteHeader(std::string_view text) {
  std::string quoted = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c < 0x20 || c == 0x7f ? ' ' : static_cast<char>(c));
  }
  return quoted + "\"";
}

constexpr std::size_t kMostWarnings = 32;  // a header is no place for a novel

}  // namespace

Call::Call(std::shared_ptr<http::Exchange> exchange, Clock& clock, RequestMeter& meter)
    : exchange_(std::move(exchange)), clock_(clock), meter_(meter), arrived_(clock.Mono()) {}

bool Call::IsMethod(std::string_view method) const {
  const std::string& given = request().method;
  return given == method || (method == "GET" && given == "HEAD");
}

void Call::Warn(const std::vector<std::string>& findings) {
  for (const std::string& finding : findings) {
    if (warnings_.size() < kMostWarnings) warnings_.push_back(StrCat("299 - ", QuoteHeader(finding)));
  }
}

http::Response Call::Dress(http::Response response) const {
  if (!response.headers.Has("Cache-Control")) response.headers.Add("Cache-Control", "no-cache, private");
  for (const std::string& warning : warnings_) response.headers.Add("Warning", warning);
  return response;
}

void Call::Count(int status) {
  meter_.Count(verb, kind ? kind->plural : "none", status, clock_.Mono() - arrived_);
}

void Call::Reply(http::Response response) {
  Count(response.status);
  if (kind && request().method == "GET") CompressAnswer(request(), response);
  exchange_->Reply(Dress(std::move(response)));
}

void Call::Fail(const Failure& failure) { Reply(ToResponse(failure)); }

std::shared_ptr<http::Stream> Call::StartStream(http::Response head, std::function<void()> on_gone) {
  Count(head.status);
  return exchange_->StartStream(Dress(std::move(head)), std::move(on_gone));
}

http::Response JsonResponse(int status, const Json& value) {
  return BytesResponse(status, std::make_shared<const std::string>(DumpJson(value) + "\n"), "application/json");
}

http::Response BytesResponse(int status, std::shared_ptr<const std::string> bytes, std::string content_type) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", std::move(content_type));
  response.body.push_back(std::move(bytes));
  return response;
}

}  // namespace patchbay::api
