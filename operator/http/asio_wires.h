// The wires of transport.cc, its only includer: TCP and Unix sockets as they are, and TLS over them.
#pragma once

#include <sys/socket.h>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "http/tls_context.h"
#include "http/wire.h"

namespace patchbay::http {

namespace net = boost::asio;
using net::generic::stream_protocol;
using ErrorCode = boost::system::error_code;
using Strand = net::strand<net::io_context::executor_type>;
using StrandTimer =
    net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Strand>;
using Socket = net::basic_stream_socket<stream_protocol, Strand>;

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

}  // namespace patchbay::http
