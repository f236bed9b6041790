#include "schema/rules.h"
#include "schema/validate.h"

namespace patchbay {
namespace {

constexpr std::size_t kRoomForDefaults = 8;

class Pruner {
 public:
  // What is under `value`'s members, by the rules of `value`.
  void Prune(const Rules& rules, Json& value, const Place& place) {
    if (value.is_array()) {
      if (rules.items == nullptr) return;
      for (std::size_t i = 0; i < value.size(); ++i) Prune(*rules.items, value[i], place.Item(i));
      return;
    }
    if (!value.is_object() || rules.additional_any) return;
    if (rules.additional != nullptr) {
      for (auto& [name, member] : value.get_ref<Json::object_t&>())
        Prune(*rules.additional, member, place.Member(name));
      return;
    }
    PruneMembers(rules, value, place);
  }

  std::vector<std::string> Take() { return std::move(removed_); }

 private:
  void PruneMembers(const Rules& rules, Json& value, const Place& place) {
    const bool root = place.parent == nullptr || rules.embedded_resource;
    bool any_unknown = false;
    for (auto& [name, member] : value.get_ref<Json::object_t&>()) {
      if (root && (name == "metadata" || name == "apiVersion" || name == "kind")) continue;
      if (const Rules* property = rules.Property(name)) {
        Prune(*property, member, place.Member(name));
      } else if (!rules.preserves_unknown) {
        any_unknown = true;
        removed_.push_back(place.Member(name).ToString());
      }
    }
    if (any_unknown) Drop(rules, value, root);
  }

  static void Drop(const Rules& rules, Json& value, bool root) {
    Json::object_t kept;
    for (auto& [name, member] : value.get_ref<Json::object_t&>()) {
      const bool own = root && (name == "metadata" || name == "apiVersion" || name == "kind");
      if (own || rules.Property(name) != nullptr) kept.emplace_back(name, std::move(member));
    }
    value = std::move(kept);
  }

  std::vector<std::string> removed_;
};

// Null where null is not allowed stands for absent: the default, or nothing.
bool StandsForAbsent(const Rules& rules, const Json& value) {
  return value.is_null() && !rules.nullable && rules.type != Rules::Type::kAny;
}

void Fill(const Rules& rules, Json& value);

void FillMembers(const Rules& rules, Json& value) {
  auto& members = value.get_ref<Json::object_t&>();
  bool any_absent = false;
  for (auto& [name, member] : members) {
    const Rules* property = rules.additional != nullptr ? rules.additional.get() : rules.Property(name);
    if (property == nullptr) continue;
    if (StandsForAbsent(*property, member)) {
      if (property->has_default)
        member = property->default_value;
      else
        any_absent = true;
    }
    if (property->has_defaults || member.is_structured()) Fill(*property, member);
  }
  if (any_absent) {
    Json::object_t kept;
    for (auto& [name, member] : members) {
      const Rules* property = rules.additional != nullptr ? rules.additional.get() : rules.Property(name);
      if (property == nullptr || !StandsForAbsent(*property, member)) kept.emplace_back(name, std::move(member));
    }
    value = std::move(kept);
  }
  if (!rules.has_defaults) return;
  for (const auto& [name, property] : rules.properties) {
    if (!property->has_default || Find(value, {name}) != nullptr) continue;
    auto& grown = value.get_ref<Json::object_t&>();
    if (grown.size() == grown.capacity()) grown.reserve(grown.size() + kRoomForDefaults);
    Fill(*property, grown.emplace_back(name, property->default_value).second);
  }
}

void Fill(const Rules& rules, Json& value) {
  if (value.is_object()) {
    FillMembers(rules, value);
  } else if (value.is_array() && rules.items != nullptr) {
    for (Json& item : value) Fill(*rules.items, item);
  }
}

}  // namespace

std::vector<std::string> Prune(const Kind& kind, Json& object) {
  Pruner pruner;
  pruner.Prune(*kind.rules, object, Place{});
  return pruner.Take();
}

void ApplyDefaults(const Kind& kind, Json& object) { Fill(*kind.rules, object); }

void FillDefaults(const Rules& rules, Json& value) { Fill(rules, value); }

std::vector<std::string> FindUndeclared(const Rules& rules, Json value) {
  Pruner pruner;
  pruner.Prune(rules, value, Place{}.Member("default"));
  return pruner.Take();
}

}  // namespace patchbay
