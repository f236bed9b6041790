#include "cli/api_client.h"

#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "base/text.h"

namespace patchbay::cli {
namespace {

constexpr int kPatience = 8;  // more tries of a request that the server put off

Code CodeOf(int status, const std::string& reason) {
  if (reason == "AlreadyExists") return Code::kAlreadyExists;
  if (reason == "Expired" || status == 410) return Code::kExpired;
  switch (status) {
    case 400: case 422: return Code::kInvalid;
    case 401: return Code::kUnauthorized;
    case 403: return Code::kForbidden;
    case 404: return Code::kNotFound;
    case 409: return Code::kConflict;
    case 413: return Code::kTooLarge;
    case 429: return Code::kTooManyRequests;
    case 405: case 406: case 415: case 501: return Code::kUnsupported;
    case 503: return Code::kUnavailable;
    case 504: return Code::kTimeout;
    default: return Code::kInternal;
  }
}

Error ErrorOf(int status, const std::string& body) {
  const auto parsed = ParseJson(body);
  if (!parsed.ok() || FindString(*parsed, {"kind"}) != "Status")
    return Error{CodeOf(status, ""), StrCat("the server answered ", status, body.empty() ? "" : ": ", Trim(body))};
  Error error{CodeOf(status, FindString(*parsed, {"reason"})), FindString(*parsed, {"message"})};
  if (const Json* causes = Find(*parsed, {"details", "causes"}); causes != nullptr && causes->is_array())
    for (const Json& cause : *causes)
      error.causes.push_back({FindString(cause, {"field"}), FindString(cause, {"reason"}), FindString(cause, {"message"})});
  return error;
}

// `299 - "unknown field \"spec.x\""` -> unknown field "spec.x"
std::string WarningText(std::string_view header) {
  const auto quote = header.find('"');
  if (quote == std::string_view::npos) return std::string(header);
  std::string text;
  for (std::size_t i = quote + 1; i < header.size() && header[i] != '"'; ++i) {
    if (header[i] == '\\' && i + 1 < header.size()) ++i;
    text += header[i];
  }
  return text;
}

}  // namespace

std::string ObjectPath(const Kind& kind, const std::string& ns, const std::string& name, const std::string& subresource) {
  std::string path = kind.group.empty() ? StrCat("/api/", kind.version) : StrCat("/apis/", kind.group, "/", kind.version);
  if (kind.namespaced && !ns.empty()) path += StrCat("/namespaces/", EncodeUrl(ns));
  path += StrCat("/", kind.plural);
  if (!name.empty()) path += StrCat("/", EncodeUrl(name));
  if (!subresource.empty()) path += StrCat("/", subresource);
  return path;
}

ApiClient::ApiClient(Connection connection, std::unique_ptr<http::HttpClient> client)
    : connection_(std::move(connection)), client_(std::move(client)) {}

http::Call ApiClient::Prepare(const std::string& method, const std::string& path, const Parameters& parameters,
                              const std::string& accept) const {
  http::Call call;
  call.method = method;
  call.url = connection_.server + path;
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    call.url += StrCat(separator, name, "=", EncodeUrl(value));
    separator = '&';
  }
  call.unix_socket = connection_.unix_socket;
  call.ca_file = connection_.ca_file;
  call.verify_tls = connection_.verify_tls;
  call.max_body = 512UL * 1024 * 1024;
  call.headers.Set("Accept", accept);
  call.headers.Set("User-Agent", "patchbay/cli");
  if (!connection_.token.empty()) call.headers.Set("Authorization", "Bearer " + connection_.token);
  return call;
}

Result<Reply> ApiClient::Send(const std::string& method, const std::string& path, const Parameters& parameters,
                              const Json* body, const std::string& content_type, const std::string& accept) {
  http::Call call = Prepare(method, path, parameters, accept);
  if (body != nullptr) {
    call.body = DumpJson(*body);
    call.headers.Set("Content-Type", content_type);
  }
  auto answer = client_->Send(call);
  // As client-go does: who says when to come again is asked again.
  for (int attempt = 0; attempt < kPatience && answer.ok() && (answer->status == 503 || answer->status == 429); ++attempt) {
    const auto seconds = ParseInt(answer->headers.Get("Retry-After"));
    if (!seconds) break;
    SystemClock().SleepFor(std::chrono::seconds(std::min<long>(*seconds, 5)), {});
    answer = client_->Send(call);
  }
  if (!answer.ok() && answer.error().code == Code::kUnavailable)
    return Error{Code::kUnavailable, StrCat("cannot reach the server ", connection_.server, " (from ", connection_.source,
                                            "): ", answer.error().message, ". Is `patchbay dev` or `patchbay operator` running?")};
  if (!answer.ok()) return std::move(answer).error();
  if (answer->status < 200 || answer->status > 299) return ErrorOf(answer->status, answer->body);
  Reply reply;
  reply.status = answer->status;
  for (const auto& [name, value] : answer->headers.all())
    if (EqualsIgnoreCase(name, "Warning")) reply.warnings.push_back(WarningText(value));
  JsonLimits limits;
  limits.bytes = call.max_body;
  limits.values = 50'000'000;
  if (answer->body.starts_with('{') || answer->body.starts_with('[')) {
    PATCHBAY_TRY(reply.body, ParseJson(answer->body, limits));
  } else {
    reply.body = answer->body;
  }
  return reply;
}

Result<Json> ApiClient::Get(const std::string& path, const Parameters& parameters, const std::string& accept) {
  PATCHBAY_TRY(Reply reply, Send("GET", path, parameters, nullptr, "", accept));
  return std::move(reply.body);
}

Result<void> ApiClient::Stream(const std::string& path, const Parameters& parameters, const std::string& accept,
                               const std::function<bool(std::string_view)>& on_piece) {
  http::Call call = Prepare("GET", path, parameters, accept);
  call.timeout = std::chrono::milliseconds(0);
  struct Ending {
    std::mutex mutex;
    std::condition_variable ended;
    bool done = false;
    int status = 200;
    std::string refusal;
    Result<void> result;
  } ending;
  http::HttpClient::StreamEvents events;
  events.on_head = [&](const http::Answer& head) { ending.status = head.status; };
  events.on_piece = [&](std::string_view piece) {
    if (ending.status == 200) return on_piece(piece);
    ending.refusal.append(piece);
    return ending.refusal.size() < 65'536;
  };
  events.on_end = [&](Result<void> end) {
    std::lock_guard lock(ending.mutex);
    ending.result = std::move(end);
    ending.done = true;
    ending.ended.notify_all();
  };
  PATCHBAY_TRY(const auto subscription, client_->Open(call, std::move(events)));
  std::unique_lock lock(ending.mutex);
  ending.ended.wait(lock, [&] { return ending.done; });
  if (ending.status != 200) return ErrorOf(ending.status, ending.refusal);
  if (!ending.result.ok() && ending.result.error().code != Code::kCancelled) return ending.result;
  return {};
}

Result<void> ApiClient::StreamLines(const std::string& path, const Parameters& parameters, const std::string& accept,
                                    const std::function<bool(const Json&)>& on_line) {
  std::string rest;
  return Stream(path, parameters, accept, [&](std::string_view piece) {
    rest.append(piece);
    std::size_t begin = 0;
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      const auto line = ParseJson(std::string_view(rest).substr(begin, end - begin));
      begin = end + 1;
      if (line.ok() && !on_line(*line)) return false;
    }
    rest.erase(0, begin);
    return true;
  });
}

}  // namespace patchbay::cli
