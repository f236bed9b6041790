// /openapi/v2 and /openapi/v3, written from the kinds when first asked for. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "api/call.h"
#include "base/guarded.h"
#include "schema/kind.h"

namespace patchbay::api {

class OpenApiDocuments {
 public:
  explicit OpenApiDocuments(const Kinds& kinds) : kinds_(kinds) {}

  // Answers when the path is one of these; false otherwise. v2 as protobuf is 406: kubectl asks v3 first.
  bool Serve(const CallPtr& call);

 private:
  struct Document {
    std::shared_ptr<const std::string> bytes;
    std::string hash;
  };
  // `name` is "v2", "v3", or "v3/apis/patchbay.dev/v1"; nothing for an unknown one.
  std::optional<Document> Find(const std::string& name);
  std::optional<Json> Write(const std::string& name);
  Json WriteIndex();
  static void ReplyPlain(const CallPtr& call, const Document& document);
  static void ReplyHashed(const CallPtr& call, const Document& document);
  const Kinds& kinds_;
  Guarded<std::map<std::string, Document>> written_;
};

}  // namespace patchbay::api
