#include "driver/gateway/caddy_admin.h"

#include <cstdint>
#include <utility>

#include "base/text.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

constexpr std::size_t kMostBytes = 256 * 1024 * 1024;

// {"error":"..."} or whatever was said.
std::string ErrorText(const http::Answer& answer) {
  const auto value = ParseJson(answer.body);
  std::string text = value.ok() ? FindString(*value, {"error"}) : "";
  if (text.empty()) text = StrCat("status ", answer.status, " ", Trim(answer.body.substr(0, 500)));
  return text;
}

// Caddy sends the ETag as a trailer, which a proxy before it may drop: the same words as Caddy 2.6 makes them, a 32-bit
// FNV-1a of the body (http://www.isthe.com/chongo/tech/comp/fnv/).
std::string MakeEtag(const std::string& path, std::string_view body) {
  std::uint32_t hash = 2166136261U;
  for (const char byte : body) hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619U;
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((hash >> shift) & 0xFFU);
  return StrCat("\"", path, " ", EncodeHex(bytes), "\"");
}

bool IsMissingPath(const http::Answer& answer) {
  return answer.status >= 400 && answer.body.find("invalid traversal path") != std::string::npos;
}

}  // namespace

Result<CaddyAdmin> CaddyAdmin::At(const std::string& address, http::HttpClient& client,
                                  std::chrono::milliseconds deadline) {
  CaddyAdmin admin(client, deadline);
  std::string_view rest = address;
  if (rest.starts_with("unix/") || rest.starts_with("unix:")) {
    rest.remove_prefix(5);
    if (rest.starts_with("//")) rest.remove_prefix(2);
    if (!rest.starts_with("/")) return Error{Code::kInvalid, StrCat("not an absolute socket path: ", address)};
    admin.unix_socket_ = rest;
    admin.url_ = "http://localhost";
    return admin;
  }
  if (rest.find("://") == std::string_view::npos) {
    admin.url_ = StrCat("http://", rest);
  } else if (rest.starts_with("http://") || rest.starts_with("https://")) {
    admin.url_ = rest;
  } else {
    return Error{Code::kInvalid, StrCat("Caddy's admin address is neither http nor unix: ", Redact(address))};
  }
  while (admin.url_.ends_with('/')) admin.url_.pop_back();
  return admin;
}

http::Call CaddyAdmin::NewCall(const std::string& method, const std::string& path) const {
  http::Call call;
  call.method = method;
  call.url = url_ + path;
  call.unix_socket = unix_socket_;
  call.timeout = deadline_;
  call.max_body = kMostBytes;
  // Caddy 2.6 knows no host but the empty one on a Unix socket.
  if (!unix_socket_.empty()) call.headers.Set("Host", "");
  // Each reload replaces the admin listener: a connection kept for later would be cut in mid-request.
  call.headers.Set("Connection", "close");
  return call;
}

Result<CaddyValue> CaddyAdmin::Get(const std::string& path) const {
  PATCHBAY_TRY(auto answer, client_->Send(NewCall("GET", path)));
  if (IsMissingPath(answer)) return CaddyValue{};
  if (answer.status != 200) {
    const Code code = answer.status >= 500 ? Code::kUnavailable : Code::kInternal;
    return Error{code, StrCat("Caddy's admin API answered: ", ErrorText(answer))};
  }
  CaddyValue value;
  value.etag = answer.headers.Get("Etag");
  if (value.etag.empty()) value.etag = MakeEtag(path, answer.body);
  value.body = std::move(answer.body);
  while (!value.body.empty() && value.body.back() == '\n') value.body.pop_back();
  value.exists = !value.body.empty() && value.body != "null";
  return value;
}

Result<void> CaddyAdmin::Change(const std::string& method, const std::string& path, std::string body,
                                const std::string& etag) const {
  http::Call call = NewCall(method, path);
  call.body = std::move(body);
  if (!call.body.empty()) call.headers.Set("Content-Type", "application/json");
  if (!etag.empty()) call.headers.Set("If-Match", etag);
  PATCHBAY_TRY(const auto answer, client_->Send(call));
  if (answer.status == 200) return {};
  if (answer.status == 412) return Error{Code::kConflict, "somebody else changed Caddy's configuration meanwhile"};
  if (answer.status == 403 || answer.status == 401)
    return Error{Code::kForbidden, StrCat("Caddy's admin API refuses us: ", ErrorText(answer))};
  return Error{Code::kInvalid, ErrorText(answer)};
}

}  // namespace patchbay::driver
