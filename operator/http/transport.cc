// The one source that pays for Asio's and Beast's sockets.
#include "http/transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <cerrno>
#include <thread>
#include <utility>  // Boost 1.74's awaitable.hpp forgets it

#include "base/log.h"
#include "http/listening.h"
#include "http/tls_context.h"

namespace patchbay::http {
namespace {

namespace net = boost::asio;
using net::generic::stream_protocol;
using ErrorCode = boost::system::error_code;
using Strand = net::strand<net::io_context::executor_type>;
using StrandTimer =
    net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Strand>;
using Socket = net::basic_stream_socket<stream_protocol, Strand>;

constexpr int kAcceptsInARow = 64;
constexpr std::chrono::milliseconds kDescriptorPause{100};

// What both kinds of wire have. Its operations keep the user, and so the wire, alive; the wire keeps the loop.
class AsioWire : public Wire {
 public:
  AsioWire(std::shared_ptr<net::io_context> loop, WireUser& user)
      : loop_(std::move(loop)), strand_(net::make_strand(*loop_)), user_(user) {}

  void Post() override {
    net::post(strand_, [user = user_.shared_from_this()] { user->OnWake(); });
  }
  void Defer(std::function<void()> work) override { net::post(strand_, std::move(work)); }
  bool OnStrand() const override { return strand_.running_in_this_thread(); }

 protected:
  auto ToRead() {
    return [user = user_.shared_from_this()](ErrorCode error, std::size_t count) { user->OnRead(!error, count); };
  }

  const std::shared_ptr<net::io_context> loop_;
  Strand strand_;
  WireUser& user_;
};

class PlainWire final : public AsioWire {
 public:
  PlainWire(std::shared_ptr<net::io_context> loop, WireUser& user, stream_protocol protocol, int descriptor)
      : AsioWire(std::move(loop), user), socket_(strand_, protocol, descriptor) {}

  void Open() override { user_.OnOpened(true, ""); }
  void Read(std::span<char> room) override { socket_.async_read_some(net::buffer(room.data(), room.size()), ToRead()); }
  // Tried at once: an answer that fits the socket costs one system call and no turn of the loop.
  ssize_t Write(std::span<const iovec> pieces) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    ssize_t sent = 0;
    do {
      sent = sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent > 0) return sent;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    socket_.async_wait(Socket::wait_write,
                       [user = user_.shared_from_this()](ErrorCode error) { user->OnWritten(!error, 0); });
    return 0;
  }
  bool Finish(bool) override {
    ErrorCode ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    return true;
  }
  void Close() override {
    ErrorCode ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
};

class TlsWire final : public AsioWire {
 public:
  TlsWire(std::shared_ptr<net::io_context> loop, WireUser& user, stream_protocol protocol, int descriptor,
          std::shared_ptr<TlsContext> context)
      : AsioWire(std::move(loop), user),
        context_(std::move(context)),
        stream_(Socket(strand_, protocol, descriptor), *context_) {}

  void Open() override {
    stream_.async_handshake(net::ssl::stream_base::server, [this, user = user_.shared_from_this()](ErrorCode error) {
      user->OnOpened(!error, error ? "" : PeerSubject(stream_.native_handle()));
    });
  }
  void Read(std::span<char> room) override { stream_.async_read_some(net::buffer(room.data(), room.size()), ToRead()); }
  ssize_t Write(std::span<const iovec> pieces) override {
    pieces_.clear();
    for (const iovec& piece : pieces) pieces_.emplace_back(piece.iov_base, piece.iov_len);
    stream_.async_write_some(pieces_, [user = user_.shared_from_this()](ErrorCode error, std::size_t count) {
      user->OnWritten(!error, count);
    });
    return 0;
  }
  // SSL_shutdown fails while the peer is still sending, so its end is waited for first.
  bool Finish(bool unread) override {
    if (unread) return true;
    stream_.async_shutdown([user = user_.shared_from_this()](ErrorCode) { user->OnFinished(); });
    return false;
  }
  void Close() override {
    ErrorCode ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  const std::shared_ptr<TlsContext> context_;
  boost::beast::ssl_stream<Socket> stream_;
  std::vector<net::const_buffer> pieces_;
};

// Accepts on one listening socket.
class Entrance : public std::enable_shared_from_this<Entrance> {
 public:
  using Welcome = std::function<void(int descriptor, bool is_unix, std::string remote)>;

  Entrance(net::io_context& loop, Listening listening, Counters& counters, Welcome welcome)
      : listening_(std::move(listening)),
        counters_(counters),
        welcome_(std::move(welcome)),
        strand_(net::make_strand(loop)),
        ready_(strand_, dup(listening_.descriptor())),
        pause_(strand_) {}

  const Listening& listening() const { return listening_; }
  void Start() {
    net::post(strand_, [self = shared_from_this()] { self->Await(); });
  }
  void Stop() {
    net::post(strand_, [self = shared_from_this()] {
      ErrorCode ignored;
      self->pause_.cancel();
      self->ready_.close(ignored);
    });
  }

 private:
  void Await() {
    ready_.async_wait(net::posix::descriptor_base::wait_read, [self = shared_from_this()](ErrorCode error) {
      if (!error && self->ready_.is_open()) self->AcceptAll();
    });
  }
  void AcceptAll() {
    for (int i = 0; i < kAcceptsInARow; ++i) {
      std::string remote;
      const int descriptor = listening_.Accept(remote);
      if (descriptor >= 0) {
        starved_ = false;
        welcome_(descriptor, listening_.is_unix(), std::move(remote));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return Pause();
      } else if (errno != EINTR && errno != ECONNABORTED) {
        break;
      }
    }
    Await();
  }
  // The one who knocks stays in the backlog; asking again at once would only burn the processor.
  void Pause() {
    counters_.no_descriptors.Add();
    if (!std::exchange(starved_, true))
      LogWarn("http", "no file descriptor left for a connection", {{"address", listening_.address()}});
    pause_.expires_after(kDescriptorPause);
    pause_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error && self->ready_.is_open()) self->AcceptAll();
    });
  }

  const Listening listening_;
  Counters& counters_;
  const Welcome welcome_;
  bool starved_ = false;
  Strand strand_;
  net::posix::basic_stream_descriptor<Strand> ready_;
  StrandTimer pause_;
};

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
