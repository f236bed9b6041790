#include <vector>

#include "base/text.h"
#include "harness/gateway/fake_kong_schema.h"

namespace patchbay::driver::fake_kong {

std::string PrintLua(const Json& value) {
  if (!value.is_structured()) return DumpJson(value);
  std::vector<std::string> parts;
  for (const auto& [key, member] : value.items())
    parts.push_back(value.is_array() ? PrintLua(member) : StrCat(key, "=", PrintLua(member)));
  return StrCat("{", Join(parts, ","), "}");
}

Json SchemaViolation(const Json& fields) {
  std::vector<std::string> lines;
  for (const auto& [name, error] : fields.items()) {
    if (error.is_string()) lines.push_back(StrCat(name, ": ", error.get<std::string>()));
    if (!error.is_structured()) continue;
    std::size_t place = 0;
    for (const auto& [member, fault] : error.items()) {
      ++place;
      if (fault.is_null()) continue;
      const std::string said = fault.is_string() ? fault.get<std::string>() : PrintLua(fault);
      lines.push_back(name == "@entity" ? said
                                        : StrCat(name, ".", error.is_array() ? StrCat(place) : member, ": ", said));
    }
  }
  const std::string all = Join(lines, "; ");
  return {{"code", 2},
          {"name", "schema violation"},
          {"message", lines.size() == 1 ? StrCat("schema violation (", all, ")")
                                        : StrCat(lines.size(), " schema violations (", all, ")")},
          {"fields", fields}};
}

Json UniqueViolation(const Json& key) {
  return {{"code", 5},
          {"name", "unique constraint violation"},
          {"message", StrCat("UNIQUE violation detected on '", PrintLua(key), "'")},
          {"fields", key}};
}

Json ForeignViolation(const std::string& field, const Json& value, const std::string& to) {
  return {
      {"code", 4},
      {"name", "foreign key violation"},
      {"message", StrCat("the foreign key '", PrintLua(value), "' does not reference an existing '", to, "' entity.")},
      {"fields", {{field, value}}}};
}

Json RestrictedViolation(const std::string& parent, const std::string& child) {
  return {{"code", 4},
          {"name", "foreign key violation"},
          {"message", StrCat("an existing '", child, "' entity references this '", parent, "' entity")},
          {"fields", {{"@referenced_by", child}}}};
}

}  // namespace patchbay::driver::fake_kong
