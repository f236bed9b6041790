#include <array>

#include "api/applying.h"
#include "api/codec.h"
#include "fuzz.h"
#include "harness/objects/maker.h"
#include "object/object.h"
#include "object/yaml.h"
#include "schema/merge.h"
#include "schema/validate.h"
#include "targets.h"

namespace patchbay::fuzz {
namespace {

using api::Applied;
using api::Author;
using api::Configuration;
using api::Ownership;

constexpr int kMostSteps = 4;
constexpr const char* kNow = "2026-01-01T00:00:00Z";
constexpr std::array<const char*, 5> kKindNames = {"plugins.patchbay.dev", "routes.patchbay.dev",
                                                   "webhooks.patchbay.dev", "configmaps", "secrets"};

Json Plain(Json object) {
  object["metadata"].erase("managedFields");
  return object;
}

Json Owned(Applied applied) {
  Json object = Plain(std::move(applied.object));
  if (!applied.managed_fields.is_null()) object["metadata"]["managedFields"] = std::move(applied.managed_fields);
  return object;
}

// Rules that no apply breaks when neither side does: types, and items that are there once.
bool IsWellFormed(const Kind& kind, const Json& object) {
  for (const Cause& cause : Validate(kind, object)) {
    if (cause.reason == "FieldValueTypeInvalid" || cause.reason == "FieldValueDuplicate") return false;
  }
  return true;
}

// managedFields as it is written is read as it was.
void DemandOwnersRoundTrip(const Json& object) {
  const Json* managed = Find(object, {"metadata", "managedFields"});
  if (managed == nullptr) return;
  const auto text = ParseJson(DumpJson(*managed));
  Demand(text.ok(), "managedFields cannot be read: ", DumpJson(*managed));
  if (!text.ok()) return;
  const Json again = Ownership::Parse(*text).ToJson();
  Demand(EqualJson(*ParseJson(DumpJson(again)), *text), "managedFields read and written are others: ", DumpJson(*managed), "\n",
         DumpJson(again));
}

class Stage {
 public:
  Stage(const Kind& kind, Json live) : kind_(kind), live_(std::move(live)) {}

  const Json& live() const { return live_; }

  void Apply(const std::string& who, const Configuration& configuration, bool force) {
    const Author author{who, "", kNow};
    const auto applied = api::ApplyTo(kind_, author, force, live_, configuration);
    if (!applied.ok()) return DemandConflict(applied.error(), force, configuration);
    const bool formed = IsWellFormed(kind_, live_) && IsWellFormed(kind_, configuration.object);
    const Json object = Owned(*applied);
    Demand(!formed || IsWellFormed(kind_, object), "two well-formed objects became ", DumpJson(object));
    const Json merged = Merge(kind_, object, configuration.object);
    Demand(EqualJson(Plain(merged), Plain(object)), "what was applied does not stand: ", DumpJson(object), "\n",
           DumpJson(merged));
    DemandOwnersRoundTrip(object);
    DemandIdempotence(author, configuration, object);
    live_ = object;
  }

  void Update(const std::string& who, const Json& wish, const Json& given) {
    Json object = Merge(kind_, Plain(live_), wish);
    api::TrackUpdate(kind_, {who, "", kNow}, live_, given, object);
    DemandOwnersRoundTrip(object);
    live_ = std::move(object);
  }

 private:
  static void DemandConflict(const api::Failure& failure, bool force, const Configuration& configuration) {
    Demand(failure.status == 409 && !failure.causes.empty(), "refused: ", failure.message);
    Demand(!force, "forced and refused: ", failure.message, "\n", DumpJson(configuration.object));
  }
  void DemandIdempotence(const Author& author, const Configuration& configuration, const Json& object) const {
    const auto again = api::ApplyTo(kind_, author, false, object, configuration);
    Demand(again.ok(), "the second time is refused: ", again.ok() ? "" : again.error().message);
    if (!again.ok()) return;
    const Json twice = Owned(*again);
    Demand(EqualJson(twice, object), "twice is not once: ", DumpJson(object), "\n", DumpJson(twice));
  }
  const Kind& kind_;
  Json live_;
};

// managedFields as no server writes them: steps of every sort, well or badly spelled.
Json MakeFields(ObjectMaker& maker, int depth) {
  static const std::vector<std::string> kSteps = {
      ".", "f:spec", "f:metadata", "f:labels", "f:env", "f:image", "f:data", "f:a", "f:", "v:\"a\"", "v:1", "v:{}", "i:0",
      "i:-1", "k:{\"name\":\"a\"}", "k:{\"containerPort\":97,\"protocol\":\"TCP\"}", "k:{}", "k:[", "x", ""};
  Json fields = Json::object();
  for (int i = 0; i < 4 && depth > 0; ++i) {
    if (maker.Is(40)) fields[kSteps[maker.Below(kSteps.size())]] = MakeFields(maker, depth - 1);
  }
  return fields;
}

Json MakeGiven(ObjectMaker& maker) {
  Json given = Json::array();
  while (given.size() < 3 && maker.Is(60)) {
    Json entry = {{"manager", maker.Word()},      {"operation", maker.Is(50) ? "Apply" : "Update"},
                  {"apiVersion", maker.Is(80) ? "patchbay.dev/v1" : "v1"}, {"time", kNow},
                  {"fieldsType", "FieldsV1"},     {"fieldsV1", MakeFields(maker, 4)}};
    if (maker.Is(20)) entry["subresource"] = "status";
    if (maker.Is(10)) entry.erase("time");
    given.push_back(std::move(entry));
  }
  return given;
}

void PlayChoices(std::string_view input) {
  Choices choices(input);
  ObjectMaker maker([&](std::uint64_t bound) { return choices.Below(bound); });
  const Kind& kind = *Kinds::Embedded().FindResource(kKindNames[maker.Below(kKindNames.size())]);
  Stage stage(kind, ObjectMaker::Empty(kind));
  for (int i = 0; i < kMostSteps && !choices.done(); ++i) {
    const std::string who = maker.Is(20) ? "kubectl" : maker.Word();
    Json config = maker.Configuration(kind);
    const std::uint64_t sort = maker.Below(8);
    if (sort < 6) stage.Apply(who, {config, config, {}}, sort < 2);
    if (sort == 6) stage.Update(who, config, Json());
    if (sort == 7) stage.Update(who, config, MakeGiven(maker));
  }
}

// An object as it could stand in the store.
std::optional<Json> AsStored(const Kind& kind, const Json& object) {
  Json stored = object;
  (void)Prune(kind, stored);
  const bool can_be = NameOf(stored).size() > 0 && ValidateMetadata(kind, stored).empty() && IsWellFormed(kind, stored) &&
                      CheckApplicable(kind, stored).empty();
  return can_be ? std::optional<Json>(std::move(stored)) : std::nullopt;
}

bool PlayTexts(std::string_view input) {
  const auto parts = Parts(input, 2);
  const auto live = ParseJson(parts[0]);
  if (!live.ok() || !live->is_object()) return false;
  const Kind* kind = Kinds::Embedded().FindKind(FindString(*live, {"apiVersion"}), FindString(*live, {"kind"}));
  if (kind == nullptr) return false;
  const auto stored = AsStored(*kind, *live);
  if (!stored) return true;
  const std::string ns = NamespaceOf(*stored);
  const std::string name = NameOf(*stored);
  const api::ConfigurationFor target{*kind, api::Part::kMain, ns, name, true};
  const auto configuration = api::DecodeConfiguration(target, parts[1], api::FieldValidation::kWarn);
  if (!configuration.ok()) return true;
  // The server rewrites this annotation when the manager is kubectl, which never applies it itself.
  const bool annotated = AnnotationsOf(configuration->object).contains("kubectl.kubernetes.io/last-applied-configuration");
  for (const char* who : {"kubectl", "other"}) {
    if (annotated && std::string_view(who) == "kubectl") continue;
    Stage stage(*kind, *stored);
    stage.Apply(who, *configuration, false);
    stage.Apply("helm", *configuration, true);
  }
  return true;
}

}  // namespace

void FuzzApply(std::string_view input) {
  if (!PlayTexts(input)) PlayChoices(input);
}

}  // namespace patchbay::fuzz
