#include "first_run.h"

#include "base/text.h"
#include "cli/api_client.h"
#include "cli/cli.h"
#include "schema/kind.h"

namespace patchbay {
namespace {

constexpr const char* kMarkerPath = "/api/v1/namespaces/patchbay-system/configmaps";
constexpr const char* kMarkerName = "patchbay-first-run";

Result<bool> AnyObject(cli::ApiClient& api) {
  for (const auto resource : {kPlugins, kRoutes, kWebhooks}) {
    const Kind* kind = Kinds::Embedded().FindResource(resource);
    PATCHBAY_TRY(const Json list, api.Get(cli::ObjectPath(*kind, ""), {{"limit", "1"}}));
    const Json* items = Find(list, {"items"});
    if (items != nullptr && !items->empty()) return true;
  }
  return false;
}

Result<void> Mark(cli::ApiClient& api, bool exists, const std::string& state) {
  const Json marker{{"apiVersion", "v1"},
                    {"kind", "ConfigMap"},
                    {"metadata", {{"name", kMarkerName}, {"namespace", "patchbay-system"}}},
                    {"data", {{"state", state}}}};
  const auto reply = exists ? api.Send("PATCH", StrCat(kMarkerPath, "/", kMarkerName), {}, &marker, "application/merge-patch+json")
                            : api.Send("POST", kMarkerPath, {}, &marker);
  if (!reply.ok()) return reply.error();
  return {};
}

int ApplyAll(const std::string& server, const std::string& token, const std::vector<std::string>& paths) {
  std::vector<std::string> words{"patchbay", "--server", server, "apply"};
  if (!token.empty()) words.insert(words.end(), {"--token", token});
  for (const auto& path : paths) words.insert(words.end(), {"-f", path});
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  return cli::Run(static_cast<int>(argv.size()), argv.data(), {});
}

}  // namespace

Result<bool> ApplyFirstRun(const std::string& server, const std::string& token, const std::vector<std::string>& paths,
                           const std::function<Result<void>()>& before) {
  cli::ConnectionFlags flags;
  flags.server = server;
  flags.token = token;
  PATCHBAY_TRY(auto connection, cli::FindConnection(flags, [](const std::string&) { return std::string(); }));
  cli::ApiClient api(std::move(connection), http::NewCurlClient());
  const auto marker = api.Get(StrCat(kMarkerPath, "/", kMarkerName));
  if (!marker.ok() && marker.error().code != Code::kNotFound) return marker.error();
  if (marker.ok() && FindString(*marker, {"data", "state"}) != "applying") return false;
  if (!marker.ok()) {
    PATCHBAY_TRY(const bool used, AnyObject(api));
    PATCHBAY_CHECK(Mark(api, false, used || paths.empty() ? "done" : "applying"));
    if (used || paths.empty()) return false;
  }
  if (before) PATCHBAY_CHECK(before());
  if (ApplyAll(server, token, paths) != 0)
    return Error{Code::kInvalid, StrCat("not everything of the first run could be applied: ", Join(paths, ", "))};
  PATCHBAY_CHECK(Mark(api, true, "done"));
  return true;
}

}  // namespace patchbay
