#include "api/openapi_documents.h"

#include <chrono>
#include <utility>

#include "api/discovery.h"
#include "api/openapi_protobuf.h"
#include "base/text.h"
#include "http/date.h"
#include "schema/openapi.h"

namespace patchbay::api {
namespace {

constexpr std::chrono::hours kYear{365 * 24};
constexpr const char* kProtobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

Document MakeOpenApi(const Json& value, Writing writing) {
  if (writing == Writing::kProtobuf) return MakeDocument(EncodeOpenApiV2(value), kProtobufType);
  return MakeDocument(DumpJson(value), "application/json");
}

}  // namespace

OpenApiDocuments::OpenApiDocuments(const Kinds& kinds, Clock& clock)
    : kinds_(kinds), clock_(clock), last_modified_(http::FormatDate(clock.Wall())) {}

bool OpenApiDocuments::Serve(const CallPtr& call) {
  static constexpr std::string_view kPrefix = "/openapi/";
  const std::string& path = call->request().path;
  if (!path.starts_with(kPrefix)) return false;
  std::string name = path.substr(kPrefix.size());
  while (!name.empty() && name.back() == '/') name.pop_back();
  const Answer<Writing> writing = ChooseOpenApi(call->request().headers.Get("Accept"), name == "v2");
  const std::optional<Document> document = Find(name, writing.ok() ? *writing : Writing::kJson);
  if (!document) return false;
  if (!writing.ok()) {
    call->Fail(writing.error());
  } else if (name.starts_with("v3/")) {
    ReplyHashed(call, *document);
  } else {
    ReplyDocument(call, *document);
  }
  return true;
}

std::optional<Document> OpenApiDocuments::Find(const std::string& name, Writing writing) {
  {
    auto written = written_.Lock();
    if (const auto found = written->find({name, writing}); found != written->end()) return found->second;
  }
  const std::optional<Json> value = Write(name);
  if (!value) return std::nullopt;
  Document document = MakeOpenApi(*value, writing);
  document.last_modified = last_modified_;
  return written_.Lock()->emplace(std::pair(name, writing), std::move(document)).first->second;
}

std::optional<Json> OpenApiDocuments::Write(const std::string& name) {
  if (name == "v2") return OpenApiV2(kinds_);
  if (name == "v3") return WriteIndex();
  for (const auto& [group, version] : GroupVersions(kinds_)) {
    if (name == "v3/" + GroupVersionPath(group, version)) return OpenApiV3(kinds_, group, version);
  }
  return std::nullopt;
}

Json OpenApiDocuments::WriteIndex() {
  Json paths = Json::object();
  for (const auto& [group, version] : GroupVersions(kinds_)) {
    const std::string path = GroupVersionPath(group, version);
    const std::optional<Document> document = Find("v3/" + path, Writing::kJson);
    paths[path] = {{"serverRelativeURL", StrCat("/openapi/v3/", path, "?hash=", document->hash)}};
  }
  return {{"paths", std::move(paths)}};
}

// What is asked for by its hash never changes and may be kept.
void OpenApiDocuments::ReplyHashed(const CallPtr& call, const Document& document) {
  const std::string_view asked = call->request().query.Get("hash");
  if (asked.empty()) return ReplyDocument(call, document);
  if (asked == document.hash) {
    return ReplyDocument(call, document, {"public, immutable", http::FormatDate(clock_.Wall() + kYear)});
  }
  http::Response moved;
  moved.status = 301;
  moved.headers.Add("Location", StrCat(call->request().path, "?hash=", document.hash));
  call->Reply(std::move(moved));
}

}  // namespace patchbay::api
