// The example application: everything that a plugin may do well or badly, in one static program for a FROM scratch
// image. README.md lists what it answers and which environment variables it reads.
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "hooks.h"
#include "server.h"
#include "websocket.h"

extern char** environ;

namespace example {
namespace {

std::string Env(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : value;
}

long Milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000L + time.tv_nsec / 1'000'000;
}

void Print(const std::string& line) {
  const std::string text = line + "\n";
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, text.data(), text.size());
}

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Server* the_server = nullptr;
bool close_at_once = false;

class App {
 public:
  App() : started_(Milliseconds()), ready_after_(std::atol(Env("READY_AFTER", "0").c_str())) {}

  bool Answer(Connection& connection, const Request& request) {
    const long begin = Milliseconds();
    if (request.path == "/stream") return Stream(connection, request);
    if (request.path == "/ws" && Lower(request.Header("upgrade")) == "websocket") {
      Print("GET " + request.target + " 101");
      EchoWebSocket(connection, request);
      return false;
    }
    if (request.path == "/crash") {
      Print(request.method + " /crash: exit 1");
      _exit(1);
    }
    const Response response = Route(request);
    const bool last = the_server->stopping() || Lower(request.Header("connection")) == "close";
    std::string text = "HTTP/1.1 " + std::to_string(response.status) + (response.status < 400 ? " OK" : " Error") +
                       "\r\nContent-Type: " + response.type + "\r\nServer: patchbay-example\r\n";
    if (response.status != 204) text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    text += last ? "Connection: close\r\n\r\n" : "\r\n";
    if (request.method != "HEAD" && response.status != 204) text += response.body;
    const bool sent = connection.Write(text);
    Print(request.method + " " + request.target + " " + std::to_string(response.status) + " " +
          std::to_string(response.body.size()) + "B " + std::to_string(Milliseconds() - begin) + "ms");
    return sent && !last;
  }

 private:
  Response Route(const Request& request) {
    const bool post = request.method == "POST";
    if (request.path == "/healthz") return Health();
    if (request.path == "/work") return {std::atoi(Env("WORK_STATUS", "200").c_str()), "text/plain", "worked\n"};
    if (request.path == "/slow") return Slow(request);
    if (request.path == "/env") return Environment();
    if (request.path == "/config") return Config();
    if (request.path == "/bytes") return Bytes(request);
    if (request.path == "/status")
      return {std::atoi(request.Parameter("code", "200").c_str()), "text/plain", "as asked\n"};
    if (request.path == "/echo" && post) return Echo(request);
    if (request.path == "/hooks" && post) return hooks_.Take(request);
    if (request.path == "/hooks") return request.method == "DELETE" ? hooks_.Forget() : hooks_.List();
    if (request.path == "/fail" && post) return SetFailing(true);
    if (request.path == "/recover" && post) return SetFailing(false);
    return Describe(request);
  }

  // What arrived here, and where "here" is: shows what a gateway did to the request.
  static Response Describe(const Request& request) {
    std::string headers;
    for (const auto& [name, value] : request.headers)
      headers += (headers.empty() ? "" : ",") + Quote(name) + ":" + Quote(value);
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    return {200, "application/json",
            "{\"app\":" + Quote(Env("APP", "patchbay-example")) + ",\"version\":" + Quote(Env("VERSION", "1")) +
                ",\"instance\":" + Quote(host) + ",\"method\":" + Quote(request.method) + ",\"path\":" +
                Quote(request.path) + ",\"query\":" + Quote(request.query) + ",\"headers\":{" + headers + "}}\n"};
  }

  Response Health() const {
    if (failing_) return {503, "text/plain", "told to fail\n"};
    if (Milliseconds() - started_ < ready_after_) return {503, "text/plain", "not ready yet\n"};
    return {200, "text/plain", "ok\n"};
  }

  static Response Slow(const Request& request) {
    const int wait = std::atoi(request.Parameter("ms", "1000").c_str());
    poll(nullptr, 0, wait);
    return {200, "text/plain", "waited " + std::to_string(wait) + " ms\n"};
  }

  static Response Bytes(const Request& request) {
    constexpr unsigned long kMost = 16UL * 1024 * 1024;
    const unsigned long count = std::strtoul(request.Parameter("n", "0").c_str(), nullptr, 10);
    return {200, "application/octet-stream", std::string(std::min(count, kMost), 'x')};
  }

  static Response Echo(const Request& request) {
    const std::string type = request.Header("content-type");
    return {200, type.empty() ? "text/plain" : type, request.body};
  }

  // Nothing that sounds secret.
  static Response Environment() {
    std::string body;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string pair = *entry;
      const std::string name = pair.substr(0, pair.find('='));
      const std::string sound = Lower(name);
      bool secret = false;
      for (const char* word : {"secret", "token", "password", "key"})
        secret = secret || sound.find(word) != std::string::npos;
      if (!secret) body += (body.empty() ? "{" : ",") + Quote(name) + ":" + Quote(pair.substr(name.size() + 1));
    }
    return {200, "application/json", (body.empty() ? "{" : body) + "}\n"};
  }

  static Response Config() {
    const auto text = ReadFile(Env("CONFIG_PATH", "/config.json"));
    if (!text) return {404, "text/plain", "there is no file " + Env("CONFIG_PATH", "/config.json") + "\n"};
    return {200, "application/json", *text};
  }

  Response SetFailing(bool failing) {
    failing_ = failing;
    return {204, "text/plain", ""};
  }

  // A line every `ms`, `count` times (0: for ever, until the client or the server goes).
  static bool Stream(Connection& connection, const Request& request) {
    Print("GET " + request.target + " 200 stream");
    const int wait = std::atoi(request.Parameter("ms", "1000").c_str());
    const long count = std::atol(request.Parameter("count", "0").c_str());
    bool open = connection.Write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (long line = 1; open && (count == 0 || line <= count); ++line) {
      open = connection.WriteChunk("line " + std::to_string(line) + "\n");
      if (open && line != count && !connection.Pause(wait)) break;
    }
    return open && connection.WriteChunk("") && request.Header("connection").empty();
  }

  const long started_;
  const long ready_after_;
  std::atomic<bool> failing_{false};
  Hooks hooks_;
};

void OnTerm(int) {
  if (close_at_once) _exit(0);
  the_server->Stop();
}

int Serve() {
  const int port = std::atoi(Env("PORT", "8080").c_str());
  const std::string on_term = Env("ON_TERM", "drain");
  Connection::idle_ms = std::atoi(Env("IDLE_MS", "-1").c_str());
  App app;
  Server server(port, [&](Connection& connection, const Request& request) { return app.Answer(connection, request); });
  the_server = &server;
  close_at_once = on_term == "close";
  struct sigaction action {};
  action.sa_handler = on_term == "ignore" ? SIG_IGN : OnTerm;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  Print("patchbay-example " + Env("VERSION", "1") + " listens on port " + std::to_string(port));
  server.Run();
  Print("patchbay-example stops");
  return 0;
}

// For exec probes: 0 when `path` answers with 2xx on our own port.
int Get(const std::string& path) {
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(Env("PORT", "8080").c_str())));
  if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  char answer[12] = "";
  if (send(client, request.data(), request.size(), MSG_NOSIGNAL) < 0) return 1;
  return recv(client, answer, sizeof answer, MSG_WAITALL) == sizeof answer && answer[9] == '2' ? 0 : 1;
}

int Run(const std::vector<std::string>& arguments) {
  const std::string word = arguments.empty() ? "serve" : arguments[0];
  const auto argument = [&](std::size_t i) { return i < arguments.size() ? arguments[i] : std::string(); };
  const int number = std::atoi(argument(1).c_str());
  if (word == "serve") return Serve();
  if (word == "exit") return number;
  if (word == "get") return Get(argument(1));
  if (word == "env") return Env(argument(1).c_str(), "") == argument(2) ? 0 : 1;
  if (word == "verify") return ReadFile(argument(1)).value_or("there is no such file") == argument(2) ? 0 : 1;
  if (word == "wait") return poll(nullptr, 0, number);
  if (word == "print") {
    for (int line = 1; line <= number; ++line) Print("line " + std::to_string(line));
    return 0;
  }
  std::fprintf(stderr,
               "usage: app [serve | print N | exit N | wait MS | get PATH | env NAME VALUE | verify FILE TEXT]\n");
  return 2;
}

}  // namespace
}  // namespace example

int main(int argc, char** argv) { return example::Run({argv + 1, argv + argc}); }
