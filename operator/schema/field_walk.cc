#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "schema/granule.h"
#include "schema/merge.h"

namespace patchbay {
namespace {

using Shape = Granule::Shape;
using Branches = std::vector<FieldSet::Branch>;

FieldSet Applied(const Granule& granule, const Json& value);

// Whether a member is a field of its own, whatever is below it. An empty list is, as an empty object: upstream's is
// nobody's, and stays for ever when it is given up.
bool StandsAlone(const Granule& parent, const std::string& name, const Json& member) {
  return member.is_null() || (member.is_structured() && member.empty()) || !parent.Names(name);
}

FieldSet AppliedMembers(const Granule& granule, const Json& value) {
  const auto& members = value.get_ref<const Json::object_t&>();
  Branches branches;
  branches.reserve(members.size());
  for (const auto& [name, member] : members) {
    FieldSet below = Applied(granule.Member(name), member);
    if (StandsAlone(granule, name, member)) below.set_member(true);
    if (!below.empty()) branches.push_back({MemberStep(name), std::move(below)});
  }
  return FieldSet(false, std::move(branches));
}

FieldSet Applied(const Granule& granule, const Json& value) {
  const Shape shape = granule.ShapeOf(value);
  if (shape == Shape::kLeaf) return FieldSet(true, {});
  if (value.is_null()) return {};
  if (shape == Shape::kMembers) return AppliedMembers(granule, value);
  Branches branches;
  branches.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    FieldSet below = Applied(granule.Item(), value[i]);
    below.set_member(true);
    branches.push_back({granule.StepOf(value[i], i), std::move(below)});
  }
  return FieldSet(false, std::move(branches));
}

enum class Wanted { kApplied, kEverything };

// Puts out what Applied or Everything finds, as the text of FieldsV1.
class Writer {
 public:
  Writer(Wanted wanted, std::string& out) : everything_(wanted == Wanted::kEverything), out_(out) {}

  // `alone`: the place is a field of its own beside what is below it.
  void Write(const Granule& granule, const Json& value, bool alone) {
    const Shape shape = granule.ShapeOf(value);
    if (shape == Shape::kLeaf || value.empty()) {
      out_ += "{}";
      return;
    }
    separator_ = '{';
    if (alone || everything_) Separate() += R"(".":{})";
    if (shape == Shape::kMembers) {
      WriteMembers(granule, value.get_ref<const Json::object_t&>());
    } else {
      WriteItems(granule, value);
    }
    out_ += '}';
    separator_ = ',';
  }
  void WriteMember(const Granule& granule, std::string_view name, const Json& member) {
    Write(granule.Member(name), member, !granule.Names(name));
  }

 private:
  std::string& Separate() {
    out_ += separator_;
    separator_ = ',';
    return out_;
  }
  void WriteMembers(const Granule& granule, const Json::object_t& members) {
    std::vector<const Json::object_t::value_type*> sorted;
    sorted.reserve(members.size());
    for (const auto& member : members) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    for (const auto* member : sorted) {
      AppendQuoted(Separate(), MemberStep(member->first));
      out_ += ':';
      WriteMember(granule, member->first, member->second);
    }
  }
  void WriteItems(const Granule& granule, const Json& list) {
    std::vector<std::pair<std::string, const Json*>> items;
    items.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) items.emplace_back(granule.StepOf(list[i], i), &list[i]);
    const auto less = [](const auto& a, const auto& b) { return StepLess(a.first, b.first); };
    if (!std::is_sorted(items.begin(), items.end(), less)) std::sort(items.begin(), items.end(), less);
    for (const auto& [step, item] : items) {
      AppendQuoted(Separate(), step);
      out_ += ':';
      Write(granule.Item(), *item, true);
    }
  }

  const bool everything_;
  std::string& out_;
  char separator_ = '{';
};

FieldSet Named(const Granule& granule, const FieldSet& fields) {
  Branches branches;
  branches.reserve(fields.branches().size());
  for (const auto& [step, below] : fields.branches()) {
    FieldSet named = below.branches().empty() ? below : Named(granule.Along(step), below);
    if (step.starts_with("f:") && granule.Names(std::string_view(step).substr(2))) named.set_member(true);
    branches.push_back({step, std::move(named)});
  }
  return FieldSet(fields.member(), std::move(branches));
}

}  // namespace

FieldSet Everything(const Granule& granule, const Json& value) {
  const Shape shape = granule.ShapeOf(value);
  if (shape == Shape::kLeaf || value.empty()) return FieldSet(true, {});
  Branches branches;
  branches.reserve(value.size());
  if (shape == Shape::kMembers) {
    for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
      branches.push_back({MemberStep(name), Everything(granule.Member(name), member)});
    }
  } else {
    for (std::size_t i = 0; i < value.size(); ++i) {
      branches.push_back({granule.StepOf(value[i], i), Everything(granule.Item(), value[i])});
    }
  }
  return FieldSet(true, std::move(branches));
}

FieldSet AppliedFields(const Kind& kind, const Json& object) { return Applied(Granule::Root(kind), object); }

FieldSet EveryField(const Kind& kind, const Json& object, bool status) {
  const Granule root = Granule::Root(kind);
  Branches branches;
  branches.reserve(object.size());
  for (const auto& [name, member] : object.get_ref<const Json::object_t&>()) {
    if (name == "apiVersion" || name == "kind" || (name == "status" && !status)) continue;
    branches.push_back({MemberStep(name), Everything(root.Member(name), member)});
  }
  return FieldSet(false, std::move(branches));
}

FieldSet EveryFieldOf(const Kind& kind, std::string_view member, const Json& value) {
  return FieldSet(false, {{MemberStep(member), Everything(Granule::Root(kind).Member(member), value)}});
}

void AppendAppliedFields(const Kind& kind, std::string_view member, const Json& value, std::string& out) {
  Writer(Wanted::kApplied, out).WriteMember(Granule::Root(kind), member, value);
}

void AppendEveryField(const Kind& kind, std::string_view member, const Json& value, std::string& out) {
  Writer(Wanted::kEverything, out).WriteMember(Granule::Root(kind), member, value);
}

FieldSet WithNamedFields(const Kind& kind, const FieldSet& fields) { return Named(Granule::Root(kind), fields); }

}  // namespace patchbay
