#include "harness/http/faulty_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "base/text.h"
#include "harness/http/send_all.h"

namespace patchbay::http {
namespace {

constexpr int kLook = 20;  // ms, between looks at whether to end

// More bytes behind what is there; false at the end.
bool Receive(int socket, std::string& bytes) {
  std::array<char, 65536> buffer{};
  const auto count = recv(socket, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  bytes.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

// The next request, and what came behind it stays in `bytes`. Bodies have a length: so our client sends them.
std::optional<Call> ReadCall(int socket, std::string& bytes) {
  std::size_t end = std::string::npos;
  while ((end = bytes.find("\r\n\r\n")) == std::string::npos)
    if (!Receive(socket, bytes)) return std::nullopt;
  const auto lines = Split(bytes.substr(0, end), '\n');
  const auto words = Split(lines.front(), ' ');
  if (words.size() < 2) return std::nullopt;
  Call call;
  call.method = words[0];
  call.url = words[1];
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (const auto colon = lines[i].find(':'); colon != std::string::npos)
      call.headers.Set(std::string(Trim(lines[i].substr(0, colon))), std::string(Trim(lines[i].substr(colon + 1))));
  const auto length = static_cast<std::size_t>(ParseInt(call.headers.Get("Content-Length")).value_or(0));
  while (bytes.size() < end + 4 + length)
    if (!Receive(socket, bytes)) return std::nullopt;
  call.body = bytes.substr(end + 4, length);
  bytes.erase(0, end + 4 + length);
  return call;
}

std::string Head(const Answer& answer, bool chunked) {
  std::string head = StrCat("HTTP/1.1 ", answer.status, " Said\r\n");
  for (const auto& [name, value] : answer.headers.all()) head += StrCat(name, ": ", value, "\r\n");
  if (chunked) head += "Transfer-Encoding: chunked\r\n";
  else if (answer.status != 204) head += StrCat("Content-Length: ", answer.body.size(), "\r\n");
  return head + "\r\n";
}

void AwaitEnd(int socket) {
  std::array<char, 256> dropped{};
  while (recv(socket, dropped.data(), dropped.size(), 0) > 0) {
  }
}

int Listen(const std::string& path, int& port) {
  const int listener = socket(path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (path.empty()) {
    const int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0) throw std::runtime_error("cannot bind");
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  } else {
    unlink(path.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot bind " + path);
  }
  listen(listener, 64);
  return listener;
}

}  // namespace

bool FaultyServer::Wire::Send(std::string_view piece) {
  if (piece.empty()) return true;
  std::array<char, 32> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
  const std::lock_guard lock(mutex_);
  return SendAll(socket_, StrCat(std::string(size.data()), std::string(piece), "\r\n"));
}

void FaultyServer::Wire::Cut() { shutdown(socket_, SHUT_RDWR); }

void FaultyServer::Wire::AwaitGone() const { AwaitEnd(socket_); }

FaultyServer::FaultyServer(const std::string& listen, Work work)
    : path_(listen.starts_with("unix:") ? listen.substr(5) : ""), work_(std::move(work)) {
  Start();
}

void FaultyServer::Start() {
  listener_ = Listen(path_, port_);
  accepting_ = std::jthread([this](const std::stop_token& stop) { Accept(stop); });
}

void FaultyServer::Stop() {
  if (!accepting_.joinable()) return;
  accepting_.request_stop();
  accepting_.join();
  close(listener_);
  if (!path_.empty()) unlink(path_.c_str());
  std::list<Connection> ending;
  connections_.Lock()->swap(ending);
  for (Connection& connection : ending) shutdown(connection.socket, SHUT_RDWR);
  for (Connection& connection : ending) {
    connection.thread.join();
    close(connection.socket);
  }
}

void FaultyServer::Accept(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, kLook) <= 0) continue;
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    auto connections = connections_.Lock();
    connections->push_back({socket, {}});
    connections->back().thread = std::jthread([this, socket] { Serve(socket); });
  }
}

void FaultyServer::Serve(int socket) {
  std::string bytes;
  while (const auto call = ReadCall(socket, bytes))
    if (!AnswerOne(socket, *call)) break;
  shutdown(socket, SHUT_RDWR);  // closed with the server: until then nobody else gets its number
}

bool FaultyServer::AnswerOne(int socket, const Call& call) {
  const auto fault = Due(call);
  if (fault && fault->sort == SocketFault::kCutBefore) return false;
  if (fault && fault->sort == SocketFault::kHangBefore) return AwaitEnd(socket), false;
  Reply reply;
  if (!fault || fault->sort != SocketFault::kInstead) reply = work_(call);
  if (fault && (fault->sort == SocketFault::kInstead || fault->sort == SocketFault::kAfter)) reply = {fault->answer};
  if (fault && fault->sort == SocketFault::kCutAfter) return false;
  if (fault && fault->sort == SocketFault::kHangAfter) return AwaitEnd(socket), false;
  if (reply.stream) {
    if (!SendAll(socket, Head(reply.answer, true))) return false;
    Wire wire(socket);
    reply.stream(wire);
    SendAll(socket, "0\r\n\r\n");
    return false;
  }
  std::string bytes = Head(reply.answer, false) + reply.answer.body;
  if (fault && fault->sort == SocketFault::kCutHalf) bytes.resize(bytes.size() / 2);
  return SendAll(socket, bytes) && !(fault && fault->sort == SocketFault::kCutHalf);
}

std::optional<FaultyServer::Fault> FaultyServer::Due(const Call& call) {
  ++*calls_.Lock();
  auto faults = faults_.Lock();
  std::optional<Fault> due;
  for (auto& fault : *faults)
    if ((!fault.fits || fault.fits(call)) && --fault.left == 0 && !due) due = fault;
  std::erase_if(*faults, [](const Fault& fault) { return fault.left <= 0; });
  return due;
}

void FaultyServer::Fail(SocketFault fault, int nth, Fits fits, Answer answer) {
  faults_.Lock()->push_back({fault, nth, std::move(fits), std::move(answer)});
}

}  // namespace patchbay::http
