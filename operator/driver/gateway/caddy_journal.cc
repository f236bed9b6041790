#include "driver/gateway/caddy_journal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.h"
#include "driver/gateway/caddy_json.h"
#include "driver/gateway/sockets.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

constexpr const char* kPurpose = "hear what Caddy answers";
constexpr std::size_t kMostAddresses = 10'000;  // whoever sends more of them is not Caddy
constexpr int kMostWaiting = 4 * 1024 * 1024;   // bytes

}  // namespace

Result<std::unique_ptr<CaddyJournal>> CaddyJournal::Listen(const std::string& host, int port) {
  PATCHBAY_TRY(const auto wanted, ListenAddress::Parse(host, port, kPurpose));
  PATCHBAY_TRY(Descriptor socket, BindTo(wanted, SOCK_DGRAM, kPurpose));
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kMostWaiting, sizeof kMostWaiting);
  Descriptor wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (wake.get() < 0) return Error{Code::kUnavailable, StrCat("to ", kPurpose, ": no eventfd")};
  const std::string address = StrCat(host, ":", PortOf(socket.get()));
  return std::unique_ptr<CaddyJournal>(new CaddyJournal(socket.Release(), wake.Release(), address));
}

CaddyJournal::CaddyJournal(int socket, int wake, std::string address)
    : socket_(socket), wake_(wake), address_(std::move(address)), thread_([this] { Run(); }) {}

CaddyJournal::~CaddyJournal() {
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_, &one, sizeof one));
  thread_.join();
  close(socket_);
  close(wake_);
}

std::string CaddyJournal::Configuration() const {
  const std::string gone = PrintObject({{"filter", PrintText("delete")}});
  return PrintObject({{"encoder", PrintObject({{"fields", PrintObject({{"headers", gone}, {"request", gone}})},
                                               {"format", PrintText("filter")},
                                               {"wrap", PrintObject({{"format", PrintText("json")}})}})},
                      {"include", PrintTexts({"http.handlers.reverse_proxy"})},
                      {"level", PrintText("DEBUG")},
                      {"writer", PrintObject({{"address", PrintText("udp/" + address_)}, {"output", PrintText("net")}})}});
}

void CaddyJournal::Take(std::string_view line) {
  if (line.find("\"upstream roundtrip\"") == std::string_view::npos) return;
  const auto said = ParseJson(line);
  if (!said.ok() || FindString(*said, {"msg"}) != "upstream roundtrip") return;
  const std::string upstream = FindString(*said, {"upstream"});
  const Json* duration = Find(*said, {"duration"});
  if (upstream.empty() || duration == nullptr || !duration->is_number()) return;
  const std::int64_t status = FindInt(*said, {"status"});
  auto counts = counts_.Lock();
  if (!counts->contains(upstream) && counts->size() >= kMostAddresses) counts->clear();
  (*counts)[upstream].Add(status == 0 || status >= 500, std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                            std::chrono::duration<double>(duration->get<double>())));
}

void CaddyJournal::Run() {
  std::array<char, 65'536> buffer;
  std::array<pollfd, 2> watched{{{wake_, POLLIN, 0}, {socket_, POLLIN, 0}}};
  while (true) {
    if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
    if (watched[0].revents != 0) return;
    for (;;) {
      const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
      if (got < 0) break;
      Take({buffer.data(), static_cast<std::size_t>(got)});
    }
  }
}

}  // namespace patchbay::driver
