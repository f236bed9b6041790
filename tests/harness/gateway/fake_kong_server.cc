#include <stdexcept>

#include "base/text.h"
#include "harness/gateway/fake_kong.h"

namespace patchbay::driver {

void FakeKongServer::Start() {
  http::ServerOptions options;
  options.listen = {address_.empty() ? "127.0.0.1:0" : address_.substr(7)};
  options.body_limit = 64 * 1024 * 1024;
  auto server = http::Server::Start(std::move(options), [this](std::shared_ptr<http::Exchange> exchange) {
    const auto& request = exchange->request();
    const auto answer =
        kong_.Ask(request.method, request.target, request.body, std::string(request.headers.Get("Kong-Admin-Token")));
    exchange->Reply(http::Response::Text(answer.status, answer.body, "application/json; charset=utf-8"));
  });
  if (!server.ok()) throw std::runtime_error(server.error().message);
  server_ = *std::move(server);
  address_ = "http://" + server_->addresses().front();
}

Result<http::Answer> FakeKongClient::Send(const http::Call& call) {
  const bool writing = call.method != "GET";
  if (left_ == 0) return Error{Code::kUnavailable, "cut off"};
  if (writing && left_ > 0) --left_;
  const auto answer = kong_.Ask(call.method, call.url.substr(call.url.find('/', 8)), call.body,
                                std::string(call.headers.Get("Kong-Admin-Token")));
  if (writing && left_ == 0 && doubtful_) return Error{Code::kInDoubt, "the answer was lost"};
  return answer;
}

Result<std::unique_ptr<http::Subscription>> FakeKongClient::Open(const http::Call&, StreamEvents) {
  return Error{Code::kUnsupported, "the fake Kong has no streams"};
}

}  // namespace patchbay::driver
