#include "object/object.h"

#include <array>
#include <charconv>

#include "base/text.h"

namespace patchbay {
namespace {

constexpr std::string_view kMetadataOpens = "\"metadata\":{";

Labels MapOf(const Json& object, std::string_view name) {
  Labels out;
  const Json* map = Find(object, {"metadata", name});
  if (map == nullptr || !map->is_object()) return out;
  for (const auto& [key, value] : map->get_ref<const Json::object_t&>())
    if (value.is_string()) out.emplace(key, value.get_ref<const std::string&>());
  return out;
}

template <std::size_t N>
bool IsOneOf(const std::string& key, const std::array<std::string_view, N>& names) {
  for (const std::string_view name : names)
    if (key == name) return true;
  return false;
}

class BodyWriter {
 public:
  void Member(std::string_view key, const Json& value) {
    out_ += separator_;
    separator_ = ",";
    AppendQuoted(out_, key);
    out_ += ':';
    AppendJson(out_, value);
  }
  // Those of `first` in their order, then the rest as they come, without those of `not_here`.
  template <std::size_t N, std::size_t M>
  void Members(const Json& object, const std::array<std::string_view, N>& first,
               const std::array<std::string_view, M>& not_here) {
    for (const std::string_view key : first)
      if (const Json* value = Find(object, {key})) Member(key, *value);
    for (const auto& [key, value] : object.get_ref<const Json::object_t&>())
      if (!IsOneOf(key, first) && !IsOneOf(key, not_here)) Member(key, value);
  }
  void Open(std::string_view text) {
    out_ += separator_;
    out_ += text;
    separator_ = "";
  }
  void Close() {
    out_ += '}';
    separator_ = ",";
  }
  void Reserve(std::size_t bytes) { out_.reserve(bytes); }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
  std::string_view separator_;
};

Json& ConditionsOf(Json& object) {
  Json& status = object["status"];
  if (!status.is_object()) status = Json::object();
  Json& conditions = status["conditions"];
  if (!conditions.is_array()) conditions = Json::array();
  return conditions;
}

}  // namespace

std::string NameOf(const Json& object) { return FindString(object, {"metadata", "name"}); }
std::string NamespaceOf(const Json& object) { return FindString(object, {"metadata", "namespace"}); }
std::string UidOf(const Json& object) { return FindString(object, {"metadata", "uid"}); }
std::int64_t GenerationOf(const Json& object) { return FindInt(object, {"metadata", "generation"}); }
Labels LabelsOf(const Json& object) { return MapOf(object, "labels"); }
Labels AnnotationsOf(const Json& object) { return MapOf(object, "annotations"); }

Revision RevisionOf(const Json& object) {
  const Json* revision = Find(object, {"metadata", "resourceVersion"});
  if (revision == nullptr || !revision->is_string()) return 0;
  return ParseInt(revision->get_ref<const std::string&>()).value_or(0);
}

std::vector<std::string> FinalizersOf(const Json& object) {
  std::vector<std::string> out;
  const Json* list = Find(object, {"metadata", "finalizers"});
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& item : *list)
    if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

bool IsDeleting(const Json& object) {
  const Json* time = Find(object, {"metadata", "deletionTimestamp"});
  return time != nullptr && !time->is_null();
}

std::string EncodeBody(Json object) {
  static constexpr std::array<std::string_view, 4> kFirst = {"name", "namespace", "uid", "generation"};
  static constexpr std::array<std::string_view, 1> kRevision = {"resourceVersion"};
  static constexpr std::array<std::string_view, 1> kSpec = {"spec"};
  static constexpr std::array<std::string_view, 4> kElsewhere = {"apiVersion", "kind", "metadata", "status"};
  BodyWriter writer;
  writer.Reserve(1024);
  writer.Open("{");
  for (const std::string_view key : {"apiVersion", "kind"})
    if (const Json* value = Find(object, {key})) writer.Member(key, *value);
  writer.Open(kMetadataOpens);
  const Json* metadata = Find(object, {"metadata"});
  if (metadata != nullptr && metadata->is_object()) writer.Members(*metadata, kFirst, kRevision);
  writer.Close();
  writer.Members(object, kSpec, kElsewhere);
  if (const Json* status = Find(object, {"status"})) writer.Member("status", *status);
  writer.Close();
  return writer.Take();
}

std::string SpliceRevision(std::string_view body, Revision revision) {
  // apiVersion and kind stand before it; inside them a quote is escaped, so the first match is the member.
  const auto found = body.find(kMetadataOpens);
  if (found == std::string_view::npos) return std::string(body);
  const std::size_t at = found + kMetadataOpens.size();
  char digits[24];
  const std::string_view number(digits, std::to_chars(digits, digits + sizeof digits, revision).ptr - digits);
  std::string out;
  out.reserve(body.size() + number.size() + 24);
  out.append(body.substr(0, at)).append("\"resourceVersion\":\"").append(number).append("\"");
  if (at < body.size() && body[at] != '}') out += ',';
  return out.append(body.substr(at));
}

void SetCondition(Json& object, const Condition& condition, std::int64_t observed_generation, std::string_view now) {
  Json& conditions = ConditionsOf(object);
  Json* place = nullptr;
  std::string since(now);
  for (Json& item : conditions) {
    if (FindString(item, {"type"}) != condition.type) continue;
    if (FindString(item, {"status"}) == condition.status) since = FindString(item, {"lastTransitionTime"}, now);
    place = &item;
    break;
  }
  if (place == nullptr) place = &conditions.emplace_back();
  *place =
      Json{{"type", condition.type},      {"status", condition.status}, {"observedGeneration", observed_generation},
           {"lastTransitionTime", since}, {"reason", condition.reason}, {"message", condition.message}};
}

std::optional<Condition> FindCondition(const Json& object, std::string_view type) {
  const Json* conditions = Find(object, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return std::nullopt;
  for (const Json& item : *conditions)
    if (FindString(item, {"type"}) == type)
      return Condition{std::string(type), FindString(item, {"status"}), FindString(item, {"reason"}),
                       FindString(item, {"message"})};
  return std::nullopt;
}

}  // namespace patchbay
