// Values that a schema takes, as far as types go, made by chance from few words: so that two of them meet in the same
// fields.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "object/json.h"
#include "schema/kind.h"

namespace patchbay {

class ObjectMaker {
 public:
  // A number below its bound, which is over 0.
  using Chance = std::function<std::uint64_t(std::uint64_t)>;
  explicit ObjectMaker(Chance below) : below_(std::move(below)) {}

  static Json Empty(const Kind& kind) {
    return {{"apiVersion", kind.ApiVersion()}, {"kind", kind.kind}, {"metadata", {{"name", "x"}}}};
  }
  // A configuration of some of the members of spec (data, ...) and labels.
  Json Configuration(const Kind& kind) {
    Json config = Empty(kind);
    for (const auto& [name, schema] : kind.schema["properties"].items()) {
      const bool wanted = name != "apiVersion" && name != "kind" && name != "metadata" && name != "status";
      if (wanted && name != "stringData") config[name] = Value(schema);
    }
    for (const std::string& word : kWords)
      if (Is(30)) config["metadata"]["labels"][word] = Word();
    return config;
  }
  Json Value(const Json& schema) {
    const std::string type = FindString(schema, {"type"});
    if (FindBool(schema, {"x-kubernetes-preserve-unknown-fields"})) return Free(kFree);
    if (FindBool(schema, {"x-kubernetes-int-or-string"})) return Is(50) ? Json(Number()) : Json(Word());
    if (type == "object") return Object(schema);
    if (type == "array") return List(schema);
    if (type == "boolean") return Is(50);
    if (type == "string") return Word();
    return Number();
  }
  // False when the least is chosen: whoever runs out of chances makes small objects.
  bool Is(std::uint64_t percent) { return below_(100) >= 100 - percent; }
  std::uint64_t Below(std::uint64_t bound) { return below_(bound); }
  std::string Word() { return kWords[below_(kWords.size())]; }

 private:
  static constexpr int kFree = 3;  // how deep free objects go
  inline static const std::vector<std::string> kWords = {"a", "b", "c", "d"};

  int Number() { return static_cast<int>(below_(4)); }
  Json Object(const Json& schema) {
    Json object = Json::object();
    if (const Json* member = Find(schema, {"additionalProperties"})) {
      for (const std::string& word : kWords)
        if (Is(40)) object[word] = Value(*member);
    }
    if (const Json* properties = Find(schema, {"properties"})) {
      for (const auto& [name, member] : properties->items())
        if (Is(40)) object[name] = Value(member);
    }
    return object;
  }
  Json List(const Json& schema) {
    Json list = Json::array();
    const std::string type = FindString(schema, {"x-kubernetes-list-type"});
    for (const std::string& word : kWords) {
      if (!Is(50)) continue;
      Json item = Value(schema["items"]);
      if (type == "set") item = word;
      if (type == "map") {
        for (const Json& key : schema["x-kubernetes-list-map-keys"]) {
          const bool number = FindString(schema, {"items", "properties", key.get<std::string>(), "type"}) == "integer";
          item[key.get<std::string>()] = number ? Json(word[0]) : Json(word);
        }
      }
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(below_(list.size() + 1)), std::move(item));
    }
    return list;
  }
  Json Free(int depth) {
    const std::uint64_t sort = depth == kFree ? 9 : below_(10);
    if (depth == 0 || sort < 3) return Number();
    Json value = sort < 5 ? Json::array() : Json::object();
    for (const std::string& word : kWords) {
      if (!Is(50)) continue;
      if (value.is_array()) {
        value.push_back(Free(depth - 1));
      } else {
        value[word] = Free(depth - 1);
      }
    }
    return value;
  }
  const Chance below_;
};

}  // namespace patchbay
