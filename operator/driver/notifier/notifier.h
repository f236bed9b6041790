// Seam: telling others. WebhookNotifier sends one message by HTTP POST, signed by Standard Webhooks v1.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace patchbay::driver {

struct Message {
  std::string id;       // webhook-id: stable over attempts, no '.'
  std::string url;
  std::string payload;  // JSON bytes, signed and sent as they are
  std::vector<std::pair<std::string, std::string>> headers;  // the user's own
  std::vector<std::string> secrets;  // "whsec_<base64>" or plain text; one signature each; empty: unsigned
  std::chrono::milliseconds timeout{15'000};
};

struct Receipt {
  int status = 0;
  std::chrono::milliseconds took{0};
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

// Thread-safe; blocks for at most message.timeout. 2xx is delivered; every other status comes back in the Receipt
// (3xx is not followed). Errors as HttpClient::Send; kForbidden when the address is private and that is not allowed.
class Notifier {
 public:
  virtual ~Notifier() = default;
  virtual Result<Receipt> Send(const Message& message) = 0;
};

// "v1,<base64 of HMAC-SHA256 over id.timestamp.payload>" (Standard Webhooks 1.0.0). kInvalid for a malformed secret.
Result<std::string> SignV1(const std::string& secret, const std::string& id, long timestamp_seconds,
                           const std::string& payload);

}  // namespace patchbay::driver
