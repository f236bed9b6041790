// Webhooks as they are received: verified after Standard Webhooks v1, the last 100 kept. Thread-safe.
#pragma once

#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "digest.h"
#include "server.h"

namespace example {

inline std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

// The signature covers "id.timestamp.body"; the header may hold several, separated by blanks.
inline bool VerifyHook(const Request& request, std::string secret) {
  if (secret.starts_with("whsec_")) secret = DecodeBase64(secret.substr(6)).value_or("");
  if (secret.empty()) return false;
  const std::string signed_text =
      request.Header("webhook-id") + "." + request.Header("webhook-timestamp") + "." + request.body;
  const std::string expected = "v1," + EncodeBase64(HmacSha256(secret, signed_text));
  return (" " + request.Header("webhook-signature") + " ").find(" " + expected + " ") != std::string::npos;
}

// The string member "type" of a JSON object; good enough for a list that people read.
inline std::string FindType(const std::string& body) {
  auto at = body.find("\"type\"");
  if (at == std::string::npos) return "";
  at = body.find_first_not_of(" \t\r\n:", at + 6);
  if (at == std::string::npos || body[at] != '"') return "";
  return body.substr(at + 1, body.find('"', at + 1) - at - 1);
}

class Hooks {
 public:
  // 204; 401 when WEBHOOK_SECRET is set and the signature does not fit; `status` of the query instead, when given.
  Response Take(const Request& request) {
    const char* secret = std::getenv("WEBHOOK_SECRET");
    const bool checked = secret != nullptr && *secret != '\0';
    const bool verified = checked && VerifyHook(request, secret);
    {
      const std::lock_guard lock(mutex_);
      ++total_;
      kept_.push_back({request.Header("webhook-id"), FindType(request.body), request.Header("webhook-timestamp"),
                       verified, request.body});
      if (kept_.size() > kKept) kept_.pop_front();
    }
    const int asked = std::atoi(request.Parameter("status", "0").c_str());
    return {asked != 0 ? asked : checked && !verified ? 401 : 204, "text/plain", ""};
  }

  // {"total":N,"hooks":[{"id","type","timestamp","verified","body"}]}, oldest first; "body" is the text received.
  Response List() {
    const std::lock_guard lock(mutex_);
    std::string body = "{\"total\":" + std::to_string(total_) + ",\"hooks\":[";
    for (const auto& hook : kept_) {
      if (body.back() == '}') body += ",";
      body += "{\"id\":" + Quote(hook.id) + ",\"type\":" + Quote(hook.type) +
              ",\"timestamp\":" + Quote(hook.timestamp) + ",\"verified\":" + (hook.verified ? "true" : "false") +
              ",\"body\":" + Quote(hook.body) + "}";
    }
    return {200, "application/json", body + "]}\n"};
  }

  Response Forget() {
    const std::lock_guard lock(mutex_);
    kept_.clear();
    total_ = 0;
    return {204, "text/plain", ""};
  }

 private:
  static constexpr std::size_t kKept = 100;
  struct Hook {
    std::string id;
    std::string type;
    std::string timestamp;
    bool verified;
    std::string body;
  };

  std::mutex mutex_;
  std::deque<Hook> kept_;
  long total_ = 0;
};

}  // namespace example
