#include "driver/notifier/webhook_notifier.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "driver/notifier/retry_after.h"

namespace patchbay::driver {
namespace {

constexpr std::size_t kMostAnswer = 1024 * 1024;

bool IsOurs(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kOurs = {
      "content-type",      "user-agent", "webhook-id",     "webhook-timestamp",
      "webhook-signature", "host",       "content-length", "transfer-encoding",
      "connection",        "expect",     "upgrade"};
  return std::any_of(kOurs.begin(), kOurs.end(), [&](auto own) { return EqualsIgnoreCase(own, name); });
}

bool IsToken(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

Result<http::Headers> OwnHeaders(const Message& message) {
  http::Headers headers;
  for (const auto& [name, value] : message.headers) {
    if (!IsToken(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return Error{Code::kInvalid, StrCat("the webhook's header ", QuoteJson(name), " cannot be sent")};
    if (!IsOurs(name)) headers.Add(name, value);
  }
  return headers;
}

Result<std::string> SignAll(const Message& message, long timestamp) {
  std::vector<std::string> signatures;
  for (const auto& secret : message.secrets) {
    PATCHBAY_TRY(auto signature, SignV1(secret, message.id, timestamp, message.payload));
    signatures.push_back(std::move(signature));
  }
  return Join(signatures, " ");
}

}  // namespace

WebhookNotifier::WebhookNotifier(std::shared_ptr<http::HttpClient> client, WebhookOptions options)
    : client_(std::move(client)),
      options_(std::move(options)),
      clock_(options_.clock == nullptr ? SystemClock() : *options_.clock) {}

Result<Receipt> WebhookNotifier::Send(const Message& message) {
  const long timestamp = std::chrono::duration_cast<std::chrono::seconds>(clock_.Wall().time_since_epoch()).count();
  http::Call call;
  call.method = "POST";
  call.url = message.url;
  call.timeout = message.timeout;
  call.connect_timeout = std::min(call.connect_timeout, message.timeout);
  call.max_body = kMostAnswer;
  call.public_only = !options_.allow_private;
  PATCHBAY_TRY(call.headers, OwnHeaders(message));
  PATCHBAY_TRY(const auto signatures, SignAll(message, timestamp));
  call.headers.Set("Content-Type", "application/json");
  call.headers.Set("User-Agent", options_.user_agent);
  call.headers.Set("webhook-id", message.id);
  call.headers.Set("webhook-timestamp", StrCat(timestamp));
  if (!signatures.empty()) call.headers.Set("webhook-signature", signatures);
  call.body = message.payload;
  const auto begin = clock_.Mono();
  PATCHBAY_TRY(const auto answer, client_->Send(call));
  Receipt receipt;
  receipt.status = answer.status;
  receipt.took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Mono() - begin);
  receipt.retry_after = ParseRetryAfter(answer.headers.Get("Retry-After"), clock_.Wall());
  return receipt;
}

}  // namespace patchbay::driver
