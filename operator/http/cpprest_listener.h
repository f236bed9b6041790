// The way of a request through cpprestsdk: http_server_api -> http_listener -> support() -> Handler. Our transport is
// put in by http_server_api::register_server_api, so that the stock one never meets a socket. Bodies and headers do not
// travel through cpprestsdk's messages: the request's server context carries our Exchange.
#pragma once

#include <memory>

#include "base/result.h"
#include "http/server.h"

namespace patchbay::http {

class CpprestListener {
 public:
  // kUnavailable when this process has a Server already.
  static Result<std::unique_ptr<CpprestListener>> Open(Handler handler);
  virtual ~CpprestListener() = default;  // REQUIRES: no Dispatch under way

  // Never throws; an exchange that nobody answers is answered by its destructor. Thread-safe.
  virtual void Dispatch(std::shared_ptr<Exchange> exchange) = 0;
};

}  // namespace patchbay::http
