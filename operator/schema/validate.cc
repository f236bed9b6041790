#include "schema/validate.h"

#include <cmath>
#include <limits>
#include <unordered_set>

#include "base/clock.h"
#include "base/text.h"
#include "schema/rules.h"

namespace patchbay {
namespace {

constexpr std::string_view kInvalidValue = "FieldValueInvalid";
// Fewer items are compared with each other, more through a hash.
constexpr std::size_t kFewItems = 16;
const Json kNothing;

// The words of kube-openapi for what a value is.
std::string_view TypeOf(const Json& value) {
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "boolean";
  if (value.is_number_float()) return "number";
  return value.is_number() ? "integer" : "null";
}

bool IsOfType(Rules::Type type, const Json& value) {
  switch (type) {
    case Rules::Type::kAny: return true;
    case Rules::Type::kObject: return value.is_object();
    case Rules::Type::kArray: return value.is_array();
    case Rules::Type::kString: return value.is_string();
    case Rules::Type::kInteger: return value.is_number_integer();
    case Rules::Type::kNumber: return value.is_number();
    case Rules::Type::kBoolean: return value.is_boolean();
    case Rules::Type::kIntOrString: return value.is_number_integer() || value.is_string();
  }
  return false;
}

std::size_t CountCharacters(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

class Validator {
 public:
  Validator(const Json* before, const Place& place, std::vector<Cause>& causes)
      : before_(before), place_(place), causes_(causes) {}

  void Check(const Rules& rules, const Json& value) {
    if (value.is_null() && rules.nullable) return;
    if (before_ != nullptr && EqualJson(*before_, value)) return;
    if (!IsOfType(rules.type, value)) {
      const std::string quoted = StrCat("\"", TypeOf(value), "\"");
      return Add("FieldValueTypeInvalid", StrCat("Invalid value: ", quoted, ": ", Here(), " in body must be of type ",
                                                 rules.type_name, ": ", quoted));
    }
    if (!rules.allowed.empty()) CheckEnum(rules, value);
    if (value.is_string())
      CheckString(rules, value.get_ref<const std::string&>());
    else if (value.is_number())
      CheckNumber(rules, value);
    else if (value.is_object())
      CheckObject(rules, value);
    else if (value.is_array())
      CheckList(rules, value);
  }

 private:
  std::string Here() const { return place_.ToString(); }
  void Add(std::string_view reason, std::string message) { AddAt(place_, reason, std::move(message)); }
  void AddAt(const Place& place, std::string_view reason, std::string message) {
    causes_.push_back({place.ToString(), std::string(reason), std::move(message)});
  }
  void AddInvalid(const Json& value, std::string_view rule) {
    Add(kInvalidValue, StrCat("Invalid value: ", DumpJson(value), ": ", Here(), " in body ", rule));
  }

  void CheckEnum(const Rules& rules, const Json& value) {
    for (const Json& allowed : rules.allowed)
      if (EqualJson(allowed, value)) return;
    std::vector<std::string> words;
    for (const Json& allowed : rules.allowed) words.push_back(DumpJson(allowed));
    Add("FieldValueNotSupported",
        StrCat("Unsupported value: ", DumpJson(value), ": supported values: ", Join(words, ", ")));
  }

  void CheckString(const Rules& rules, const std::string& text) {
    if (rules.min_length || rules.max_length) {
      const std::size_t length = CountCharacters(text);
      if (rules.min_length && length < *rules.min_length)
        AddInvalid(text, StrCat("should be at least ", *rules.min_length, " chars long"));
      if (rules.max_length && length > *rules.max_length)
        Add("FieldValueTooLong", StrCat("Too long: may not be more than ", *rules.max_length, " bytes"));
    }
    if (!rules.MatchesPattern(text)) AddInvalid(text, StrCat("should match '", rules.pattern, "'"));
    const bool bad_time = rules.format == Rules::Format::kDateTime && !ParseTime(text);
    const bool bad_bytes = rules.format == Rules::Format::kByte && !DecodeBase64(text);
    if (bad_time || bad_bytes) AddInvalid(text, StrCat("must be of type ", rules.format_name, ": ", QuoteJson(text)));
  }

  void CheckNumber(const Rules& rules, const Json& value) {
    const bool too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
    const bool narrow = rules.format == Rules::Format::kInt32;
    const bool whole = rules.type == Rules::Type::kInteger || rules.type == Rules::Type::kIntOrString;
    if (whole && (too_large || (narrow && !FitsInt32(value.get<std::int64_t>()))))
      return AddInvalid(value, StrCat("must be of type ", narrow ? "int32" : "int64", ": \"", DumpJson(value), "\""));
    const double number = value.get<double>();
    if (const auto& least = rules.minimum; least && (least->exclusive ? number <= least->value : number < least->value))
      AddInvalid(value, StrCat("should be greater than ", least->exclusive ? "" : "or equal to ",
                               DumpJson(least->as_written)));
    if (const auto& most = rules.maximum; most && (most->exclusive ? number >= most->value : number > most->value))
      AddInvalid(value,
                 StrCat("should be less than ", most->exclusive ? "" : "or equal to ", DumpJson(most->as_written)));
    if (rules.multiple_of && std::fmod(number, rules.multiple_of->get<double>()) != 0)
      AddInvalid(value, StrCat("should be a multiple of ", DumpJson(*rules.multiple_of)));
  }

  static bool FitsInt32(std::int64_t number) {
    return number >= std::numeric_limits<std::int32_t>::min() && number <= std::numeric_limits<std::int32_t>::max();
  }

  void CheckObject(const Rules& rules, const Json& value) {
    const std::size_t size = value.size();
    if (rules.min_properties && size < *rules.min_properties)
      AddInvalid(size, StrCat("should have at least ", *rules.min_properties, " properties"));
    if (rules.max_properties && size > *rules.max_properties) AddTooMany(size, *rules.max_properties);
    for (const std::string& name : rules.required)
      if (Find(value, {name}) == nullptr) AddAt(place_.Member(name), "FieldValueRequired", "Required value");
    const bool root = place_.parent == nullptr || rules.embedded_resource;
    const MemberIndex before(before_ != nullptr ? *before_ : kNothing);
    for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
      if (root && name == "metadata") continue;
      const Rules* property = rules.additional != nullptr ? rules.additional.get() : rules.Property(name);
      if (property != nullptr) FindBroken(*property, member, before.Find(name), place_.Member(name), causes_);
    }
  }

  void AddTooMany(std::size_t size, std::size_t most) {
    Add("FieldValueTooMany", StrCat("Too many: ", size, ": must have at most ", most, " items"));
  }

  void CheckList(const Rules& rules, const Json& value) {
    const std::size_t size = value.size();
    if (rules.min_items && size < *rules.min_items)
      AddInvalid(size, StrCat("should have at least ", *rules.min_items, " items"));
    if (rules.max_items && size > *rules.max_items) AddTooMany(size, *rules.max_items);
    if (rules.items != nullptr) {
      const std::size_t known = before_ != nullptr && before_->is_array() ? before_->size() : 0;
      for (std::size_t i = 0; i < size; ++i) {
        FindBroken(*rules.items, value[i], i < known ? &(*before_)[i] : nullptr, place_.Item(i), causes_);
      }
    }
    if (rules.list_type != Rules::ListType::kAtomic && size > 1) CheckUnique(rules, value);
  }

  void CheckUnique(const Rules& rules, const Json& list) {
    std::unordered_set<std::string> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      bool again = false;
      if (list.size() > kFewItems) {
        again = !seen.insert(DumpJson(KeyOf(rules, list[i]))).second;
      } else {
        for (std::size_t j = 0; j < i && !again; ++j) again = SameKey(rules, list[i], list[j]);
      }
      if (again)
        AddAt(place_.Item(i), "FieldValueDuplicate", StrCat("Duplicate value: ", DumpJson(KeyOf(rules, list[i]))));
    }
  }

  static Json KeyOf(const Rules& rules, const Json& item) {
    if (rules.list_type == Rules::ListType::kSet) return item;
    Json key = Json::object();
    for (const std::string& name : rules.map_keys)
      if (const Json* part = Find(item, {name})) key[name] = *part;
    return key;
  }

  static bool SameKey(const Rules& rules, const Json& a, const Json& b) {
    if (rules.list_type == Rules::ListType::kSet) return EqualJson(a, b);
    for (const std::string& name : rules.map_keys) {
      const Json* left = Find(a, {name});
      const Json* right = Find(b, {name});
      if ((left == nullptr) != (right == nullptr) || (left != nullptr && *left != *right)) return false;
    }
    return true;
  }

  const Json* const before_;
  const Place& place_;
  std::vector<Cause>& causes_;
};

Result<void> CheckDefault(const Rules& rules, const Place& place) {
  if (rules.has_default) {
    Json value = rules.default_value;
    FillDefaults(rules, value);
    std::vector<Cause> causes;
    FindBroken(rules, value, nullptr, place, causes);
    if (!causes.empty())
      return Error{Code::kInvalid,
                   StrCat("the default of ", place.ToString(), ": ", causes[0].field, ": ", causes[0].message)};
    if (!FindUndeclared(rules, value).empty())
      return Error{Code::kInvalid, StrCat("the default of ", place.ToString(), " has members without a schema")};
  }
  for (const auto& [name, property] : rules.properties) PATCHBAY_CHECK(CheckDefault(*property, place.Member(name)));
  if (rules.items != nullptr) PATCHBAY_CHECK(CheckDefault(*rules.items, place.Item(0)));
  if (rules.additional != nullptr) PATCHBAY_CHECK(CheckDefault(*rules.additional, place.Member("*")));
  return {};
}

}  // namespace

void FindBroken(const Rules& rules, const Json& value, const Json* before, const Place& place,
                std::vector<Cause>& causes) {
  Validator(before, place, causes).Check(rules, value);
}

Result<void> CheckDefaults(const Kind& kind) { return CheckDefault(*kind.rules, Place{}); }

std::vector<Cause> Validate(const Kind& kind, const Json& object, const Json* before) {
  std::vector<Cause> causes;
  FindBroken(*kind.rules, object, before, Place{}, causes);
  return causes;
}

Error InvalidObject(const Kind& kind, std::string_view name, std::vector<Cause> causes) {
  std::vector<std::string> told;
  for (const Cause& cause : causes) {
    std::string line = StrCat(cause.field, ": ", cause.message);
    if (std::find(told.begin(), told.end(), line) == told.end()) told.push_back(std::move(line));
  }
  const std::string list = told.size() == 1 ? told[0] : StrCat("[", Join(told, ", "), "]");
  return {Code::kInvalid,
          StrCat(kind.kind, kind.group.empty() ? "" : ".", kind.group, " \"", name, "\" is invalid: ", list),
          std::move(causes)};
}

}  // namespace patchbay
