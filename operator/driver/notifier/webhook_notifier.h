// Notifier over HTTP: one POST per message, signed by Standard Webhooks 1.0.0
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "driver/notifier/notifier.h"
#include "http/client.h"

namespace patchbay::driver {

struct WebhookOptions {
  // Whether receivers may stand on loopback, private, link-local and metadata addresses. A service that takes URLs
  // from people who do not own the host says false: checked after resolution, on connections of their own.
  bool allow_private = true;
  std::string user_agent = "patchbay";
  Clock* clock = nullptr;  // nullptr: SystemClock()
};

// Sends Content-Type, User-Agent, webhook-id, webhook-timestamp (of this attempt) and, with secrets, webhook-signature
// (one "v1,..." per secret, separated by a space: two while a key is exchanged). Headers of the message come along,
// except those five and what frames the request (Host, Content-Length, Transfer-Encoding, Connection, Expect, Upgrade).
// kInvalid also for a malformed secret, id or header; nothing is sent then. kTooLarge for an answer above 1 MiB.
class WebhookNotifier : public Notifier {
 public:
  WebhookNotifier(std::shared_ptr<http::HttpClient> client, WebhookOptions options = {});
  Result<Receipt> Send(const Message& message) override;

 private:
  const std::shared_ptr<http::HttpClient> client_;
  const WebhookOptions options_;
  Clock& clock_;
};

}  // namespace patchbay::driver
