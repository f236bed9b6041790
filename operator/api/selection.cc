#include "api/selection.h"

#include <algorithm>
#include <array>

#include "api/event_view.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

constexpr std::array<std::string_view, 11> kEventFields = {
    "involvedObject.kind",       "involvedObject.namespace",       "involvedObject.name",      "involvedObject.uid",
    "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
    "reportingComponent",        "source.component",               "type"};

bool KnowsField(const Kind& kind, std::string_view field) {
  if (field == "metadata.name" || (field == "metadata.namespace" && kind.namespaced)) return true;
  const std::string resource = StoredResource(kind);
  if (resource == kEvents) return std::find(kEventFields.begin(), kEventFields.end(), field) != kEventFields.end();
  if (resource == kPods)
    return field == "status.phase" || field == "status.podIP" || field == "spec.nodeName" ||
           field == "spec.restartPolicy";
  if (resource == kSecrets) return field == "type";
  if (resource == kNamespaces) return field == "status.phase";
  return false;
}

// The selector in the words of what is stored.
std::string StoredFields(const Kind& kind, const FieldSelector& shown) {
  std::string text;
  for (const FieldSelector::Term& term : shown.terms()) {
    text += StrCat(text.empty() ? "" : ",", StoredField(kind, term.field), term.equal ? "=" : "!=");
    for (const char c : term.value) {
      if (c == '\\' || c == ',' || c == '=') text += '\\';
      text += c;
    }
  }
  return text;
}

bool IsKeyField(std::string_view field) { return field == "metadata.name" || field == "metadata.namespace"; }

// Objects come from the store: they passed the limits on their way in.
constexpr JsonLimits kTrusted{64 * 1024 * 1024, 256, 10'000'000};

}  // namespace

Answer<Selection> Selection::Make(const Kind& kind, std::string ns, std::string name, const ListOptions& options) {
  Selection selection;
  selection.kind_ = &kind;
  selection.ns_ = std::move(ns);
  selection.name_ = std::move(name);
  Result<LabelSelector> labels = LabelSelector::Parse(options.labels);
  if (!labels.ok()) return BadRequest(labels.error().message);
  selection.labels_ = *std::move(labels);
  Result<FieldSelector> fields = FieldSelector::Parse(options.fields);
  if (fields.ok() && IsEventView(kind)) fields = FieldSelector::Parse(StoredFields(kind, *fields));
  if (!fields.ok()) return BadRequest(fields.error().message);
  selection.fields_ = *std::move(fields);
  for (const FieldSelector::Term& term : selection.fields_.terms()) {
    if (!KnowsField(kind, term.field)) return BadRequest(StrCat("field label not supported: ", term.field));
    selection.reads_bytes_ = selection.reads_bytes_ || !IsKeyField(term.field);
  }
  return selection;
}

bool Selection::Matches(const cache::Entry& entry) const {
  if (!ns_.empty() && entry.key.ns != ns_) return false;
  if (!name_.empty() && entry.key.name != name_) return false;
  return labels_.Matches(entry.labels) && MatchesFields(entry);
}

bool Selection::MatchesFields(const cache::Entry& entry) const {
  for (const FieldSelector::Term& term : fields_.terms()) {
    if (!IsKeyField(term.field)) continue;
    const std::string& actual = term.field == "metadata.name" ? entry.key.name : entry.key.ns;
    if ((actual == term.value) != term.equal) return false;
  }
  if (!reads_bytes_) return true;
  const Result<Json> object = ParseJson(*entry.bytes, kTrusted);
  return object.ok() && fields_.Matches(*object);
}

cache::ListQuery Selection::Query() const {
  cache::ListQuery query;
  query.resource = StoredResource(*kind_);
  query.ns = ns_;
  query.labels = labels_;
  if (!name_.empty() || !fields_.empty()) {
    query.where = [selection = *this](const cache::Entry& entry) {
      return (selection.name_.empty() || entry.key.name == selection.name_) && selection.MatchesFields(entry);
    };
  }
  return query;
}

}  // namespace patchbay::api
