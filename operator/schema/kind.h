// Kinds, from CustomResourceDefinition documents that are embedded at build time (manifests/crds, manifests/core). The
// only description of a kind: discovery, OpenAPI, defaulting, validation, pruning, tables and explain derive from it.
// Immutable after construction; thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "object/json.h"
#include "object/key.h"

namespace patchbay {

class JsonPath;
class Rules;

struct PrinterColumn {
  std::string name;
  std::string type;  // string, integer, number, boolean, date
  // As OpenAPI says it; in manifests/core also: "count" (members of all values found), "age" (the first time found, as
  // an age) and "reference" (all values found, in lower case, joined by "/"), "or-none" (text, or
  // "<none>"), "pod-ready", "pod-status" and "pod-restarts" (of a whole Pod): what JSONPath alone cannot say.
  std::string format;
  std::string description;
  int priority = 0;  // 0 is always shown; above only with -o wide
  std::string json_path;
  std::shared_ptr<const JsonPath> path;
};

struct ScalePaths {
  std::string spec_replicas;    // ".spec.replicas"
  std::string status_replicas;  // ".status.replicas"
  std::string label_selector;   // ".status.selector", may be empty
};

struct Kind {
  std::string group;    // "" for core
  std::string version;  // "v1"
  std::string kind;     // "Plugin"
  std::string list_kind;
  std::string plural;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  bool has_status = false;  // a status subresource: generation moves with the spec alone
  bool builtin = false;     // of a group of Kubernetes' own (manifests/core): not a custom resource
  // This program's controllers look after it (the custom kinds of Kinds::Embedded): an object begins with a status that
  // says so, waits for them before it is gone, and its changes are told as Events.
  bool tended = false;
  // What is, not what is wished: mirrored from elsewhere and not stored (annotation patchbay.dev/mirrored of its
  // document). It can be read and deleted, not written.
  bool mirrored = false;
  std::optional<ScalePaths> scale;
  std::vector<PrinterColumn> columns;  // without Name and Age's neighbours: as the document lists them
  Json schema;                         // openAPIV3Schema
  std::shared_ptr<const Rules> rules;  // the same, made ready for validate.h

  std::string ApiVersion() const;  // "patchbay.dev/v1", "v1"
  std::string Resource() const;    // Key::resource: "plugins.patchbay.dev", "secrets"
};

class Kinds {
 public:
  // What is embedded in this program. Built once; lives for ever. Aborts with the reason when a document is broken
  // (the tests read them all).
  static const Kinds& Embedded();
  // From YAML documents, for tests. kInvalid for a document that is not a structural CRD, has a keyword not known here,
  // or a default that breaks its own schema.
  static Result<Kinds> FromYaml(const std::vector<std::string>& documents);

  const std::vector<Kind>& all() const { return kinds_; }
  const Kind* FindResource(std::string_view resource) const;                          // "plugins.patchbay.dev"
  const Kind* FindPlural(std::string_view group, std::string_view version, std::string_view plural) const;
  const Kind* FindKind(std::string_view api_version, std::string_view kind) const;    // "patchbay.dev/v1", "Plugin"
  // What a person types: plural, singular, short name or kind, any case, with or without group.
  const Kind* FindWord(std::string_view word) const;

 private:
  std::vector<Kind> kinds_;
};

// The CRD documents as they are in the repository, for `kubectl get crd`, `patchbay` and the chart's check.
const std::vector<std::pair<std::string, std::string>>& EmbeddedDocuments();  // file name, YAML text

}  // namespace patchbay
