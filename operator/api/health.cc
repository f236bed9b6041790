#include "api/health.h"

#include <algorithm>
#include <utility>

#include "api/paths.h"
#include "base/text.h"

namespace patchbay::api {

Health::Checks Health::RunChecks() const {
  Checks checks = {{"ping", ""}, {"cache", cache_.synced() ? "" : "the database has not been read yet"}};
  if (!backstage_.ready) return checks;
  for (auto& check : backstage_.ready()) checks.push_back(std::move(check));
  return checks;
}

bool Health::Report(const CallPtr& call, const std::string& endpoint, const std::string& only, Checks checks) {
  const std::vector<std::string> excluded = call->request().query.GetAll("exclude");
  std::string text;
  bool good = true;
  bool found = only.empty();
  for (const auto& [name, error] : checks) {
    if (std::find(excluded.begin(), excluded.end(), name) != excluded.end()) continue;
    if (!only.empty() && name != only) continue;
    found = true;
    good = good && error.empty();
    text += error.empty() ? StrCat("[+]", name, " ok\n") : StrCat("[-]", name, " failed: ", error, "\n");
  }
  if (!found) return false;
  text += StrCat(endpoint, " check ", good ? "passed\n" : "failed\n");
  const bool verbose = call->request().query.Has("verbose") || !good;
  call->Reply(http::Response::Text(good ? 200 : 500, verbose ? text : "ok"));
  return true;
}

bool Health::Serve(const CallPtr& call) const {
  const std::string& path = call->request().path;
  if (!path.starts_with('/')) return false;
  const std::size_t slash = path.find('/', 1);
  const std::string endpoint = path.substr(1, slash == std::string::npos ? slash : slash - 1);
  const std::string only = slash == std::string::npos ? "" : path.substr(slash + 1);
  if (endpoint == "healthz" || endpoint == "livez") return Report(call, endpoint, only, {{"ping", ""}});
  if (endpoint != "readyz") return false;
  // A check may ask the database or an engine.
  const bool taken = threads_.Run([this, call, endpoint, only] {
    if (!Report(call, endpoint, only, RunChecks())) ReplyPaths(call, 404);
  });
  if (!taken) call->Fail(TooManyRequests("too many requests wait for something slow"));
  return true;
}

}  // namespace patchbay::api
