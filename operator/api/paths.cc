#include "api/paths.h"

namespace patchbay::api {

void ReplyPaths(const CallPtr& call, int status) {
  static const Json kPaths = {"/api",     "/api/v1",     "/apis",       "/apis/patchbay.dev", "/apis/patchbay.dev/v1",
                              "/healthz", "/livez",      "/metrics",    "/openapi/v2",        "/openapi/v3",
                              "/readyz",  "/version",    "/patchbay/v1/plan"};
  call->Reply(JsonResponse(status, {{"paths", kPaths}}));
}

void ReplyNoPage(const CallPtr& call) { call->Reply(http::Response::Text(404, "404 page not found\n")); }

}  // namespace patchbay::api
