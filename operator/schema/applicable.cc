#include <unordered_set>

#include "base/text.h"
#include "schema/granule.h"
#include "schema/merge.h"

namespace patchbay {
namespace {

constexpr std::size_t kMostFaults = 20;

// The way down, as a list from the leaf up; printed when there is something to say.
struct Way {
  const Way* above = nullptr;
  std::string_view step = {};
  bool member = false;  // `step` is its name

  std::string Print() const {
    return above == nullptr ? "" : above->Print() + (member ? StrCat(".", step) : PrintStep(step));
  }
};

class Judge {
 public:
  void Check(const Granule& granule, const Json& value, const Way& way) {
    if (value.is_null() || faults_.size() >= kMostFaults) return;
    if (granule.rules == nullptr) return;
    switch (granule.rules->type) {
      case Rules::Type::kAny: return;
      case Rules::Type::kObject: return CheckObject(granule, value, way);
      case Rules::Type::kArray: return CheckList(granule, value, way);
      case Rules::Type::kString: return Expect(value.is_string(), "string", value, way);
      case Rules::Type::kBoolean: return Expect(value.is_boolean(), "boolean", value, way);
      case Rules::Type::kInteger:
      case Rules::Type::kNumber: return Expect(value.is_number(), "numeric (int or float)", value, way);
      case Rules::Type::kIntOrString: return Expect(!value.is_structured(), "scalar", value, way);
    }
  }
  std::vector<std::string> Take() { return std::move(faults_); }

 private:
  void Say(const Way& way, std::string_view what) { faults_.push_back(StrCat(way.Print(), ": ", what)); }

  void Expect(bool good, std::string_view type, const Json& value, const Way& way) {
    if (good) return;
    std::string shown = DumpJson(value);
    if (shown.size() > 100) shown.resize(100);
    Say(way, StrCat("expected ", type, ", got &value.valueUnstructured{Value:", shown, "}"));
  }

  void CheckObject(const Granule& granule, const Json& value, const Way& way) {
    if (!value.is_object()) return Expect(false, "map", value, way);
    const Rules& rules = *granule.rules;
    const bool open = rules.preserves_unknown || rules.additional != nullptr || rules.additional_any;
    for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
      const Way below{&way, name, true};
      if (!open && !granule.Names(name)) {
        Say(below, "field not declared in schema");
      } else {
        Check(granule.Member(name), member, below);
      }
    }
  }

  void CheckList(const Granule& granule, const Json& value, const Way& way) {
    if (!value.is_array()) return Expect(false, "list", value, way);
    const bool atomic = granule.rules->list_type == Rules::ListType::kAtomic;
    std::unordered_set<std::string> seen;
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string step = atomic ? PlaceStep(i) : NameItem(granule, value[i], i, way);
      if (step.empty()) continue;
      Check(granule.Item(), value[i], {&way, step, false});
      if (!seen.insert(step).second) Say(way, StrCat("duplicate entries for key ", PrintStep(step)));
    }
  }

  // "" when it has no name, which is said.
  std::string NameItem(const Granule& granule, const Json& item, std::size_t place, const Way& way) {
    if (std::optional<std::string> step = granule.StepOf(item)) return *std::move(step);
    const std::string element = StrCat("element ", place, ": ");
    if (granule.rules->list_type == Rules::ListType::kSet) {
      Say(way, element + "associative list of scalars has an element that is none");
    } else if (!item.is_object()) {
      Say(way, element + "associative list with keys may not have non-map elements");
    } else {
      Say(way, StrCat(element, "associative list with keys has an element that omits key field ",
                      QuoteJson(MissingKey(granule, item)), " (and doesn't have default value)"));
    }
    return "";
  }

  static std::string MissingKey(const Granule& granule, const Json& item) {
    for (const std::string& key : granule.rules->map_keys) {
      const Rules* property = granule.rules->items->Property(key);
      const Json* value = Find(item, {key});
      if (value != nullptr && !value->is_null() && !value->is_structured()) continue;
      if (value != nullptr || property == nullptr || !property->has_default) return key;
    }
    return granule.rules->map_keys.front();
  }

  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> CheckApplicable(const Kind& kind, const Json& object) {
  Judge judge;
  judge.Check(Granule::Root(kind), object, Way{});
  return judge.Take();
}

}  // namespace patchbay
