#include "api/render.h"

#include <memory>
#include <utility>

#include "api/call.h"
#include "api/codec.h"
#include "api/event_view.h"
#include "base/text.h"
#include "object/yaml.h"
#include "schema/table.h"

namespace patchbay::api {
namespace {

std::shared_ptr<const std::string> Share(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

std::string ListHead(const Kind& kind, const ListMeta& meta) {
  std::string head = StrCat("{\"apiVersion\":", QuoteJson(kind.ApiVersion()), ",\"kind\":", QuoteJson(kind.list_kind),
                            ",\"metadata\":{\"resourceVersion\":\"", meta.revision, "\"");
  // Kubernetes' lists of custom objects say it even when there is nothing more.
  if (!kind.builtin || !meta.next.empty()) head += StrCat(",\"continue\":", QuoteJson(meta.next));
  if (meta.remaining > 0) head += StrCat(",\"remainingItemCount\":", meta.remaining);
  return head + "},\"items\":[";
}

std::string ListMetaJson(const ListMeta& meta) {
  std::string json = StrCat("{\"resourceVersion\":\"", meta.revision, "\"");
  if (!meta.next.empty()) json += StrCat(",\"continue\":", QuoteJson(meta.next));
  if (meta.remaining > 0) json += StrCat(",\"remainingItemCount\":", meta.remaining);
  return json + "}";
}

std::string Partial(const Form& form, const Json& object) {
  return StrCat("{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"", form.meta_api_version(), "\",\"metadata\":",
                DumpJson(object.value("metadata", Json::object())), "}");
}

std::string TypeMeta(std::string_view api_version, std::string_view kind) {
  return StrCat("{\"kind\":", QuoteJson(kind), ",\"apiVersion\":", QuoteJson(api_version));
}

// Nothing is copied: the objects' bytes go out between shared commas.
http::Response PlainList(const Kind& kind, const std::vector<Bytes>& objects, const ListMeta& meta) {
  static const auto kComma = Share(",");
  static const auto kEnd = Share("]}\n");
  http::Response response = BytesResponse(200, Share(ListHead(kind, meta)), "application/json");
  response.body.reserve(2 * objects.size() + 2);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (i > 0) response.body.push_back(kComma);
    response.body.push_back(objects[i]);
  }
  response.body.push_back(kEnd);
  return response;
}

std::string JoinList(const std::string& head, const std::vector<std::string>& items) {
  return StrCat(head, Join(items, ","), "]}");
}

}  // namespace

Renderer::Renderer(const Kinds& kinds, Clock& clock) : clock_(clock) {
  for (const Kind& kind : kinds.all()) columns_[kind.Resource()] = DumpJson(TableColumns(kind));
}

std::string Renderer::Columns(const Kind& kind) const {
  const auto found = columns_.find(kind.Resource());
  return found == columns_.end() ? DumpJson(TableColumns(kind)) : found->second;
}

std::string Renderer::Row(const Kind& kind, const Form& form, std::string_view bytes, const Json& object) const {
  std::string row = StrCat("{\"cells\":", DumpJson(TableCells(kind, object, clock_.Wall())));
  if (form.row_object == RowObject::kObject) row += StrCat(",\"object\":", bytes);
  if (form.row_object == RowObject::kMetadata) row += StrCat(",\"object\":", Partial(form, object));
  if (form.row_object == RowObject::kNone) row += ",\"object\":null";
  return row + "}";
}

std::string Renderer::Table(const Kind& kind, const Form& form, const std::string& metadata, bool columns,
                            const std::vector<std::string>& rows) const {
  return StrCat(TypeMeta(form.meta_api_version(), "Table"), ",\"metadata\":", metadata, ",\"columnDefinitions\":",
                columns ? Columns(kind) : "null", ",\"rows\":[", Join(rows, ","), "]}");
}

http::Response Renderer::Finish(const Form& form, int status, std::string json) const {
  if (form.encoding == Encoding::kYaml) {
    return BytesResponse(status, Share(DumpYaml(ParseStored(json))), "application/yaml");
  }
  if (form.pretty) json = DumpJsonPretty(ParseStored(json));
  json.push_back('\n');
  return BytesResponse(status, Share(std::move(json)), "application/json");
}

http::Response Renderer::Object(const Kind& kind, const Form& form, int status, const Bytes& stored) const {
  const Bytes bytes = ShownBytes(kind, stored);
  if (form.plain()) return BytesResponse(status, bytes, "application/json");
  return Finish(form, status, ShapeOf(kind, form, *bytes, true));
}

http::Response Renderer::List(const Kind& kind, const Form& form, std::vector<Bytes> objects,
                              const ListMeta& meta) const {
  if (IsEventView(kind)) {
    for (Bytes& bytes : objects) bytes = ShownBytes(kind, bytes);
  }
  if (form.plain()) return PlainList(kind, objects, meta);
  std::vector<std::string> items;
  items.reserve(objects.size());
  for (const Bytes& bytes : objects) {
    if (form.shape == Shape::kTable) items.push_back(Row(kind, form, *bytes, ParseStored(*bytes)));
    if (form.shape == Shape::kPartial) items.push_back(Partial(form, ParseStored(*bytes)));
    if (form.shape == Shape::kObject) items.push_back(*bytes);
  }
  if (form.shape == Shape::kTable) return Finish(form, 200, Table(kind, form, ListMetaJson(meta), true, items));
  if (form.shape == Shape::kObject) return Finish(form, 200, JoinList(ListHead(kind, meta), items));
  const std::string head = StrCat(TypeMeta(form.meta_api_version(), "PartialObjectMetadataList"), ",\"metadata\":",
                                  ListMetaJson(meta), ",\"items\":[");
  return Finish(form, 200, JoinList(head, items));
}

std::string Renderer::EventObject(const Kind& kind, const Form& form, std::string_view bytes, bool columns) const {
  if (!IsEventView(kind)) return ShapeOf(kind, form, bytes, columns);
  return ShapeOf(kind, form, DumpJson(ToShown(kind, ParseStored(bytes))), columns);
}

std::string Renderer::ShapeOf(const Kind& kind, const Form& form, std::string_view bytes, bool columns) const {
  if (form.shape == Shape::kObject) return std::string(bytes);
  const Json object = ParseStored(bytes);
  if (form.shape == Shape::kPartial) return Partial(form, object);
  return Table(kind, form, ListMetaJson({RevisionOf(object), "", 0}), columns, {Row(kind, form, bytes, object)});
}

std::string Renderer::Bookmark(const Kind& kind, const Form& form, Revision revision, bool initial) const {
  std::string metadata = StrCat("{\"resourceVersion\":\"", revision, "\"");
  if (initial) metadata += ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}";
  metadata += "}";
  if (form.shape == Shape::kTable) return Table(kind, form, metadata, false, {});
  if (form.shape == Shape::kPartial) {
    return StrCat(TypeMeta(form.meta_api_version(), "PartialObjectMetadata"), ",\"metadata\":", metadata, "}");
  }
  return StrCat(TypeMeta(kind.ApiVersion(), kind.kind), ",\"metadata\":", metadata, "}");
}

}  // namespace patchbay::api
