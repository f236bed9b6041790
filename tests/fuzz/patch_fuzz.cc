#include "fuzz.h"
#include "object/patch.h"
#include "targets.h"

namespace patchbay::fuzz {
namespace {

bool HoldsNull(const Json& value) {
  if (!value.is_structured()) return value.is_null();
  return std::any_of(value.begin(), value.end(), HoldsNull);
}

void DemandMergeLaws(const Json& target, const Json& patch) {
  const auto merged = MergePatch(target, patch);
  Demand(merged.ok() == patch.is_object(), "objects, and only they, are merge patches");
  if (!merged.ok()) return;
  Json other = target;
  other.merge_patch(patch);
  Demand(EqualJson(other, *merged), "another library makes of it ", other.dump(), ", ours ", DumpJson(*merged));
  const auto twice = MergePatch(*merged, patch);
  Demand(twice.ok() && EqualJson(*twice, *merged), "twice is not once: ", DumpJson(*merged));
}

void DemandDiffLaws(const Json& from, const Json& to) {
  if (!from.is_object() || !to.is_object() || HoldsNull(to)) return;
  const Json diff = MergeDiff(from, to);
  const auto there = MergePatch(from, diff);
  Demand(there.ok() && EqualJson(*there, to), "the difference ", DumpJson(diff), " does not lead there");
  Demand(diff.empty() == EqualJson(from, to), "equal ones have no difference: ", DumpJson(diff));
}

// Where both libraries take a JSON patch they make the same of it.
void DemandJsonPatchLaws(const Json& target, const Json& operations) {
  const auto patched = JsonPatch(target, operations);
  if (!patched.ok()) return;
  Demand(ParseJson(DumpJson(*patched), {.bytes = 1 << 28}).ok(), "the result is no JSON within limits");
  if (operations.size() > 20) return;
  try {
    const Json other = target.patch(operations);
    Demand(EqualJson(other, *patched), "another library makes of it ", other.dump(), ", ours ", DumpJson(*patched));
  } catch (const Json::exception&) {
    // It refuses what is allowed, a test of a value that is not there for one.
  }
}

}  // namespace

void FuzzPatch(std::string_view input) {
  const auto parts = Parts(input, 2);
  const auto target = ParseJson(parts[0]);
  const auto patch = ParseJson(parts[1]);
  if (!target.ok() || !patch.ok()) return;
  DemandMergeLaws(*target, *patch);
  DemandDiffLaws(*target, *patch);
  DemandDiffLaws(*patch, *target);
  DemandJsonPatchLaws(*target, *patch);
}

}  // namespace patchbay::fuzz
