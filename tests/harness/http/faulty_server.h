// HTTP/1.1 on a real socket, broken on purpose: a thread a connection; what is answered comes from a function, behind
// which a fake stands. Thread-safe.
#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "http/client.h"

namespace patchbay::http {

enum class SocketFault {
  kInstead,     // this answer is given, and nothing is done
  kAfter,       // it is done, and this answer is given
  kCutBefore,   // the connection is cut, and nothing is done
  kCutAfter,    // it is done, and the connection is cut
  kCutHalf,     // it is done, and the connection is cut within the answer
  kHangBefore,  // nothing is done and no answer comes, until the client goes
  kHangAfter    // it is done, and no answer comes
};

class FaultyServer {
 public:
  // An answer that goes on. Send from any thread; false when the client is gone.
  class Wire {
   public:
    explicit Wire(int socket) : socket_(socket) {}
    bool Send(std::string_view piece);  // as one chunk
    void Cut();                         // the client sees the end
    void AwaitGone() const;             // until the client goes, or Cut, or the server stops

   private:
    const int socket_;
    std::mutex mutex_;
  };
  struct Reply {
    Answer answer;
    std::function<void(Wire& wire)> stream = nullptr;  // when given, the body comes from it
  };
  // `call.url` is path and query. Called on connections' threads.
  using Work = std::function<Reply(const Call& call)>;
  using Fits = std::function<bool(const Call& call)>;

  // "unix:/path" or "tcp" (loopback, any free port). Serves before it returns.
  FaultyServer(const std::string& listen, Work work);
  ~FaultyServer() { Stop(); }
  FaultyServer(const FaultyServer&) = delete;
  FaultyServer& operator=(const FaultyServer&) = delete;

  int port() const { return port_; }
  // Every connection is cut and none is taken, until Start: at the same address.
  void Stop();
  void Start();

  // The n-th call from now (1: the next) that fits meets this fault. `answer`: for kInstead and kAfter.
  void Fail(SocketFault fault, int nth, Fits fits, Answer answer = {});
  // Faults that have not been met.
  std::size_t waiting() const { return faults_.Copy().size(); }
  void ForgetFaults() { faults_.Lock()->clear(); }
  int calls() const { return calls_.Copy(); }  // that came, failed ones too

 private:
  struct Fault {
    SocketFault sort;
    int left;
    Fits fits;
    Answer answer;
  };
  struct Connection {
    int socket;
    std::jthread thread;
  };

  void Accept(const std::stop_token& stop);
  void Serve(int socket);
  bool AnswerOne(int socket, const Call& call);
  std::optional<Fault> Due(const Call& call);

  const std::string path_;
  const Work work_;
  int port_ = 0;
  int listener_ = -1;
  std::jthread accepting_;
  Guarded<std::list<Connection>> connections_;
  Guarded<std::vector<Fault>> faults_;
  Guarded<int> calls_;
};

}  // namespace patchbay::http
