// The handler's end of one request.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "http/server.h"
#include "http/session.h"

namespace patchbay::http {

class SessionExchange : public Exchange {
 public:
  SessionExchange(std::shared_ptr<Session> session, Request request)
      : session_(std::move(session)), request_(std::move(request)) {}
  ~SessionExchange() override;  // unanswered: 500

  const Request& request() const override { return request_; }
  Request& request() override { return request_; }
  void Reply(Response response) override;
  std::shared_ptr<Stream> StartStream(Response head, std::function<void()> on_gone) override;

 private:
  bool Claim() { return !answered_.exchange(true); }

  std::shared_ptr<Session> session_;  // until answered: whoever keeps the exchange does not keep the connection
  Request request_;
  std::atomic<bool> answered_{false};
};

}  // namespace patchbay::http
