#include "http/response_head.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/text.h"
#include "http/date.h"

namespace patchbay::http {
namespace {

struct Phrase {
  int status;
  const char* text;
  const char* reason;  // Kubernetes' StatusReason where the transport itself may refuse
};
constexpr Phrase kPhrases[] = {
    {200, "OK", ""},
    {201, "Created", ""},
    {202, "Accepted", ""},
    {204, "No Content", ""},
    {301, "Moved Permanently", ""},
    {302, "Found", ""},
    {304, "Not Modified", ""},
    {307, "Temporary Redirect", ""},
    {400, "Bad Request", "BadRequest"},
    {401, "Unauthorized", "Unauthorized"},
    {403, "Forbidden", "Forbidden"},
    {404, "Not Found", "NotFound"},
    {405, "Method Not Allowed", "MethodNotAllowed"},
    {406, "Not Acceptable", "NotAcceptable"},
    {408, "Request Timeout", "Timeout"},
    {409, "Conflict", "Conflict"},
    {410, "Gone", "Expired"},
    {413, "Content Too Large", "RequestEntityTooLarge"},
    {415, "Unsupported Media Type", "UnsupportedMediaType"},
    {417, "Expectation Failed", "BadRequest"},
    {422, "Unprocessable Content", "Invalid"},
    {429, "Too Many Requests", "TooManyRequests"},
    {431, "Request Header Fields Too Large", "RequestHeaderFieldsTooLarge"},
    {500, "Internal Server Error", "InternalError"},
    {501, "Not Implemented", "NotImplemented"},
    {502, "Bad Gateway", "BadGateway"},
    {503, "Service Unavailable", "ServiceUnavailable"},
    {504, "Gateway Timeout", "Timeout"},
    {505, "HTTP Version Not Supported", "BadRequest"},
};

const Phrase& PhraseOf(int status) {
  static constexpr Phrase kOther{0, "Status", "Unknown"};
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase;
  }
  return kOther;
}

// Written anew once a second and thread.
std::string_view HttpDate() {
  thread_local std::time_t written = -1;
  thread_local std::string text;
  const WallTime now = SystemClock().Wall();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  if (seconds != written) {
    text = FormatDate(now);
    written = seconds;
  }
  return text;
}

bool IsTransportField(std::string_view name) {
  return EqualsIgnoreCase(name, "Content-Length") || EqualsIgnoreCase(name, "Transfer-Encoding") ||
         EqualsIgnoreCase(name, "Connection") || EqualsIgnoreCase(name, "Date");
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  const auto append = [&out](std::string_view text) {
    for (const char c : text) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
  };
  append(name);
  out.append(": ");
  append(value);
  out.append("\r\n");
}

}  // namespace

bool IsBodiless(int status) { return status == 204 || status == 304 || (status >= 100 && status < 200); }

std::string WriteHead(const Response& response, BodyFraming framing, std::size_t length, bool keep_alive,
                      int minor_version) {
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).push_back(' ');
  out.append(PhraseOf(response.status).text).append("\r\n");
  for (const auto& [name, value] : response.headers.all()) {
    if (!IsTransportField(name)) AppendField(out, name, value);
  }
  AppendField(out, "Date", HttpDate());
  if (framing == BodyFraming::kLength) AppendField(out, "Content-Length", std::to_string(length));
  if (framing == BodyFraming::kChunked) AppendField(out, "Transfer-Encoding", "chunked");
  if (!keep_alive) {
    AppendField(out, "Connection", "close");
  } else if (minor_version == 0) {
    AppendField(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
  return out;
}

Response RefusalResponse(int status, const std::string& message) {
  return Response::Text(
      status,
      StrCat(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":)", QuoteJson(message),
             R"(,"reason":")", PhraseOf(status).reason, R"(","code":)", status, "}\n"),
      "application/json");
}

}  // namespace patchbay::http
