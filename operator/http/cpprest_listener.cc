#include "http/cpprest_listener.h"

#include <cpprest/details/http_server.h>
#include <cpprest/details/http_server_api.h>
#include <cpprest/http_listener.h>
#include <pplx/threadpool.h>

#include <exception>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace patchbay::http {
namespace {

using web::http::http_request;
using web::http::http_response;
using web::http::experimental::details::http_server;
using web::http::experimental::details::http_server_api;
using web::http::experimental::listener::http_listener;
using ListenerCore = web::http::experimental::listener::details::http_listener_impl;

struct ExchangeContext : web::http::details::_http_server_context {
  explicit ExchangeContext(std::shared_ptr<Exchange> given) : exchange(std::move(given)) {}
  std::shared_ptr<Exchange> exchange;
};

// What cpprestsdk takes for its server. Sockets are the transport's, so starting and stopping are no work here.
class RegisteredServer final : public http_server {
 public:
  pplx::task<void> start() override { return pplx::task_from_result(); }
  pplx::task<void> stop() override { return pplx::task_from_result(); }
  pplx::task<void> register_listener(ListenerCore* listener) override {
    listener_ = listener;
    return pplx::task_from_result();
  }
  pplx::task<void> unregister_listener(ListenerCore*) override {
    listener_ = nullptr;
    return pplx::task_from_result();
  }
  // For whoever answers through http_request::reply, as the listener itself does (405).
  pplx::task<void> respond(http_response response) override {
    auto* context = dynamic_cast<ExchangeContext*>(response._get_server_context());
    if (context == nullptr) return pplx::task_from_result();
    Response ours;
    ours.status = response.status_code();
    for (const auto& [name, value] : response.headers()) ours.headers.Add(name, value);
    if (const auto body = response.body()) {
      auto buffer = body.streambuf();
      std::string text(buffer.in_avail(), '\0');
      text.resize(buffer.getn(reinterpret_cast<std::uint8_t*>(text.data()), text.size()).get());
      ours.body.push_back(std::make_shared<const std::string>(std::move(text)));
    }
    context->exchange->Reply(std::move(ours));
    return pplx::task_from_result();
  }

  void Dispatch(std::shared_ptr<Exchange> exchange) {
    ListenerCore* const listener = listener_;
    if (listener == nullptr) return;
    const std::string& method = exchange->request().method;
    auto request = http_request::_create_request(std::make_unique<ExchangeContext>(exchange));
    request.set_method(method);
    request._get_impl()->_set_remote_address(exchange->request().remote);
    listener->handle_request(std::move(request));
  }

 private:
  std::atomic<ListenerCore*> listener_ = nullptr;
};

class OpenListener final : public CpprestListener {
 public:
  explicit OpenListener(Handler handler) : listener_(web::uri("http://patchbay/")) {
    const auto pass = [handler = std::move(handler)](const http_request& request) {
      auto* context = static_cast<ExchangeContext*>(request._get_impl()->_get_server_context());
      handler(std::move(context->exchange));
    };
    listener_.support(pass);
    // These two the listener would answer by itself.
    listener_.support(web::http::methods::OPTIONS, pass);
    listener_.support(web::http::methods::TRCE, pass);
  }
  ~OpenListener() override {
    try {
      listener_.close().wait();
    } catch (const std::exception& failure) {
      LogError("http", "the listener did not close", {{"reason", failure.what()}});
    }
  }

  void Open() {
    auto server = std::make_unique<RegisteredServer>();
    server_ = server.get();
    http_server_api::register_server_api(std::move(server));
    listener_.open().wait();
  }

  void Dispatch(std::shared_ptr<Exchange> exchange) override {
    try {
      server_->Dispatch(std::move(exchange));
    } catch (const std::exception& failure) {
      LogError("http", "a handler threw", {{"reason", failure.what()}});
    } catch (...) {
      LogError("http", "a handler threw");
    }
  }

 private:
  http_listener listener_;
  RegisteredServer* server_ = nullptr;  // owned by http_server_api until the listener is closed
};

// cpprestsdk would start 40 threads for its continuations, of which we use none but at opening and closing.
void KeepPoolSmall() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      crossplat::threadpool::initialize_with_threads(1);
    } catch (const std::exception&) {
      // Somebody has started it already.
    }
  });
}

}  // namespace

Result<std::unique_ptr<CpprestListener>> CpprestListener::Open(Handler handler) {
  KeepPoolSmall();
  if (http_server_api::has_listener()) return Error{Code::kUnavailable, "this process has an HTTP server already"};
  try {
    auto listener = std::make_unique<OpenListener>(std::move(handler));
    listener->Open();
    return std::unique_ptr<CpprestListener>(std::move(listener));
  } catch (const std::exception& failure) {
    return Error{Code::kInternal, StrCat("the HTTP listener did not open: ", failure.what())};
  }
}

}  // namespace patchbay::http
