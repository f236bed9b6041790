// Calling HTTP: one libcurl loop for calls (bounded connections per host) and one for streams, over TCP, TLS and Unix
// sockets. Seam: tests put a fake behind it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace patchbay::http {

struct Call {
  std::string method = "GET";
  std::string url;          // http or https only
  std::string unix_socket;  // path; the URL's host is then only a header
  Headers headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds timeout{30'000};  // whole call; 0 for none (streams)
  std::size_t max_body = 16 * 1024 * 1024;    // of the answer to Send; kTooLarge beyond
  // Refuses private, loopback, link-local and metadata addresses after resolution (kForbidden), on a connection cache
  // of its own: for URLs that users write.
  bool public_only = false;
  std::string ca_file;           // PEM; "" for the system's
  std::string client_cert_file;  // PEM with key; "" for none
  bool verify_tls = true;
};

struct Answer {
  int status = 0;
  Headers headers;  // with the trailers of a chunked answer, but for a stream's
  std::string body;
};

// A stream under way; destroying it cancels. No callback runs once the destructor has returned: it waits for one that
// is running, unless it is called from within that callback (then that one is the last). So do not destroy it while
// holding a lock that the callbacks take. What the callbacks captured is released soon after, on the loop's thread. To
// be destroyed before its client is.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

// Seam. Thread-safe. An HTTP status is an Answer, never an Error.
// Errors: kUnavailable (could not connect: nothing was sent), kInDoubt (sent, then cut or timed out: a write may have
// happened), kTimeout (no answer to a GET or HEAD in time), kTooLarge, kForbidden (public_only), kInvalid (bad URL),
// kCancelled (on_piece said so, or the client is being destroyed). A write is never sent twice. Redirects are not
// followed; proxies of the environment are not used. Content-Length, Transfer-Encoding and Expect are the transport's.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual Result<Answer> Send(const Call& call) = 0;  // blocks

  struct StreamEvents {
    std::function<void(const Answer& head)> on_head;       // once, body empty
    std::function<bool(std::string_view piece)> on_piece;  // false ends the stream
    std::function<void(Result<void> end)> on_end;          // once, last
  };
  // Callbacks run on the loop's thread and must not block.
  virtual Result<std::unique_ptr<Subscription>> Open(const Call& call, StreamEvents events) = 0;
};

struct CurlOptions {
  std::size_t connections_per_host = 16;
};
std::unique_ptr<HttpClient> NewCurlClient(const CurlOptions& options = {});

}  // namespace patchbay::http
