#include "harness/stage/engine_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/text.h"
#include "harness/http/send_all.h"

namespace patchbay {
namespace {

sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

// Requests begin at the beginning of what the client sends in one piece.
bool Changes(std::string_view piece) {
  if (piece.find("/exec") != std::string_view::npos && piece.starts_with("POST ")) return false;
  return piece.starts_with("POST ") || piece.starts_with("DELETE ") || piece.starts_with("PUT ");
}

}  // namespace

EngineProxy::EngineProxy(std::string path, std::string engine) : path_(std::move(path)), engine_(std::move(engine)) {
  unlink(path_.c_str());
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = UnixAddress(path_);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) listen(listener_, 64);
  accepting_ = std::jthread([this](std::stop_token stop) { Accept(stop); });
}

EngineProxy::~EngineProxy() {
  accepting_.request_stop();
  accepting_.join();
  served_.clear();
  close(listener_);
  unlink(path_.c_str());
}

void EngineProxy::StrikeAt(int n, Moment moment, std::function<void()> strike) {
  strike_ = std::move(strike);
  moment_ = moment;
  struck_ = false;
  strike_at_ = n > 0 ? calls_ + n : 0;
}

void EngineProxy::Accept(std::stop_token stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, 50) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) served_.emplace_back([this, client](std::stop_token inner) { Serve(inner, client); });
  }
}

int EngineProxy::Connect() const {
  if (engine_.starts_with("unix://")) {
    const int engine = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = UnixAddress(engine_.substr(7));
    if (connect(engine, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return engine;
    close(engine);
    return -1;
  }
  const int engine = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(ParseInt(engine_.substr(engine_.rfind(':') + 1)).value_or(0)));
  if (connect(engine, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return engine;
  close(engine);
  return -1;
}

void EngineProxy::Serve(std::stop_token stop, int client) {
  const int engine = Connect();
  std::array<char, 65536> buffer{};
  bool strike_on_answer = false;
  while (engine >= 0 && !stop.stop_requested()) {
    std::array<pollfd, 2> waiting{{{client, POLLIN, 0}, {engine, POLLIN, 0}}};
    if (poll(waiting.data(), waiting.size(), 50) < 0) break;
    if (waiting[0].revents != 0) {
      const auto count = recv(client, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
      const bool due = Changes(piece) && ++calls_ == strike_at_;
      if (due && moment_ == Moment::kBeforeTheCall) {
        strike_();
        struck_ = true;
        break;
      }
      strike_on_answer = strike_on_answer || due;
      if (!SendAll(engine, piece)) break;
    }
    if (waiting[1].revents != 0) {
      const auto count = recv(engine, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      if (strike_on_answer) {
        strike_();
        struck_ = true;
        break;
      }
      if (!SendAll(client, {buffer.data(), static_cast<std::size_t>(count)})) break;
    }
  }
  if (engine >= 0) close(engine);
  close(client);
}

}  // namespace patchbay
