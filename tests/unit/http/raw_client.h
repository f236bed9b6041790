// A client and a server that say exactly the bytes a test gives them, and small things all http tests share.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "http/server.h"

namespace patchbay::http {

inline void Nap(std::chrono::milliseconds time) { SystemClock().SleepFor(time, std::stop_token()); }

// Polls until it holds; false after `patience`.
inline bool Eventually(const std::function<bool()>& holds,
                       std::chrono::milliseconds patience = std::chrono::seconds(5)) {
  const MonoTime deadline = SystemClock().Mono() + patience;
  while (!holds()) {
    if (SystemClock().Mono() > deadline) return false;
    Nap(std::chrono::milliseconds(2));
  }
  return true;
}

struct RawResponse {
  int status = 0;
  std::string head;  // with the status line, without the empty line
  std::string body;
  std::string Field(std::string_view name) const {
    for (std::string_view line : Split(head, '\n')) {
      const std::size_t colon = line.find(':');
      if (colon != std::string_view::npos && EqualsIgnoreCase(line.substr(0, colon), name)) {
        return std::string(Trim(line.substr(colon + 1)));
      }
    }
    return "";
  }
};

// One connected socket, blocking with a patience of five seconds.
class RawSocket {
 public:
  explicit RawSocket(int descriptor) : descriptor_(descriptor) {}
  explicit RawSocket(const std::string& address) { Connect(address); }
  RawSocket(RawSocket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), received_(std::move(other.received_)) {}
  RawSocket& operator=(RawSocket&& other) noexcept {
    Close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    received_ = std::move(other.received_);
    return *this;
  }
  ~RawSocket() { Close(); }

  int descriptor() const { return descriptor_; }
  bool connected() const { return descriptor_ >= 0; }
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(sent);
    }
    return true;
  }
  void FinishSending() { shutdown(descriptor_, SHUT_WR); }
  void Close() {
    if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  }
  // Closes with RST.
  void Reset() {
    const linger at_once{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    Close();
  }
  void KeepReceiveBufferSmall() {
    const int size = 4096;
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }

  // More bytes into received(); false at the end, on an error or when nothing came in time.
  bool Receive(std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    pollfd ready{descriptor_, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(patience.count())) != 1) return false;
    char bytes[65536];
    const ssize_t count = recv(descriptor_, bytes, sizeof bytes, 0);
    if (count > 0) received_.append(bytes, count);
    return count > 0;
  }
  std::string ReceiveAll() {
    while (Receive()) {
    }
    return std::exchange(received_, "");
  }
  // What came up to and with `mark`; "" when it does not come.
  std::string ReceiveUntil(std::string_view mark) {
    std::size_t at = 0;
    while ((at = received_.find(mark)) == std::string::npos) {
      if (!Receive()) return "";
    }
    std::string taken = received_.substr(0, at + mark.size());
    received_.erase(0, taken.size());
    return taken;
  }
  // One whole response; status 0 when none came. `head_only` for the answer to a HEAD.
  RawResponse ReceiveResponse(bool head_only = false) {
    RawResponse response;
    response.head = ReceiveUntil("\r\n\r\n");
    if (response.head.size() < 12) return response;
    response.head.resize(response.head.size() - 4);
    response.status = static_cast<int>(ParseInt(response.head.substr(9, 3)).value_or(0));
    if (head_only) return response;
    const std::size_t length = ParseInt(response.Field("Content-Length")).value_or(0);
    while (received_.size() < length && Receive()) {
    }
    response.body = received_.substr(0, length);
    received_.erase(0, response.body.size());
    return response;
  }
  // True when the other side ends the connection in time.
  bool Ends(std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    const MonoTime deadline = SystemClock().Mono() + patience;
    while (SystemClock().Mono() < deadline) {
      pollfd ready{descriptor_, POLLIN, 0};
      if (poll(&ready, 1, static_cast<int>(patience.count())) == 1 && !Receive()) return true;
    }
    return false;
  }
  const std::string& received() const { return received_; }

 private:
  void Connect(const std::string& address) {
    if (address.rfind("unix:", 0) == 0) {
      sockaddr_un name{};
      name.sun_family = AF_UNIX;
      std::strncpy(name.sun_path, address.c_str() + 5, sizeof name.sun_path - 1);
      Connect(AF_UNIX, reinterpret_cast<sockaddr*>(&name), sizeof name);
      return;
    }
    const std::size_t colon = address.rfind(':');
    const auto port = htons(static_cast<std::uint16_t>(ParseInt(address.substr(colon + 1)).value_or(0)));
    if (address.front() == '[') {
      sockaddr_in6 six{};
      six.sin6_family = AF_INET6;
      six.sin6_port = port;
      six.sin6_addr = in6addr_loopback;
      Connect(AF_INET6, reinterpret_cast<sockaddr*>(&six), sizeof six);
      return;
    }
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = port;
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &four.sin_addr);
    Connect(AF_INET, reinterpret_cast<sockaddr*>(&four), sizeof four);
  }
  void Connect(int family, sockaddr* name, socklen_t length) {
    descriptor_ = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor_ >= 0 && connect(descriptor_, name, length) != 0) Close();
  }

  int descriptor_ = -1;
  std::string received_;
};

// Listens on loopback; the test accepts and speaks by hand.
class RawServer {
 public:
  RawServer() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(descriptor_, reinterpret_cast<sockaddr*>(&name), sizeof name);
    listen(descriptor_, 16);
    socklen_t length = sizeof name;
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&name), &length);
    port_ = ntohs(name.sin_port);
  }
  ~RawServer() { close(descriptor_); }
  std::string url(const std::string& path = "/") const { return StrCat("http://127.0.0.1:", port_, path); }
  int port() const { return port_; }
  RawSocket Accept(std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    pollfd ready{descriptor_, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(patience.count())) != 1) return RawSocket(-1);
    return RawSocket(accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  int descriptor_;
  int port_ = 0;
};

// A server on a free loopback port. `options` may be changed before; listen is filled in when empty.
struct TestServer {
  std::unique_ptr<Server> server;
  std::string address;

  explicit TestServer(Handler handler, ServerOptions options = {}) {
    if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
    auto started = Server::Start(std::move(options), std::move(handler));
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message);
    if (!started.ok()) return;
    server = *std::move(started);
    address = server->addresses().front();
  }
  std::string url(const std::string& path) const { return StrCat("http://", address, path); }
  RawResponse Ask(const std::string& bytes) const {
    RawSocket client(address);
    client.Send(bytes);
    return client.ReceiveResponse();
  }
};

// Answers 200 with "METHOD PATH BODY".
inline void EchoHandler(const std::shared_ptr<Exchange>& exchange) {
  const Request& request = exchange->request();
  exchange->Reply(Response::Text(200, StrCat(request.method, " ", request.path, " ", request.body)));
}

}  // namespace patchbay::http
