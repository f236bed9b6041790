// What FakeKong's own files share: a request's place, and how answers are said.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "harness/gateway/fake_kong.h"
#include "harness/gateway/fake_kong_schema.h"

namespace patchbay::driver {

using fake_kong::Kind;

// What a path means: "/upstreams/KEY/targets/KEY?tags=a".
struct FakeKong::Place {
  std::vector<std::string> steps;
  http::Query query;
  const Kind* kind = nullptr;
  std::string key;
  const Kind* parent = nullptr;
  std::string parent_key;
};

inline http::Answer Say(int status, const Json& body) { return {status, {}, DumpJson(body)}; }
inline http::Answer NotFound() { return Say(404, {{"message", "Not found"}}); }
inline http::Answer Refuse(const Json& violation) { return Say(violation["code"] == 5 ? 409 : 400, violation); }
inline http::Answer Unsupported(const std::string& doing, const std::string& kind) {
  return Say(405, {{"code", 12},
                   {"name", "operation unsupported"},
                   {"message", StrCat("cannot ", doing, " '", kind, "' entities when not using a database")}});
}

inline bool IsUuid(const std::string& key) { return key.size() == 36 && key[8] == '-' && key[23] == '-'; }

inline const Kind* KindAt(const std::string& collection, bool nested) {
  for (const auto& kind : fake_kong::Kinds())
    if (kind.collection == collection && (nested || kind.everywhere == "/" + collection)) return &kind;
  return nullptr;
}

// The id of that name or id; "" when there is none.
inline std::string IdOf(const std::map<std::string, Json>& entities, const Kind& kind, const std::string& key) {
  if (entities.contains(key)) return key;
  if (IsUuid(key)) return "";
  for (const auto& [id, entity] : entities)
    if (!kind.endpoint_key.empty() && entity[kind.endpoint_key] == key) return id;
  return "";
}

}  // namespace patchbay::driver
