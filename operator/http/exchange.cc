#include "http/exchange.h"

#include "base/log.h"
#include "http/response_head.h"

namespace patchbay::http {

SessionExchange::~SessionExchange() {
  if (!Claim()) return;
  LogError("http", "a request was dropped without an answer", {{"method", request_.method}, {"path", request_.path}});
  session_->Reply(RefusalResponse(500, "The request was dropped without an answer."));
}

void SessionExchange::Reply(Response response) {
  if (Claim()) std::exchange(session_, nullptr)->Reply(std::move(response));
}

std::shared_ptr<Stream> SessionExchange::StartStream(Response head, std::function<void()> on_gone) {
  if (Claim()) return std::exchange(session_, nullptr)->StartStream(std::move(head), std::move(on_gone));
  auto none = std::make_shared<ClientStream>(std::weak_ptr<Session>(), 0, nullptr);
  none->Leave();
  return none;
}

}  // namespace patchbay::http
