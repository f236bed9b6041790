#include "driver/runtime/docker_error.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

constexpr std::chrono::minutes kPullAgain{5};

bool ContainsAny(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return text.find(word) != std::string::npos; });
}

// The command of the container cannot be executed, whoever starts it.
bool IsBadCommand(const std::string& text) {
  return ContainsAny(text, {"executable file not found", "exec format error"}) ||
         (ContainsAny(text, {"exec:"}) && ContainsAny(text, {"permission denied", "no such file or directory"}));
}

Code CodeOf(int status, const std::string& text) {
  if (IsPortConflict(text)) return Code::kConflict;
  if (IsBadCommand(text)) return Code::kInvalid;
  if (ContainsAny(text, {"no space left on device"})) return Code::kUnavailable;
  switch (status) {
    case 400: return Code::kInvalid;
    case 401: return Code::kUnauthorized;
    case 403: return Code::kForbidden;
    case 404: return Code::kNotFound;
    case 409: return Code::kConflict;
    case 413: return Code::kTooLarge;
    case 429: return Code::kTooManyRequests;
    case 501: return Code::kUnsupported;
    case 502:
    case 503:
    case 504: return Code::kUnavailable;
    default: return Code::kInternal;
  }
}

// "toomanyrequests: retry-after: 3s, allowed: ..." as some registries say.
std::chrono::milliseconds ReadRetryAfter(const std::string& text) {
  constexpr std::string_view kWord = "retry-after:";
  const auto at = text.find(kWord);
  if (at == std::string::npos) return kPullAgain;
  const auto rest = Trim(std::string_view(text).substr(at + kWord.size()));
  const auto word = rest.substr(0, rest.find_first_of(" ,;"));
  if (const auto seconds = ParseInt(word)) return std::chrono::seconds(*seconds);
  return ParseDuration(word).value_or(kPullAgain);
}

Code PullCodeOf(const std::string& text) {
  if (ContainsAny(text, {"toomanyrequests", "too many requests", "rate limit", " 429"})) return Code::kTooManyRequests;
  if (ContainsAny(text, {"unauthorized", "denied", "authentication required", "no basic auth", "forbidden"}))
    return Code::kForbidden;
  if (ContainsAny(text, {"no such host", "refused", "timeout", "timed out", "unreachable", "no route", "eof", "reset",
                         "no space left", "server misbehaving", "deadline exceeded", " 500", " 502", " 503", " 504"}))
    return Code::kUnavailable;
  if (ContainsAny(text, {"manifest unknown", "not found", "name unknown", "no matching manifest", "does not exist"}))
    return Code::kNotFound;
  if (ContainsAny(text, {"invalid reference", "invalid tag"})) return Code::kInvalid;
  return Code::kInternal;
}

}  // namespace

std::string ReadMessage(std::string_view body) {
  const auto parsed = ParseJson(body);
  std::string message = parsed.ok() ? FindString(*parsed, {"message"}) : "";
  if (message.empty()) message = Trim(body.substr(0, 1000));
  while (message.ends_with('\n')) message.pop_back();
  return message;
}

bool IsPortConflict(std::string_view message) {
  return ContainsAny(Lower(message), {"port is already allocated", "address already in use"});
}

Error TranslateAnswer(int status, std::string_view body) {
  std::string message = ReadMessage(body);
  const Code code = CodeOf(status, message);
  if (message.empty()) message = StrCat("the container engine answered ", status, " without a word");
  return Error{code, std::move(message)};
}

Error TranslatePullError(std::string_view image, std::string_view message) {
  const std::string text = Lower(message);
  Error error{PullCodeOf(text), StrCat("cannot pull ", image, ": ", Trim(message))};
  if (error.code == Code::kTooManyRequests) error.retry_after = ReadRetryAfter(text);
  return error;
}

}  // namespace patchbay::driver
