#include <array>

#include "fuzz.h"
#include "object/selector.h"
#include "targets.h"

namespace patchbay::fuzz {
namespace {

const std::array<Labels, 5> kLabels = {{{},
                                        {{"app", "echo"}},
                                        {{"app", "echo"}, {"tier", "3"}},
                                        {{"app", ""}, {"a", "b"}, {"x.io/y", "z"}},
                                        {{"tier", "10"}, {"a", "a"}, {"env", "prod"}}}};

// Of two selectors joined by a comma both hold.
void DemandJoin(std::string_view left_text, std::string_view right_text) {
  const auto left = LabelSelector::Parse(left_text);
  const auto right = LabelSelector::Parse(right_text);
  if (!left.ok() || !right.ok() || left->empty() || right->empty()) return;
  const auto both = LabelSelector::Parse(StrCat(left_text, ",", right_text));
  Demand(both.ok(), "joined they are refused: ", both.ok() ? "" : both.error().message);
  if (!both.ok()) return;
  for (const Labels& labels : kLabels) {
    Demand(both->Matches(labels) == (left->Matches(labels) && right->Matches(labels)), "joined they mean another thing");
  }
}

std::string Write(const FieldSelector::Term& term) {
  std::string out = term.field + (term.equal ? "=" : "!=");
  // One "=" more would be taken for "==".
  if (term.equal && term.value.starts_with('=')) out += '=';
  for (const char c : term.value) {
    if (c == ',' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

void DemandFields(std::string_view text) {
  const auto parsed = FieldSelector::Parse(text);
  if (!parsed.ok()) return;
  std::vector<std::string> written;
  for (const auto& term : parsed->terms()) written.push_back(Write(term));
  const auto again = FieldSelector::Parse(Join(written, ","));
  Demand(again.ok() && again->terms().size() == parsed->terms().size(), "written and read it is another: ",
         Join(written, ","));
  if (!again.ok()) return;
  for (std::size_t i = 0; i < again->terms().size() && i < parsed->terms().size(); ++i) {
    const auto& a = again->terms()[i];
    const auto& b = parsed->terms()[i];
    Demand(a.field == b.field && a.value == b.value && a.equal == b.equal, "written and read it is another: ",
           written[i]);
  }
  (void)parsed->Matches(Json{{"metadata", {{"name", "x"}}}, {"spec", {{"replicas", 3}}}});
}

}  // namespace

void FuzzSelectors(std::string_view input) {
  const auto parts = Parts(input, 3);
  DemandJoin(parts[0], parts[1]);
  DemandFields(parts[2]);
  for (const std::string_view part : parts) {
    DemandLinear(input, part, [](std::string_view text) {
      (void)LabelSelector::Parse(text);
      (void)FieldSelector::Parse(text);
    });
  }
}

}  // namespace patchbay::fuzz
