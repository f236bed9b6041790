// Server-side apply: a configuration, what it does to an object, and who owns what then. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/admission.h"
#include "api/codec.h"
#include "api/tracking.h"

namespace patchbay::api {

// What somebody applies, as it was sent and without what this write does not reach.
struct Configuration {
  Json sent;  // null unless it was to be kept: for kubectl's annotation
  Json object;
  Findings findings;  // duplicate fields; empty under Ignore and Strict
};

struct ConfigurationFor {
  const Kind& kind;
  Part part;
  std::string_view ns;
  std::string_view name;
  bool keeps_sent = false;  // kubectl applies: its annotation tells what
};
// A body in YAML or JSON, for the object of this name. 400 and 413 as Kubernetes has it.
Answer<Configuration> DecodeConfiguration(const ConfigurationFor& target, std::string_view body,
                                          FieldValidation fields);

struct Applied {
  Json object;          // not yet admitted
  Json managed_fields;  // null: none
};
// Onto an object that is there: what is applied is merged in, and what the author applied before and leaves out now
// goes, unless somebody else owns it. 409 with a cause for each field that is owned by others with another value;
// `force` takes them.
Answer<Applied> ApplyTo(const Kind& kind, const Author& author, bool force, const Json& live,
                        const Configuration& configuration);
// As a new object. 409 when it names a uid.
Answer<Applied> ApplyNew(const ConfigurationFor& target, const Author& author, const Configuration& configuration);

}  // namespace patchbay::api
