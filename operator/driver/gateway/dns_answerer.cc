#include "driver/gateway/dns_answerer.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "driver/gateway/sockets.h"

namespace patchbay::driver {
namespace {

constexpr std::size_t kMostConnections = 32;
constexpr int kMostDatagramsAtOnce = 256;
constexpr std::size_t kMostMessage = 65'535;
constexpr std::chrono::seconds kIdle{10};
// Between our sending an answer and the asker's taking note of the time.
constexpr std::chrono::milliseconds kSlack{150};

constexpr const char* kPurpose = "answer DNS";

}  // namespace

struct DnsAnswerer::Connection {
  Descriptor fd{-1};
  MonoTime since{};
  std::string in = {};
  std::string out = {};
};

Result<std::unique_ptr<DnsAnswerer>> DnsAnswerer::Listen(const std::string& host, int port, Clock& clock) {
  PATCHBAY_TRY(ListenAddress wanted, ListenAddress::Parse(host, port, kPurpose));
  constexpr int kTries = 20;  // a port that is free for UDP may be taken for TCP
  for (int attempt = 0;; ++attempt) {
    wanted.port = port;
    PATCHBAY_TRY(Descriptor udp, BindTo(wanted, SOCK_DGRAM, kPurpose));
    const int chosen = wanted.port = PortOf(udp.get());
    auto tcp = BindTo(wanted, SOCK_STREAM, kPurpose);
    if (!tcp.ok() && port == 0 && attempt < kTries) continue;
    if (!tcp.ok()) return tcp.error();
    Descriptor wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (wake.get() < 0) return Error{Code::kUnavailable, StrCat("to ", kPurpose, ": no eventfd")};
    return std::unique_ptr<DnsAnswerer>(
        new DnsAnswerer(clock, udp.Release(), tcp->Release(), wake.Release(), StrCat(host, ":", chosen)));
  }
}

DnsAnswerer::DnsAnswerer(Clock& clock, int udp, int tcp, int wake, std::string address)
    : clock_(clock), udp_(udp), tcp_(tcp), wake_(wake), address_(std::move(address)), thread_([this] { Run(); }) {}

DnsAnswerer::~DnsAnswerer() {
  state_.Lock()->ended = true;
  asked_.notify_all();
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_, &one, sizeof one));
  thread_.join();
  for (const int fd : {udp_, tcp_, wake_}) close(fd);
}

void DnsAnswerer::Set(Names names) {
  auto state = state_.Lock();
  std::map<std::string, Entry> entries;
  for (auto& [name, addresses] : names) {
    Entry entry;
    if (const auto old = state->names.find(name); old != state->names.end()) entry = std::move(old->second);
    if (entry.addresses != addresses) {
      if (entry.ever) {
        entry.outdated = entry.answered;
        entry.ever_outdated = true;
        entry.asked = false;
      }
      entry.ever = false;
      entry.addresses = std::move(addresses);
    }
    entries.emplace(name, std::move(entry));
  }
  state->names = std::move(entries);
}

DnsAnswerer::Names DnsAnswerer::names() const {
  Names names;
  auto state = state_.Lock();
  for (const auto& [name, entry] : state->names) names.emplace(name, entry.addresses);
  return names;
}

bool DnsAnswerer::IsCurrent(const Entry& entry, MonoTime oldest) const {
  return entry.asked || !entry.ever_outdated || entry.outdated < oldest;
}

bool DnsAnswerer::WaitUntilCurrent(std::chrono::milliseconds kept) {
  constexpr std::chrono::milliseconds kLook{20};
  auto state = state_.Lock();
  while (!state->ended) {
    const MonoTime oldest = clock_.Mono() - kept - kSlack;
    const bool all = std::all_of(state->names.begin(), state->names.end(),
                                 [&](const auto& name) { return IsCurrent(name.second, oldest); });
    if (all) return true;
    asked_.wait_for(state.lock(), kLook);
  }
  return false;
}

std::string DnsAnswerer::Answer(std::string_view message, bool by_udp) {
  const auto question = ReadDnsQuestion(message);
  if (!question) return "";
  const std::size_t most = by_udp ? question->most : kMostMessage;
  if (question->problem != DnsCode::kOk) return PrintDnsAnswer(*question, question->problem, {}, most);
  std::vector<std::string> addresses;
  bool first = false;
  {
    auto state = state_.Lock();
    const auto found = state->names.find(question->name);
    if (found == state->names.end()) return PrintDnsAnswer(*question, DnsCode::kRefused, {}, most);
    if (question->type == kDnsTypeA) {
      Entry& entry = found->second;
      addresses = entry.addresses;
      entry.answered = clock_.Mono();
      state->last_asked = entry.answered;
      entry.ever = true;
      first = !std::exchange(entry.asked, true);
    }
  }
  if (first) asked_.notify_all();
  return PrintDnsAnswer(*question, DnsCode::kOk, addresses, most);
}

void DnsAnswerer::Run() {
  while (true) {
    std::vector<pollfd> watched{{wake_, POLLIN, 0}, {udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
    for (const auto& connection : connections_)
      watched.push_back({connection->fd.get(), static_cast<short>(connection->out.empty() ? POLLIN : POLLOUT), 0});
    const int timeout = connections_.empty() ? -1 : 1'000;
    if (poll(watched.data(), watched.size(), timeout) < 0 && errno != EINTR) return;
    if (state_.Lock()->ended) return;
    if ((watched[1].revents & POLLIN) != 0) AnswerDatagrams();
    const MonoTime now = clock_.Mono();
    for (std::size_t i = 0; i + 3 < watched.size(); ++i) {
      const bool moved = watched[i + 3].revents != 0;
      if ((moved && !Serve(*connections_[i])) || now - connections_[i]->since > kIdle) connections_[i].reset();
    }
    std::erase(connections_, nullptr);
    if ((watched[2].revents & POLLIN) != 0) Accept();
  }
}

void DnsAnswerer::AnswerDatagrams() {
  std::array<char, 4096> buffer;
  for (int i = 0; i < kMostDatagramsAtOnce; ++i) {
    sockaddr_in asker{};
    socklen_t size = sizeof asker;
    const ssize_t got = recvfrom(udp_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&asker), &size);
    if (got < 0) return;
    const std::string answer = Answer({buffer.data(), static_cast<std::size_t>(got)}, true);
    // One that cannot be sent is asked for again.
    if (!answer.empty())
      static_cast<void>(
          !sendto(udp_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&asker), size));
  }
}

void DnsAnswerer::Accept() {
  Descriptor fd(accept4(tcp_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.get() < 0 || connections_.size() >= kMostConnections) return;
  auto connection = std::make_unique<Connection>();
  connection->fd = std::move(fd);
  connection->since = clock_.Mono();
  connections_.push_back(std::move(connection));
}

// False when the connection is to be closed.
bool DnsAnswerer::Serve(Connection& connection) {
  std::array<char, 4096> buffer;
  if (connection.out.empty()) {
    const ssize_t got = recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
  }
  while (connection.in.size() >= 2) {
    const std::size_t length = static_cast<unsigned char>(connection.in[0]) * 256u + static_cast<unsigned char>(connection.in[1]);
    if (connection.in.size() < 2 + length) break;
    const std::string answer = Answer(std::string_view(connection.in).substr(2, length), false);
    if (answer.empty()) return false;
    connection.out += static_cast<char>(answer.size() >> 8);
    connection.out += static_cast<char>(answer.size() & 0xff);
    connection.out += answer;
    connection.in.erase(0, 2 + length);
    connection.since = clock_.Mono();
  }
  if (connection.in.size() > 2 * buffer.size()) return false;  // no question is so long
  if (connection.out.empty()) return true;
  const ssize_t sent = send(connection.fd.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  connection.out.erase(0, static_cast<std::size_t>(sent));
  return true;
}

}  // namespace patchbay::driver
