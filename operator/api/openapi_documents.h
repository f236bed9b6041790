// /openapi/v2 (JSON and protobuf) and /openapi/v3 (JSON), written from the kinds when first asked for. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "api/call.h"
#include "api/documents.h"
#include "api/media.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "schema/kind.h"

namespace patchbay::api {

class OpenApiDocuments {
 public:
  OpenApiDocuments(const Kinds& kinds, Clock& clock);

  // Answers when the path is one of these; false otherwise.
  bool Serve(const CallPtr& call);

 private:
  // `name` is "v2", "v3", or "v3/apis/patchbay.dev/v1"; nothing for an unknown one.
  std::optional<Document> Find(const std::string& name, Writing writing);
  std::optional<Json> Write(const std::string& name);
  Json WriteIndex();
  void ReplyHashed(const CallPtr& call, const Document& document);
  const Kinds& kinds_;
  Clock& clock_;
  const std::string last_modified_;  // the kinds are those of the program
  Guarded<std::map<std::pair<std::string, Writing>, Document>> written_;
};

}  // namespace patchbay::api
