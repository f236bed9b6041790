// Objects and lists in the form a client asked for: bytes of the cache as they are, Table,
// PartialObjectMetadata, YAML. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/media.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "http/message.h"
#include "object/object.h"
#include "schema/kind.h"

namespace patchbay::api {

// What a list says about itself.
struct ListMeta {
  Revision revision = 0;
  std::string next;            // continue; ""
  std::int64_t remaining = 0;  // 0: left out
};

class Renderer {
 public:
  Renderer(const Kinds& kinds, Clock& clock);

  // One object, given by its stored bytes; these are what clients get, unless `kind` shows them in other words.
  http::Response Object(const Kind& kind, const Form& form, int status, const Bytes& stored) const;
  http::Response List(const Kind& kind, const Form& form, std::vector<Bytes> objects, const ListMeta& meta) const;
  // The `object` of a watch event. `columns`: a Table begins with its columnDefinitions.
  std::string EventObject(const Kind& kind, const Form& form, std::string_view bytes, bool columns) const;
  // A bookmark's `object`; `initial`: the initial events end here.
  std::string Bookmark(const Kind& kind, const Form& form, Revision revision, bool initial) const;

 private:
  std::string ShapeOf(const Kind& kind, const Form& form, std::string_view bytes, bool columns) const;
  std::string Columns(const Kind& kind) const;
  std::string Row(const Kind& kind, const Form& form, std::string_view bytes, const Json& object) const;
  std::string Table(const Kind& kind, const Form& form, const std::string& metadata, bool columns,
                    const std::vector<std::string>& rows) const;
  http::Response Finish(const Form& form, int status, std::string json) const;
  Clock& clock_;
  std::map<std::string, std::string> columns_;  // resource -> columnDefinitions
};

}  // namespace patchbay::api
