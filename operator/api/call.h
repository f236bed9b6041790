// One request on its way through the API: what is asked, of which kind, how the answer shall look. Answered exactly
// once; counts itself then.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/authn.h"
#include "api/failure.h"
#include "api/media.h"
#include "api/request_meter.h"
#include "api/request_path.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "http/server.h"
#include "object/key.h"
#include "schema/kind.h"

namespace patchbay::api {

class Call {
 public:
  Call(std::shared_ptr<http::Exchange> exchange, Clock& clock, RequestMeter& meter);

  const http::Request& request() const { return exchange_->request(); }
  // A GET in another dress counts as GET.
  bool IsMethod(std::string_view method) const;

  // Set before anything is served: as whom the call is made, and whether that one may do more than ask questions.
  User user;
  bool allowed = false;
  // Set by the router before a verb sees the call. `kind` is nullptr outside resources.
  ResourcePath path;
  const Kind* kind = nullptr;
  const Kind* stored = nullptr;  // whose objects `kind` shows: mostly itself, see event_view.h
  cache::Cache* cache = nullptr;  // where objects of that kind are read
  Form form;
  std::string verb = "other";  // "get", "list"..., for the meter
  Key key() const { return {stored->Resource(), path.ns, path.name}; }

  // 'unknown field "spec.x"': told to the client as Warning headers.
  void Warn(const std::vector<std::string>& findings);

  void Reply(http::Response response);
  void Fail(const Failure& failure);
  std::shared_ptr<http::Stream> StartStream(http::Response head, std::function<void()> on_gone);

 private:
  http::Response Dress(http::Response response) const;
  void Count(int status);
  std::shared_ptr<http::Exchange> exchange_;
  Clock& clock_;
  RequestMeter& meter_;
  const MonoTime arrived_;
  std::vector<std::string> warnings_;
};
using CallPtr = std::shared_ptr<Call>;

http::Response JsonResponse(int status, const Json& value);
http::Response BytesResponse(int status, std::shared_ptr<const std::string> bytes, std::string content_type);

}  // namespace patchbay::api
