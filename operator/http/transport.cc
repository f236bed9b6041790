// The one source that pays for Asio's and Beast's sockets.
#include "http/transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "base/log.h"
#include "http/asio_wires.h"
#include "http/entrance.h"
#include "http/listening.h"
#include "http/tls_context.h"

namespace patchbay::http {
namespace {

class AsioTransport final : public Transport {
 public:
  AsioTransport(std::shared_ptr<House> house, std::shared_ptr<TlsContext> tls)
      : house_(std::move(house)),
        loop_(std::make_shared<net::io_context>()),
        sweep_(net::make_strand(*loop_)),
        work_(loop_->get_executor()) {
    *tls_.Lock() = std::move(tls);
  }
  ~AsioTransport() override { Stop(std::chrono::milliseconds(0)); }

  void Add(Listening listening) {
    addresses_.push_back(listening.address());
    auto welcome = [this](int descriptor, bool is_unix, std::string remote) {
      Welcome(descriptor, is_unix, std::move(remote));
    };
    entrances_.push_back(std::make_shared<Entrance>(*loop_, std::move(listening), house_->counters, welcome));
  }

  void Start() override {
    for (const auto& entrance : entrances_) entrance->Start();
    Sweep();
    for (int i = 0; i < std::max(1, house_->options.threads); ++i) threads_.emplace_back([this] { loop_->run(); });
  }

  std::vector<std::string> addresses() const override { return addresses_; }

  Result<void> ReloadTls() override {
    if (house_->options.tls.certificate.empty()) return {};
    PATCHBAY_TRY(auto fresh, LoadTls(house_->options.tls));
    tls_.Lock()->swap(fresh);
    return {};
  }

  void Stop(std::chrono::milliseconds grace) override {
    if (threads_.empty()) return;
    for (const auto& entrance : entrances_) entrance->Stop();
    if (!house_->sessions.Stop(SystemClock().Mono() + grace)) house_->sessions.Abort();
    net::post(sweep_.get_executor(), [this] {
      swept_ = true;
      sweep_.cancel();
    });
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    entrances_.clear();
  }

 private:
  void Welcome(int descriptor, bool is_unix, std::string remote) {
    if (!house_->sessions.Admit(remote)) {
      close(descriptor);
      return;
    }
    auto session = std::make_shared<Session>(house_, remote);
    try {
      session->Attach(NewWire(descriptor, is_unix, *session));
    } catch (const std::exception& failure) {
      LogWarn("http", "a connection could not be taken", {{"reason", failure.what()}});
      close(descriptor);
      return house_->sessions.TurnAway(remote);
    }
    if (house_->sessions.Enter(remote, session)) session->Begin();
  }

  std::unique_ptr<Wire> NewWire(int descriptor, bool is_unix, WireUser& user) {
    const stream_protocol protocol(is_unix ? AF_UNIX : FamilyOf(descriptor), is_unix ? 0 : IPPROTO_TCP);
    auto tls = tls_.Copy();
    if (tls && !is_unix) return std::make_unique<TlsWire>(loop_, user, protocol, descriptor, std::move(tls));
    return std::make_unique<PlainWire>(loop_, user, protocol, descriptor);
  }

  static int FamilyOf(int descriptor) {
    int family = AF_INET;
    socklen_t length = sizeof family;
    getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &length);
    return family;
  }

  // One timer for all deadlines: they are seconds long, and setting one is then a plain store.
  void Sweep() {
    const ServerOptions& options = house_->options;
    const auto least =
        std::min({options.idle_timeout, options.header_timeout, options.body_timeout, options.write_timeout});
    sweep_.expires_after(std::clamp(least / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(250)));
    sweep_.async_wait([this](ErrorCode error) {
      if (error || swept_) return;
      house_->sessions.Sweep(SystemClock().Mono());
      Sweep();
    });
  }

  const std::shared_ptr<House> house_;
  const std::shared_ptr<net::io_context> loop_;
  StrandTimer sweep_;
  net::executor_work_guard<net::io_context::executor_type> work_;
  Guarded<std::shared_ptr<TlsContext>> tls_;
  std::vector<std::shared_ptr<Entrance>> entrances_;
  std::vector<std::string> addresses_;
  bool swept_ = false;  // on the timer's strand
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<Transport>> Transport::Open(std::shared_ptr<House> house) {
  std::shared_ptr<TlsContext> tls;
  if (!house->options.tls.certificate.empty()) {
    PATCHBAY_TRY(tls, LoadTls(house->options.tls));
  }
  auto transport = std::make_unique<AsioTransport>(house, std::move(tls));
  for (const std::string& address : house->options.listen) {
    PATCHBAY_TRY(auto listening, Listening::Bind(address));
    transport->Add(std::move(listening));
  }
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace patchbay::http
