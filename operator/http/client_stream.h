// The queue between whoever writes a stream and the session that sends it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "http/server.h"

namespace patchbay::http {

class Session;

class ClientStream : public Stream {
 public:
  ClientStream(std::weak_ptr<Session> session, std::size_t limit, std::function<void()> on_gone);

  bool Write(Piece piece) override;
  void Close() override;
  bool gone() const override;
  std::size_t waiting() const override;

  // The session's side. Take moves out what is queued, when all taken before has left; Sent tells how much of it left.
  // Leave marks the client gone and calls on_gone unless Close() came first.
  struct Taken {
    std::vector<Piece> pieces;
    bool closed = false;  // nothing follows
  };
  Taken Take();
  bool overrun() const { return state_.Lock()->overrun; }
  // The server stops: as Close(), but the writer is still told through on_gone.
  void End();
  void Sent(std::size_t count);
  void Leave();

 private:
  struct State {
    std::vector<Piece> pieces;
    std::size_t queued = 0;
    std::size_t in_flight = 0;
    bool closed = false;  // by the writer
    bool ended = false;   // by the server
    bool gone = false;
    bool overrun = false;
    std::function<void()> on_gone;
  };

  const std::weak_ptr<Session> session_;
  const std::size_t limit_;
  mutable Guarded<State> state_;
};

}  // namespace patchbay::http
