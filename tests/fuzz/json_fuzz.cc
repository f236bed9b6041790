#include <algorithm>
#include <set>

#include "fuzz.h"
#include "object/json.h"
#include "targets.h"

namespace patchbay::fuzz {
namespace {

const JsonLimits kSmall{.bytes = 1 << 20, .depth = 8, .values = 50};

struct Measure {
  std::size_t depth = 0;
  std::size_t values = 1;
};

Measure MeasureOf(const Json& value) {
  Measure out;
  if (!value.is_structured()) return out;
  for (const Json& item : value) {
    const Measure inner = MeasureOf(item);
    out.depth = std::max(out.depth, inner.depth);
    out.values += inner.values;
  }
  ++out.depth;
  return out;
}

bool HasUniqueKeys(const Json& value) {
  if (value.is_object()) {
    std::set<std::string> keys;
    for (const auto& [key, member] : value.items())
      if (!keys.insert(key).second || !HasUniqueKeys(member)) return false;
  } else if (value.is_array()) {
    return std::all_of(value.begin(), value.end(), HasUniqueKeys);
  }
  return true;
}

void DemandRoundTrip(const Json& value) {
  const std::string text = DumpJson(value);
  for (const std::string& written : {text, DumpJsonPretty(value)}) {
    const auto again = ParseJson(written, {.bytes = 1 << 26});
    Demand(again.ok() && *again == value, "written and read it is another: ", written);
  }
  Demand(DumpJson(WrittenJson(text)) == text, "written text does not stand as it is");
  std::string appended = "x";
  AppendJson(appended, value);
  Demand(appended == "x" + text, "put behind something it is another");
  Demand(EqualJson(value, value), "it does not equal itself: ", text);
}

// Another reader, less strict: it takes all that ours takes and means the same by it.
void DemandAgreement(std::string_view input, const Json& value) {
  const Json other = Json::parse(input, nullptr, false);
  Demand(!other.is_discarded(), "another reader refuses it");
  if (!other.is_discarded()) Demand(other == value, "another reader reads ", other.dump());
}

}  // namespace

void FuzzJson(std::string_view input) {
  const auto value = ParseJson(input);
  DemandLinear(input, input, [](std::string_view text) { (void)ParseJson(text); });
  // The same pattern deeper and deeper, then as one list.
  DemandLinear(input, input, [](std::string_view text) { (void)ParseJson(StrCat("[", text, "]"), {.bytes = 1 << 20}); });
  std::vector<std::string> duplicates;
  const auto lenient = ParseJson(input, {}, &duplicates);
  if (lenient.ok()) {
    Demand(HasUniqueKeys(*lenient), "a key is there twice: ", DumpJson(*lenient));
    Demand(value.ok() == duplicates.empty(), "duplicates are refused, and only they");
    DemandRoundTrip(*lenient);
  }
  if (!value.ok()) return;
  Demand(lenient.ok() && *lenient == *value, "without duplicates both readings are one");
  DemandAgreement(input, *value);
  const Measure measure = MeasureOf(*value);
  const bool fits = measure.depth <= kSmall.depth && measure.values <= kSmall.values;
  Demand(ParseJson(input, kSmall).ok() == fits, "limits hold: depth ", measure.depth, ", values ", measure.values);
}

}  // namespace patchbay::fuzz
