// A small HTTP/1.1 server: one thread a connection, keep-alive, Content-Length and chunked bodies, orderly end.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

struct Request {
  std::string method;
  std::string target;  // as sent
  std::string path;    // without the query
  std::string query;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  std::string Header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return "";
  }
  std::string Parameter(const std::string& name, const std::string& fallback) const {
    for (std::size_t at = 0; at < query.size();) {
      const auto end = std::min(query.find('&', at), query.size());
      const std::string pair = query.substr(at, end - at);
      if (pair.starts_with(name + "=")) return pair.substr(name.size() + 1);
      at = end + 1;
    }
    return fallback;
  }
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

inline std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

inline std::string StripBlanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

// One client. Used by its own thread only.
class Connection {
 public:
  Connection(int socket, int stop_pipe) : socket_(socket), stop_pipe_(stop_pipe) {}
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False when the client is gone, speaks nonsense, or waits for nothing while the server stops.
  bool Read(Request& request) {
    request = {};
    std::string head;
    if (!ReadHead(head) || !ParseHead(head, request)) return false;
    if (Lower(request.Header("expect")) == "100-continue" && !Write("HTTP/1.1 100 Continue\r\n\r\n")) return false;
    if (Lower(request.Header("transfer-encoding")) == "chunked") return ReadChunks(request.body);
    const std::string length = request.Header("content-length");
    return length.empty() || ReadExactly(std::strtoul(length.c_str(), nullptr, 10), request.body);
  }

  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool WriteChunk(std::string_view bytes) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return Write(std::string(size) + std::string(bytes) + "\r\n");
  }

  // What closes a connection on which no request comes for so long; -1: nothing. Set before the first connection.
  static inline int idle_ms = -1;

  // The last Read() ended with that.
  bool idled() const { return idled_; }

  // More bytes into the buffer. False at the end, or when `until_stop` and the server stops or idle_ms are over.
  bool Fill(bool until_stop) {
    pollfd watched[2] = {{socket_, POLLIN, 0}, {stop_pipe_, POLLIN, 0}};
    int ready = 0;
    while ((ready = poll(watched, until_stop ? 2 : 1, until_stop ? idle_ms : -1)) < 0 && errno == EINTR) {
    }
    idled_ = ready == 0;
    if (idled_) return false;
    if (until_stop && watched[1].revents != 0 && watched[0].revents == 0) return false;
    char piece[16384];
    const auto count = recv(socket_, piece, sizeof piece, 0);
    if (count <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(count));
    return true;
  }
  bool ReadExactly(std::size_t size, std::string& out, bool until_stop = false) {
    if (size > kMaxBody) return false;
    while (buffer_.size() < size)
      if (!Fill(until_stop)) return false;
    out.append(buffer_, 0, size);
    buffer_.erase(0, size);
    return true;
  }
  // Waits; false when the client went away or the server stops before.
  bool Pause(int milliseconds) {
    pollfd watched[2] = {{socket_, POLLRDHUP, 0}, {stop_pipe_, POLLIN, 0}};
    return poll(watched, 2, milliseconds) == 0;
  }

 private:
  static constexpr std::size_t kMaxHead = 64 * 1024;
  static constexpr std::size_t kMaxBody = 16 * 1024 * 1024;

  bool ReadHead(std::string& head) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (buffer_.size() > kMaxHead || !Fill(buffer_.empty())) return false;
    head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    return true;
  }

  static bool ParseHead(const std::string& head, Request& request) {
    auto line_end = head.find("\r\n");
    const std::string line = head.substr(0, line_end);
    const auto first = line.find(' ');
    const auto second = line.rfind(' ');
    if (first == std::string::npos || second <= first || !line.ends_with("HTTP/1.1")) return false;
    request.method = line.substr(0, first);
    request.target = line.substr(first + 1, second - first - 1);
    const auto mark = request.target.find('?');
    request.path = request.target.substr(0, mark);
    if (mark != std::string::npos) request.query = request.target.substr(mark + 1);
    for (auto at = line_end + 2; at < head.size(); at = line_end + 2) {
      line_end = head.find("\r\n", at);
      const std::string field = head.substr(at, line_end - at);
      const auto colon = field.find(':');
      if (colon == std::string::npos) return false;
      request.headers.emplace_back(Lower(field.substr(0, colon)), StripBlanks(field.substr(colon + 1)));
    }
    return true;
  }

  bool ReadLine(std::string& line) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos)
      if (buffer_.size() > kMaxHead || !Fill(false)) return false;
    line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return true;
  }

  bool ReadChunks(std::string& body) {
    for (std::string line; ReadLine(line);) {
      const auto size = std::strtoul(line.c_str(), nullptr, 16);
      if (body.size() + size > kMaxBody || !ReadExactly(size, body)) return false;
      if (!ReadLine(line)) return false;
      if (size == 0) return true;
    }
    return false;
  }

  const int socket_;
  const int stop_pipe_;
  std::string buffer_;
  bool idled_ = false;
};

// Listens on all addresses. Stop() ends it: the listener closes, idle connections close, what is under way is answered.
class Server {
 public:
  // Answers one request on the connection; false closes it.
  using Answerer = std::function<bool(Connection& connection, const Request& request)>;

  Server(int port, Answerer answer) : answer_(std::move(answer)) {
    if (pipe(stop_pipe_) != 0) std::exit(1);
    listener_ = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(static_cast<std::uint16_t>(port));
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = six.sin6_port;
    const int on = 1;
    const int off = 0;
    bool bound = false;
    if (listener_ >= 0) {
      setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      setsockopt(listener_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
      bound = bind(listener_, reinterpret_cast<sockaddr*>(&six), sizeof six) == 0;
    }
    if (!bound) {
      if (listener_ >= 0) close(listener_);
      listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      bound = bind(listener_, reinterpret_cast<sockaddr*>(&four), sizeof four) == 0;
    }
    if (!bound || listen(listener_, 1024) != 0) {
      std::fprintf(stderr, "cannot listen on port %d: %s\n", port, std::strerror(errno));
      std::exit(1);
    }
  }

  // Returns when stopped and every connection has ended.
  void Run() {
    while (!stopping_) {
      pollfd watched[2] = {{listener_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
      if (poll(watched, 2, -1) < 0 || watched[0].revents == 0) continue;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) Spawn(client);
    }
    close(listener_);
    while (open_ > 0) poll(nullptr, 0, 5);
  }

  // From a signal handler too.
  void Stop() {
    stopping_ = true;
    [[maybe_unused]] const auto written = write(stop_pipe_[1], "x", 1);
  }
  bool stopping() const { return stopping_; }

 private:
  struct Client {
    Server* server;
    int socket;
  };

  void Spawn(int socket) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++open_;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    pthread_t thread;
    auto* client = new Client{this, socket};
    if (pthread_create(&thread, &attributes, &Server::ServeClient, client) != 0) {
      close(socket);
      delete client;
      --open_;
    }
    pthread_attr_destroy(&attributes);
  }

  static void* ServeClient(void* argument) {
    const std::unique_ptr<Client> client(static_cast<Client*>(argument));
    {
      Connection connection(client->socket, client->server->stop_pipe_[0]);
      Request request;
      std::string last;
      while (connection.Read(request) && client->server->answer_(connection, request)) last = request.method + " " + request.target;
      if (connection.idled()) {
        std::printf("closed an idle connection; the last on it was %s\n", last.c_str());
        std::fflush(stdout);
      }
    }
    --client->server->open_;
    return nullptr;
  }

  Answerer answer_;
  int listener_ = -1;
  int stop_pipe_[2] = {-1, -1};
  std::atomic<bool> stopping_{false};
  std::atomic<int> open_{0};
};

}  // namespace example
