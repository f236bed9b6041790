#include "api/event_view.h"

#include <array>
#include <memory>
#include <utility>

#include "api/codec.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

struct Names {
  const char* shown;
  const char* stored;
};
// In the order in which the newer kind writes them.
constexpr std::array kNames = {Names{"eventTime", "eventTime"},
                               Names{"series", "series"},
                               Names{"reportingController", "reportingComponent"},
                               Names{"reportingInstance", "reportingInstance"},
                               Names{"action", "action"},
                               Names{"reason", "reason"},
                               Names{"regarding", "involvedObject"},
                               Names{"related", "related"},
                               Names{"note", "message"},
                               Names{"type", "type"},
                               Names{"deprecatedSource", "source"},
                               Names{"deprecatedFirstTimestamp", "firstTimestamp"},
                               Names{"deprecatedLastTimestamp", "lastTimestamp"},
                               Names{"deprecatedCount", "count"}};

Json Rename(const Json& object, std::string_view api_version, const char* Names::*from, const char* Names::*to) {
  Json renamed = {{"apiVersion", api_version}, {"kind", "Event"}};
  if (const Json* metadata = Find(object, {"metadata"})) renamed["metadata"] = *metadata;
  for (const Names& names : kNames) {
    if (const auto found = object.find(names.*from); found != object.end()) renamed[names.*to] = *found;
  }
  return renamed;
}

Cause Required(const char* field) { return {field, "FieldValueRequired", "Required value"}; }

void CheckText(const Json& shown, const char* field, std::size_t most, std::vector<Cause>& causes) {
  const std::string text = FindString(shown, {field});
  if (text.empty()) causes.push_back(Required(field));
  if (text.size() > most) {
    causes.push_back(InvalidValue(field, QuoteJson(""), StrCat("can have at most ", most, " characters")));
  }
}

bool IsGiven(const Json& shown, const char* field) {
  const auto found = shown.find(field);
  if (found == shown.end() || found->is_null()) return false;
  if (found->is_structured()) return !found->empty();
  return !found->is_number() || *found != 0;
}

}  // namespace

const Kind* StoredKind(const Kinds& kinds, const Kind& kind) {
  return IsEventView(kind) ? kinds.FindResource(kEvents) : &kind;
}

std::string StoredResource(const Kind& kind) { return IsEventView(kind) ? std::string(kEvents) : kind.Resource(); }

Json ToShown(const Kind& kind, Json stored) {
  if (!IsEventView(kind)) return stored;
  Json shown = Rename(stored, kind.ApiVersion(), &Names::stored, &Names::shown);
  if (!shown.contains("eventTime")) shown["eventTime"] = nullptr;
  return shown;
}

Json ToStored(const Kind& kind, Json shown) {
  return IsEventView(kind) ? Rename(shown, "v1", &Names::shown, &Names::stored) : shown;
}

Bytes ShownBytes(const Kind& kind, const Bytes& stored) {
  if (!IsEventView(kind)) return stored;
  return std::make_shared<const std::string>(DumpJson(ToShown(kind, ParseStored(*stored))));
}

std::string StoredField(const Kind& kind, const std::string& field) {
  if (!IsEventView(kind)) return field;
  constexpr std::string_view kRegarding = "regarding.";
  if (field.starts_with(kRegarding)) return StrCat("involvedObject.", field.substr(kRegarding.size()));
  return field == "reportingController" ? "reportingComponent" : field;
}

std::vector<Cause> CheckNewEvent(const Kind& kind, const Json& shown) {
  std::vector<Cause> causes;
  if (!IsEventView(kind)) return causes;
  if (!IsGiven(shown, "eventTime")) causes.push_back(Required("eventTime"));
  const std::string type = FindString(shown, {"type"});
  if (type != "Normal" && type != "Warning") {
    causes.push_back(InvalidValue("type", QuoteJson(""), StrCat("has invalid value: ", type)));
  }
  for (const char* field :
       {"deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount", "deprecatedSource"}) {
    if (IsGiven(shown, field)) causes.push_back(InvalidValue(field, QuoteJson(""), "needs to be unset"));
  }
  const std::string controller = FindString(shown, {"reportingController"});
  if (controller.empty()) causes.push_back(Required("reportingController"));
  for (const std::string& rule : controller.empty() ? std::vector<std::string>() : CheckQualifiedName(controller)) {
    causes.push_back(InvalidValue("reportingController", QuoteJson(controller), rule));
  }
  for (const char* field : {"reportingInstance", "action", "reason"}) CheckText(shown, field, 128, causes);
  if (FindString(shown, {"note"}).size() > 1024) {
    causes.push_back(InvalidValue("message", QuoteJson(""), "can have at most 1024 characters"));
  }
  return causes;
}

std::vector<Cause> CheckChangedEvent(const Kind& kind, const Json& before, const Json& after) {
  std::vector<Cause> causes;
  if (!IsEventView(kind)) return causes;
  for (const Names& names : kNames) {
    if (std::string_view(names.shown) == "series") continue;
    const Json was = before.value(names.shown, Json());
    const Json is = after.value(names.shown, Json());
    if (!EqualJson(was, is)) causes.push_back(InvalidValue(names.shown, DumpJson(is), "field is immutable"));
  }
  return causes;
}

}  // namespace patchbay::api
