#include "fuzz.h"
#include "object/yaml.h"
#include "targets.h"

namespace patchbay::fuzz {
namespace {

const JsonLimits kSmall{.bytes = 1 << 20, .depth = 16, .values = 2'000};

std::size_t DepthOf(const Json& value) {
  if (!value.is_structured()) return 0;
  std::size_t most = 0;
  for (const Json& item : value) most = std::max(most, DepthOf(item));
  return most + 1;
}

void DemandRoundTrip(const Json& value) {
  const std::string text = DumpYaml(value);
  const auto again = ParseYaml(text, "again");
  Demand(again.ok(), "what was written cannot be read: ", again.ok() ? "" : again.error().message, "\n", text);
  if (!again.ok()) return;
  Demand(again->size() == 1 && again->front().value == value, "written and read it is another: ", DumpJson(value), "\n",
         text);
}

void DemandMarks(const YamlDocument& document, std::string_view input) {
  const auto lines = static_cast<int>(std::count(input.begin(), input.end(), '\n') +
                                      std::count(input.begin(), input.end(), '\r')) + 1;
  for (const auto& [field, mark] : document.marks) {
    Demand(mark.line >= 1 && mark.line <= lines && mark.column >= 1, field, " stands at ", mark.line, ":", mark.column);
  }
}

// JSON is YAML too.
void DemandSameAsJson(std::string_view input, const Result<std::vector<YamlDocument>>& documents) {
  const auto json = ParseJson(input);
  if (!json.ok() || json->is_null()) return;
  Demand(documents.ok() && documents->size() == 1, "JSON is refused: ",
         documents.ok() ? "not one document" : documents.error().message);
  if (documents.ok() && documents->size() == 1) {
    Demand(documents->front().value == *json, "as JSON it is ", DumpJson(*json), ", as YAML ",
           DumpJson(documents->front().value));
  }
}

}  // namespace

void FuzzYaml(std::string_view input) {
  const auto documents = ParseYaml(input, "input");
  const auto bare = ParseYaml(input, "input", {}, YamlMarks::kNone);
  Demand(documents.ok() == bare.ok(), "with and without marks differ");
  DemandSameAsJson(input, bare);
  DemandLinear(input, input, [](std::string_view text) { (void)ParseYaml(text, "long"); });
  if (!documents.ok() || !bare.ok()) return;
  Demand(documents->size() == bare->size(), "with and without marks differ");
  for (std::size_t i = 0; i < documents->size() && i < bare->size(); ++i) {
    const YamlDocument& document = (*documents)[i];
    Demand(document.value == (*bare)[i].value, "with and without marks differ");
    DemandMarks(document, input);
    DemandRoundTrip(document.value);
  }
  const auto within = ParseYaml(input, "input", kSmall);
  if (!within.ok()) return;
  for (const YamlDocument& document : *within) Demand(DepthOf(document.value) <= kSmall.depth, "too deep");
}

}  // namespace patchbay::fuzz
