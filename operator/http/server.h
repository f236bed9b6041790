// Serving HTTP/1.1: cpprestsdk's listener API (http_listener, http_request) on our own Boost.Beast transport, which
// has the limits, deadlines and backpressure that the stock one lacks. Abuse costs a 4xx and the connection, never the
// process.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/meter.h"
#include "base/result.h"
#include "http/message.h"

namespace patchbay::http {

// A response that goes on: watch, log -f. Thread-safe; never blocks.
class Stream {
 public:
  using Piece = std::shared_ptr<const std::string>;

  virtual ~Stream() = default;
  // Queues one piece (sent as one chunk, not copied; an empty one does nothing). False when the client is gone, or was
  // dropped because more than stream_queue bytes would wait (one piece of any size may always wait alone): then nothing
  // more is sent.
  virtual bool Write(std::shared_ptr<const std::string> piece) = 0;
  // Sends what is queued and the last chunk, then closes. Idempotent.
  virtual void Close() = 0;
  virtual bool gone() const = 0;
  // Bytes queued and not yet taken by the socket: a writer that can wait paces itself by this.
  virtual std::size_t waiting() const { return 0; }
};

// One request waiting for its answer. Answer exactly once, from any thread; an Exchange dropped unanswered gives 500.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual Request& request() = 0;  // the handler may move the body out
  virtual void Reply(Response response) = 0;
  // Answers with status and headers and leaves the body open (chunked; until the close for HTTP/1.0). `on_gone` is
  // called once, on a transport thread, when the client leaves or is dropped or the server stops, not after Close(); it
  // may come before StartStream has returned. HEAD gets the headers alone and a stream that is gone. The connection
  // closes after a stream.
  virtual std::shared_ptr<Stream> StartStream(Response head, std::function<void()> on_gone) = 0;
};

// Called on a transport thread: must not block. Work that waits (a commit) answers later from another thread.
using Handler = std::function<void(std::shared_ptr<Exchange>)>;

struct TlsFiles {
  std::string certificate;  // PEM chain
  std::string key;          // PEM
  std::string client_ca;    // PEM; when given, a certificate signed by it is asked for (and its subject passed on)
  bool require_client_certificate = false;
};

struct ServerOptions {
  // "127.0.0.1:6444", "[::1]:0" (0: any free port), "unix:/run/patchbay.sock" (mode 0600).
  std::vector<std::string> listen;
  int threads = 2;
  TlsFiles tls;  // certificate empty: plain HTTP. Unix sockets are always plain
  std::size_t header_limit = 16 * 1024;
  std::size_t body_limit = 3 * 1024 * 1024;
  std::size_t stream_queue = 1024 * 1024;
  std::size_t max_connections = 10'000;
  std::size_t max_connections_per_address = 2'000;  // not for Unix sockets
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds write_timeout{30'000};  // per write; for a stream: without any progress
  Meter* meter = nullptr;                           // nullptr: NullMeter()
};

class Server {
 public:
  // Binds and serves before it returns; kUnavailable names the address and the reason ("127.0.0.1:6444: address
  // already in use"). At most one Server per process at a time (cpprestsdk keeps one transport).
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Handler handler);
  virtual ~Server() = default;  // Stop()

  // As bound, with real ports: "127.0.0.1:38211", "unix:/run/x.sock".
  virtual std::vector<std::string> addresses() const = 0;
  // Reads the TLS files again for connections accepted from now on; on error the old ones stay.
  virtual Result<void> ReloadTls() = 0;
  // Stops accepting, lets requests under way finish within `grace`, ends streams with their last chunk. Idempotent;
  // not to be called on a transport thread (in a handler or an on_gone).
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace patchbay::http
