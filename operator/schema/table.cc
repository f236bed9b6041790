#include "schema/table.h"

#include "base/text.h"
#include "object/jsonpath.h"
#include "object/object.h"
#include "schema/pod_cells.h"

namespace patchbay {
namespace {

constexpr const char* kUnknown = "<unknown>";

bool NamesItself(const Kind& kind) {
  for (const PrinterColumn& column : kind.columns)
    if (column.name == "Name") return true;
  return false;
}

std::string TextOf(const Json& value) { return value.is_string() ? value.get<std::string>() : DumpJson(value); }

std::string JoinTexts(const std::vector<const Json*>& values, std::string_view separator) {
  std::string out;
  for (const Json* value : values) {
    if (value != values.front()) out += separator;
    out += TextOf(*value);
  }
  return out;
}

std::optional<std::string> AgeOf(const Json& value, WallTime now) {
  if (!value.is_string()) return std::nullopt;
  const auto time = ParseTime(value.get_ref<const std::string&>());
  if (!time) return std::nullopt;
  return FormatAge(std::max(std::chrono::seconds(0), std::chrono::duration_cast<std::chrono::seconds>(now - *time)));
}

Json FirstAge(const std::vector<const Json*>& values, WallTime now) {
  for (const Json* value : values)
    if (auto age = AgeOf(*value, now)) return *std::move(age);
  return kUnknown;
}

Json Count(const std::vector<const Json*>& values) {
  std::size_t count = 0;
  for (const Json* value : values)
    if (value->is_structured()) count += value->size();
  return count;
}

Json Cell(const PrinterColumn& column, const std::vector<const Json*>& values, WallTime now) {
  if (values.empty() || values.front()->is_null()) return nullptr;
  const Json& first = *values.front();
  if (column.type == "string") return JoinTexts(values, ",");
  if (column.type == "integer") {
    if (first.is_number_float()) return static_cast<std::int64_t>(first.get<double>());
    return first.is_number() ? first : Json();
  }
  if (column.type == "number") return first.is_number() ? first : Json();
  if (column.type == "boolean") return first.is_boolean() ? first : Json();
  if (column.type == "date")
    if (auto age = AgeOf(first, now)) return *std::move(age);
  return nullptr;
}

}  // namespace

Json TableColumns(const Kind& kind) {
  const auto column = [](const std::string& name, const std::string& type, const std::string& format,
                         const std::string& description, int priority) {
    return Json{
        {"name", name}, {"type", type}, {"format", format}, {"description", description}, {"priority", priority}};
  };
  Json out = Json::array();
  if (!NamesItself(kind))
    out.push_back(column("Name", "string", "name", "Name must be unique within a namespace. Cannot be updated.", 0));
  for (const PrinterColumn& each : kind.columns) {
    const std::string description = each.description.empty()
                                        ? "Custom resource definition column (in JSONPath format): " + each.json_path
                                        : each.description;
    const bool own_format = kind.builtin && each.format != "name";
    const bool own_type = kind.builtin && (each.type == "date" || each.type == "integer");  // which says it is text
    const std::string type = own_type ? "string" : each.type;
    out.push_back(column(each.name, type, own_format ? "" : each.format, description, each.priority));
  }
  return out;
}

Json TableCells(const Kind& kind, const Json& object, WallTime now) {
  Json out = Json::array();
  out.get_ref<Json::array_t&>().reserve(kind.columns.size() + 1);
  if (!NamesItself(kind)) out.push_back(NameOf(object));
  for (const PrinterColumn& column : kind.columns) {
    const auto values = column.path->Select(object);
    if (kind.builtin && column.format == "count")
      out.push_back(Count(values));
    else if (kind.builtin && column.format == "age")
      out.push_back(FirstAge(values, now));
    else if (kind.builtin && column.format == "reference")
      out.push_back(Lower(JoinTexts(values, "/")));
    else if (kind.builtin && column.format == "or-none")
      out.push_back(values.empty() || values.front()->is_null() ? Json("<none>") : Json(JoinTexts(values, ",")));
    else if (kind.builtin && column.format.starts_with("pod-"))
      out.push_back(PodCell(column.format, object, now));
    else
      out.push_back(Cell(column, values, now));
    // What the core kinds' own printers show for nothing.
    if (!kind.builtin || !out.back().is_null()) continue;
    if (column.type == "string") out.back() = "";
    if (column.type == "date") out.back() = kUnknown;
    if (column.type == "integer") out.back() = 0;
  }
  return out;
}

}  // namespace patchbay
