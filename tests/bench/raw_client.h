// A small blocking HTTP/1.1 client on a keep-alive connection to loopback: its own cost is as small as it can be, so
// that a figure is the server's. For benches; ends the program when the server does not answer.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"

namespace patchbay::bench {

[[noreturn]] inline void Die(const std::string& message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  std::exit(1);
}

inline int ConnectTo(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(descriptor);
    return -1;
  }
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

inline void SendAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) Die("the server closed the connection");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

inline std::string GetRequest(std::string_view path) {
  return StrCat("GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
}
inline std::string PostRequest(std::string_view path, std::string_view body) {
  return StrCat("POST ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ", body.size(),
                "\r\n\r\n", body);
}
inline std::string PatchRequest(std::string_view path, std::string_view type, std::string_view body) {
  return StrCat("PATCH ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ", type, "\r\nContent-Length: ", body.size(),
                "\r\n\r\n", body);
}

class RawClient {
 public:
  explicit RawClient(int port) : descriptor_(ConnectTo(port)) {
    if (descriptor_ < 0) Die(StrCat("nothing listens on 127.0.0.1:", port));
  }
  ~RawClient() { close(descriptor_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  int descriptor() const { return descriptor_; }
  // Sends, and reads the head of the answer; what came of its body is in rest().
  int Ask(std::string_view request) {
    SendAll(descriptor_, request);
    buffer_.clear();
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
      Receive();
      end = buffer_.find("\r\n\r\n");
    }
    head_ = buffer_.substr(0, end + 4);
    buffer_.erase(0, end + 4);
    return static_cast<int>(ParseInt(std::string_view(head_).substr(9, 3)).value_or(0));
  }
  const std::string& rest() const { return buffer_; }
  // The length of the body of the answer to Ask(), which is read and dropped.
  std::size_t SkipBody() {
    const std::size_t length = Length();
    std::size_t left = length - buffer_.size();
    while (left > 0) {
      const ssize_t got = recv(descriptor_, scratch_.data(), std::min(scratch_.size(), left), 0);
      if (got <= 0) Die("the server closed the connection in a body");
      left -= static_cast<std::size_t>(got);
    }
    return length;
  }
  std::string ReadBody() {
    const std::size_t length = Length();
    while (buffer_.size() < length) Receive();
    return buffer_;
  }

 private:
  std::size_t Length() const {
    const std::string lower = Lower(head_);
    const auto at = lower.find("content-length: ");
    if (at == std::string::npos) Die("an answer without Content-Length: " + head_);
    return std::strtoul(lower.c_str() + at + 16, nullptr, 10);
  }
  void Receive() {
    const ssize_t got = recv(descriptor_, scratch_.data(), scratch_.size(), 0);
    if (got <= 0) Die("the server closed the connection");
    buffer_.append(scratch_.data(), static_cast<std::size_t>(got));
  }

  const int descriptor_;
  std::string head_;
  std::string buffer_;
  std::string scratch_ = std::string(256 * 1024, '\0');
};

}  // namespace patchbay::bench
