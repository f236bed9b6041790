#include "replay/comparison.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/text.h"
#include "object/object.h"

namespace patchbay::replay {
namespace {

std::string Show(const Json* value) {
  if (!value) return "(absent)";
  return value->is_string() ? value->get<std::string>() : DumpJson(*value);
}

// "5s", "3m2s", "<unknown>"
bool IsAge(const std::string& text) {
  if (text == "<unknown>" || text == "<invalid>") return true;
  if (text.size() < 2 || !std::isdigit(static_cast<unsigned char>(text.front()))) return false;
  return text.find_first_not_of("0123456789smhdy") == std::string::npos &&
         std::isalpha(static_cast<unsigned char>(text.back()));
}

// 'X is invalid: [a, b]' with its causes in an order of their own.
std::string SortCauses(const std::string& message) {
  const std::size_t begin = message.find(": [");
  if (begin == std::string::npos || !message.ends_with(']')) return message;
  std::vector<std::string> words;
  std::string_view rest = std::string_view(message).substr(begin + 3, message.size() - begin - 4);
  for (std::size_t comma = 0; (comma = rest.find(", ")) != std::string_view::npos; rest = rest.substr(comma + 2)) {
    words.emplace_back(rest.substr(0, comma));
  }
  words.emplace_back(rest);
  std::sort(words.begin(), words.end());
  return StrCat(message.substr(0, begin + 3), Join(words, ", "), "]");
}

// By what a list's items, a table's rows and watch events are told apart.
std::string NameOfItem(const Json& item) {
  for (const Json* object : {Find(item, {"object", "rows"}) ? &item.at("object").at("rows").at(0) : nullptr,
                             Find(item, {"object"}), &item}) {
    if (!object) continue;
    if (const Json* cells = Find(*object, {"cells"})) return cells->at(0).dump();
    if (const std::string name = NameOf(*object); !name.empty()) return StrCat(NamespaceOf(*object), "/", name);
  }
  return item.dump();
}

// Each value once.
Json Sorted(const Json& list) {
  std::vector<Json> values(list.begin(), list.end());
  std::sort(values.begin(), values.end(), [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

Json SortedByName(Json list) {
  auto& items = list.get_ref<Json::array_t&>();
  std::stable_sort(items.begin(), items.end(),
                   [](const Json& a, const Json& b) { return NameOfItem(a) < NameOfItem(b); });
  return list;
}

// Entries of managedFields, named by what tells them apart.
Json ByManager(const Json& entries) {
  Json named = Json::array();
  for (Json entry : entries) {
    entry["name"] = StrCat(FindString(entry, {"manager"}), " ", FindString(entry, {"operation"}), " ",
                           FindString(entry, {"subresource"}));
    named.push_back(std::move(entry));
  }
  return named;
}

bool AllNamed(const Json& list) {
  return std::all_of(list.begin(), list.end(), [](const Json& item) { return !FindString(item, {"name"}).empty(); });
}

const Json* FindNamed(const Json& list, const std::string& name) {
  for (const Json& item : list) {
    if (FindString(item, {"name"}) == name) return &item;
  }
  return nullptr;
}

}  // namespace

std::vector<Json> SortedArrivals(std::vector<Json> events) {
  const auto arrives = [](const Json& event) { return FindString(event, {"type"}) == "ADDED"; };
  const auto end = std::find_if_not(events.begin(), events.end(), arrives);
  std::stable_sort(events.begin(), end, [](const Json& a, const Json& b) { return NameOfItem(a) < NameOfItem(b); });
  return events;
}

void Comparison::Differ(const std::string& place, const Json* recorded, const Json* ours) {
  mismatches_.push_back({place, Show(recorded), Show(ours)});
}

void Comparison::CompareText(const std::string& place, const std::string& recorded, const std::string& ours) {
  if (recorded == ours) return;
  const std::string expected = names_.Translate(recorded);
  if (SortCauses(expected) != SortCauses(ours)) mismatches_.push_back({place, expected, ours});
}

void Comparison::Compare(const std::string& place, const Json& recorded, const Json& ours) {
  if (recorded.is_object() && ours.is_object()) return CompareObjects(place, recorded, ours);
  if (recorded.is_array() && ours.is_array()) return CompareLists(place, recorded, ours);
  if (recorded.is_string() && ours.is_string()) {
    return CompareText(place, recorded.get<std::string>(), ours.get<std::string>());
  }
  if (!EqualJson(recorded, ours)) Differ(place, &recorded, &ours);
}

void Comparison::CompareObjects(const std::string& place, const Json& recorded, const Json& ours) {
  if (const std::string prefix = FindString(recorded, {"generateName"}); !prefix.empty()) {
    names_.LearnText(FindString(recorded, {"name"}), FindString(ours, {"name"}));
  }
  for (const auto& [key, value] : recorded.items()) {
    const auto found = ours.find(key);
    if (found == ours.end()) {
      Differ(StrCat(place, ".", key), &value, nullptr);
    } else {
      CompareMember(StrCat(place, ".", key), key, value, *found);
    }
  }
  for (const auto& [key, value] : ours.items()) {
    if (!recorded.contains(key)) Differ(StrCat(place, ".", key), nullptr, &value);
  }
}

bool Comparison::LearnName(const std::string& key, const std::string& recorded, const std::string& ours) {
  if (recorded.empty() || ours.empty()) return false;
  if (key == "uid") return names_.LearnUid(recorded, ours);
  if (key == "resourceVersion") return names_.LearnVersion(recorded, ours);
  return key == "continue" && names_.LearnToken(recorded, ours);
}

void Comparison::CompareMember(const std::string& place, const std::string& key, const Json& recorded,
                               const Json& ours) {
  if (recorded.is_string() && ours.is_string() &&
      LearnName(key, recorded.get<std::string>(), ours.get<std::string>())) {
    return;
  }
  if (recorded.is_array() && ours.is_array()) {
    if (key == "managedFields") return CompareNamed(place, ByManager(recorded), ByManager(ours));
    if (key == "causes" || key == "verbs") return CompareLists(place, Sorted(recorded), Sorted(ours));
    if ((key == "resources" || key == "groups") && AllNamed(recorded) && AllNamed(ours)) {
      return CompareNamed(place, recorded, ours);
    }
    if (unordered_ && (key == "items" || key == "rows")) {
      return CompareLists(place, SortedByName(recorded), SortedByName(ours));
    }
  }
  Compare(place, recorded, ours);
}

void Comparison::CompareLists(const std::string& place, const Json& recorded, const Json& ours) {
  for (std::size_t i = 0; i < std::max(recorded.size(), ours.size()); ++i) {
    const std::string at = StrCat(place, "[", i, "]");
    if (i >= ours.size()) {
      Differ(at, &recorded[i], nullptr);
    } else if (i >= recorded.size()) {
      Differ(at, nullptr, &ours[i]);
    } else if (!(place.ends_with(".cells") && recorded[i].is_string() && ours[i].is_string() &&
                 IsAge(recorded[i].get<std::string>()) && IsAge(ours[i].get<std::string>()))) {
      Compare(at, recorded[i], ours[i]);
    }
  }
}

void Comparison::CompareNamed(const std::string& place, const Json& recorded, const Json& ours) {
  for (const Json& item : recorded) {
    const std::string name = FindString(item, {"name"});
    const Json* found = FindNamed(ours, name);
    const std::string at = StrCat(place, "[", name, "]");
    if (!found) Differ(at, &item, nullptr);
    if (found) CompareObjects(at, item, *found);
  }
  for (const Json& item : ours) {
    const std::string name = FindString(item, {"name"});
    if (!trimmed_ && !FindNamed(recorded, name)) Differ(StrCat(place, "[", name, "]"), nullptr, &item);
  }
}

}  // namespace patchbay::replay
