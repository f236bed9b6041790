#include "driver/gateway/kong_admin.h"

#include <utility>

#include "base/digest.h"
#include "base/text.h"

namespace patchbay::driver {
namespace {

constexpr std::size_t kMostBytes = 64 * 1024 * 1024;
constexpr JsonLimits kLimits{kMostBytes, 64, 10'000'000};
constexpr int kPageSize = 1'000;  // Kong's most
constexpr int kMostPages = 10'000;

// Kong's message names the first fields; what it leaves out is put behind it.
std::string ErrorText(const http::Answer& answer) {
  const auto value = ParseJson(answer.body, kLimits);
  std::string text = value.ok() ? FindString(*value, {"message"}) : "";
  if (text.empty()) return StrCat("status ", answer.status, " ", Trim(answer.body.substr(0, 500)));
  const Json* fields = Find(*value, {"fields"});
  if (fields == nullptr || !fields->is_object() || fields->empty()) return text;
  return StrCat(text, " fields: ", DumpJson(*fields).substr(0, 2'000));
}

Error Refusal(const http::Answer& answer, bool writing) {
  const std::string text = ErrorText(answer);
  switch (answer.status) {
    case 400: return {Code::kInvalid, text};
    case 409: return {Code::kConflict, text};
    case 404: return {Code::kNotFound, text};
    case 405: return {Code::kUnsupported, text};
    case 401:
    case 403: return {Code::kForbidden, StrCat("Kong's Admin API refuses us (--gateway-token-file): ", text)};
    case 413: return {Code::kTooLarge, text};
    case 429: return {Code::kUnavailable, StrCat("Kong's Admin API asks us to wait: ", text)};
    default: break;
  }
  if (answer.status >= 500)
    return {writing ? Code::kInDoubt : Code::kUnavailable, StrCat("Kong's Admin API failed: ", text)};
  return {Code::kInternal, StrCat("not an answer of Kong's Admin API: ", text)};
}

// "3.4.3.5-enterprise-edition", "2.8.1", "kong/3.0.0-alpha".
Result<KongVersion> ReadVersion(std::string_view text) {
  const auto begin = text.find_first_of("0123456789");
  const auto parts = Split(begin == std::string_view::npos ? "" : text.substr(begin), '.');
  const auto major = ParseInt(parts[0]);
  const auto minor =
      parts.size() > 1 ? ParseInt(parts[1].substr(0, parts[1].find_first_not_of("0123456789"))) : std::nullopt;
  if (!major || !minor)
    return Error{Code::kInternal, StrCat("the gateway at this address is not Kong: version ", QuoteJson(text))};
  const KongVersion version{static_cast<int>(*major), static_cast<int>(*minor)};
  if (version.major < 2 || (version.major == 2 && version.minor < 8) || version.major > 3)
    return Error{Code::kUnsupported, StrCat("Kong ", text, " is not one we know: 2.8 to 3.x")};
  return version;
}

}  // namespace

Result<KongAdmin> KongAdmin::At(const std::string& address, std::string token, http::HttpClient& client,
                                std::chrono::milliseconds deadline) {
  KongAdmin admin(client, deadline);
  admin.token_ = std::move(token);
  if (address.starts_with("unix:/")) {
    admin.unix_socket_ = address.substr(5);
    while (admin.unix_socket_.starts_with("//")) admin.unix_socket_.erase(0, 1);
    admin.url_ = "http://localhost";
    return admin;
  }
  if (!address.starts_with("http://") && !address.starts_with("https://"))
    return Error{Code::kInvalid, StrCat("Kong's admin address is neither http(s):// nor unix:/: ", Redact(address))};
  admin.url_ = address;
  while (admin.url_.ends_with('/')) admin.url_.pop_back();
  return admin;
}

Result<http::Answer> KongAdmin::Send(const std::string& method, const std::string& path, std::string body) const {
  http::Call call;
  call.method = method;
  call.url = url_ + path;
  call.unix_socket = unix_socket_;
  call.timeout = deadline_;
  call.max_body = kMostBytes;
  call.body = std::move(body);
  if (!call.body.empty()) call.headers.Set("Content-Type", "application/json");
  if (!token_.empty()) call.headers.Set("Kong-Admin-Token", token_);
  PATCHBAY_TRY(auto answer, client_->Send(call));
  if (answer.status >= 200 && answer.status < 300) return answer;
  return Refusal(answer, method != "GET");
}

Result<KongNode> KongAdmin::Node() const {
  PATCHBAY_TRY(const auto answer, Send("GET", "/", ""));
  PATCHBAY_TRY(const auto root, ParseJson(answer.body, kLimits));
  KongNode node;
  node.version_text = FindString(root, {"version"});
  PATCHBAY_TRY(node.version, ReadVersion(node.version_text));
  node.has_database = FindString(root, {"configuration", "database"}, "postgres") != "off";
  if (!node.has_database) {
    for (const auto* member : {"node_id", "pids", "prng_seeds"})
      if (const Json* value = Find(root, {member})) node.boot += DumpJson(*value);
    node.boot = Sha256Hex(node.boot).substr(0, 16);
  }
  return node;
}

Result<void> KongAdmin::List(const std::string& path, const std::string& tag,
                             const std::function<void(Json)>& visit) const {
  std::string offset;
  for (int page = 0; page < kMostPages; ++page) {
    const std::string query = StrCat("?size=", kPageSize, tag.empty() ? "" : StrCat("&tags=", EncodeUrl(tag)),
                                     offset.empty() ? "" : StrCat("&offset=", EncodeUrl(offset)));
    PATCHBAY_TRY(const auto answer, Send("GET", path + query, ""));
    PATCHBAY_TRY(auto value, ParseJson(answer.body, kLimits));
    Json* entities = Find(value, {"data"});
    if (entities == nullptr || !(entities->is_array() || entities->is_object()))
      return Error{Code::kInternal, StrCat("Kong's Admin API listed ", path, " without data")};
    for (auto& entity : *entities) visit(std::move(entity));
    std::string next = FindString(value, {"offset"});
    if (next.empty()) return {};
    if (next == offset) break;
    offset = std::move(next);
  }
  return Error{Code::kInternal, StrCat("Kong's Admin API does not come to the end of ", path)};
}

Result<void> KongAdmin::Write(const std::string& method, const std::string& path, const Json& body) const {
  PATCHBAY_TRY(const auto answer, Send(method, path, DumpJson(body)));
  static_cast<void>(answer);
  return {};
}

Result<void> KongAdmin::Delete(const std::string& path) const {
  const auto answer = Send("DELETE", path, "");
  if (answer.ok() || answer.error().code == Code::kNotFound) return {};
  return answer.error();
}

}  // namespace patchbay::driver
