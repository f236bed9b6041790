#include "harness/gateway/echo_upstream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "base/clock.h"
#include "base/text.h"

namespace patchbay::driver {
namespace {

std::string ReadRequest(int connection) {
  std::string text;
  std::array<char, 4096> piece{};
  while (text.find("\r\n\r\n") == std::string::npos) {
    const auto count = recv(connection, piece.data(), piece.size(), 0);
    if (count <= 0) return "";
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  return text.substr(0, text.find("\r\n\r\n"));
}

}  // namespace

EchoUpstream::EchoUpstream(std::string name, int port, std::string host)
    : name_(std::move(name)), host_(std::move(host)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, host_.c_str(), &address.sin_addr);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 128) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    std::abort();
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this](const std::stop_token& stop) { Accept(stop); });
}

EchoUpstream::~EchoUpstream() {
  state_.Lock()->stopping = true;
  Hold(false);
  acceptor_.request_stop();
  acceptor_.join();
  connections_.clear();
  close(listener_);
}

std::string EchoUpstream::address() const { return StrCat(host_, ":", port_); }

void EchoUpstream::Hold(bool hold) {
  state_.Lock()->hold = hold;
  changed_.notify_all();
}

void EchoUpstream::Accept(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd incoming{listener_, POLLIN, 0};
    if (poll(&incoming, 1, 20) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const timeval patience{5, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connections_.emplace_back([this, connection] {
      Serve(connection);
      close(connection);
    });
  }
}

void EchoUpstream::Echo(int connection) {
  const std::string answer = StrCat("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
                                    "X-Upstream: ", name_, "\r\n\r\n");
  static_cast<void>(send(connection, answer.data(), answer.size(), MSG_NOSIGNAL));
  std::array<char, 4096> piece{};
  while (!state_.Lock()->stopping) {
    pollfd incoming{connection, POLLIN, 0};
    if (poll(&incoming, 1, 20) <= 0) continue;
    const auto count = recv(connection, piece.data(), piece.size(), 0);
    if (count <= 0) return;
    static_cast<void>(send(connection, piece.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL));
  }
}

void EchoUpstream::Serve(int connection) {
  const std::string request = ReadRequest(connection);
  if (request.empty()) return;
  {
    auto state = state_.Lock();
    if (state->drop > 0) {
      --state->drop;
      return;
    }
    ++state->requests;
    changed_.wait_for(state.lock(), state->delay, [&] { return state->stopping; });
    changed_.wait(state.lock(), [&] { return !state->hold || state->stopping; });
  }
  if (Lower(request).find("\r\nupgrade:") != std::string::npos) return Echo(connection);
  const std::string body = StrCat(name_, "\n", request, "\n");
  const std::string answer = StrCat("HTTP/1.1 200 OK\r\nConnection: close\r\nServer: echo\r\nX-Upstream: ", name_,
                                    "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
  static_cast<void>(send(connection, answer.data(), answer.size(), MSG_NOSIGNAL));
}

}  // namespace patchbay::driver
