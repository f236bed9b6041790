#include "api/openapi_documents.h"

#include <utility>

#include "api/discovery.h"
#include "base/digest.h"
#include "base/text.h"
#include "schema/openapi.h"

namespace patchbay::api {

bool OpenApiDocuments::Serve(const CallPtr& call) {
  static constexpr std::string_view kPrefix = "/openapi/";
  const std::string& path = call->request().path;
  if (!path.starts_with(kPrefix)) return false;
  std::string name = path.substr(kPrefix.size());
  while (!name.empty() && name.back() == '/') name.pop_back();
  const std::optional<Document> document = Find(name);
  if (!document) return false;
  if (!AcceptsJson(call->request().headers.Get("Accept"))) {
    call->Fail(NotAcceptable());
  } else if (name.starts_with("v3/")) {
    ReplyHashed(call, *document);
  } else {
    ReplyPlain(call, *document);
  }
  return true;
}

std::optional<OpenApiDocuments::Document> OpenApiDocuments::Find(const std::string& name) {
  {
    auto written = written_.Lock();
    if (const auto found = written->find(name); found != written->end()) return found->second;
  }
  const std::optional<Json> value = Write(name);
  if (!value) return std::nullopt;
  Document document;
  document.bytes = std::make_shared<const std::string>(DumpJson(*value));
  document.hash = Sha256Hex(*document.bytes);
  return written_.Lock()->emplace(name, std::move(document)).first->second;
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
    const std::optional<Document> document = Find("v3/" + path);
    paths[path] = {{"serverRelativeURL", StrCat("/openapi/v3/", path, "?hash=", document->hash)}};
  }
  return {{"paths", std::move(paths)}};
}

void OpenApiDocuments::ReplyPlain(const CallPtr& call, const Document& document) {
  const std::string etag = StrCat("\"", document.hash, "\"");
  http::Response response;
  if (call->request().headers.Get("If-None-Match") == etag) {
    response.status = 304;
  } else {
    response = BytesResponse(200, document.bytes, "application/json");
  }
  response.headers.Add("ETag", etag);
  response.headers.Add("Vary", "Accept");
  call->Reply(std::move(response));
}

void OpenApiDocuments::ReplyHashed(const CallPtr& call, const Document& document) {
  const std::string_view asked = call->request().query.Get("hash");
  if (asked.empty()) return ReplyPlain(call, document);
  if (asked != document.hash) {
    http::Response moved;
    moved.status = 301;
    moved.headers.Add("Location", StrCat(call->request().path, "?hash=", document.hash));
    return call->Reply(std::move(moved));
  }
  http::Response response = BytesResponse(200, document.bytes, "application/json");
  response.headers.Add("ETag", StrCat("\"", document.hash, "\""));
  response.headers.Add("Cache-Control", "public, immutable, max-age=31536000");
  response.headers.Add("Vary", "Accept");
  call->Reply(std::move(response));
}

}  // namespace patchbay::api
