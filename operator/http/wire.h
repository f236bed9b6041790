// The line between bytes and HTTP: a Wire moves bytes of one connection (TCP, Unix, TLS), its WireUser gives them
// meaning. No asio type is seen here, so that only transport.cc pays for them.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace patchbay::http {

// Called on the wire's strand only, one call at a time.
class WireUser : public std::enable_shared_from_this<WireUser> {
 public:
  virtual ~WireUser() = default;
  virtual void OnOpened(bool ok, std::string client_subject) = 0;
  virtual void OnRead(bool ok, std::size_t count) = 0;     // not ok: the peer left, or Close()
  virtual void OnWritten(bool ok, std::size_t count) = 0;  // count may be 0: write again
  virtual void OnFinished() = 0;
  virtual void OnWake() = 0;
};

// Calls under way keep the user alive. At most one Read and one Write at a time; all methods but Post and Defer on the
// strand.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual void Open() = 0;                      // then OnOpened; TLS shakes hands first
  virtual void Read(std::span<char> room) = 0;  // then OnRead
  // The number of bytes taken at once, 0 when OnWritten will tell, -1 when the connection is broken. The bytes stay
  // alive until all of them are taken.
  virtual ssize_t Write(std::span<const iovec> pieces) = 0;
  // Says that nothing more will be written. True when the user is to read on until the peer has left too, false when
  // OnFinished will tell. `unread`: the peer is still sending.
  virtual bool Finish(bool unread) = 0;
  virtual void Close() = 0;                            // at once; what is under way ends with not ok
  virtual void Post() = 0;                             // OnWake on the strand; from any thread
  virtual void Defer(std::function<void()> work) = 0;  // on the strand; from any thread
  virtual bool OnStrand() const = 0;
};

}  // namespace patchbay::http
