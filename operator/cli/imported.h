// What `patchbay import` makes of the world: manifests, and what of it a manifest cannot say.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "object/json.h"

namespace patchbay::cli {

// As the controller knows them (controller/adoption.h, driver/runtime/runtime.h).
inline constexpr const char* kAdoptAnnotation = "patchbay.dev/adopt";
inline constexpr const char* kInstallationLabel = "patchbay.dev/installation";

struct Imported {
  Json object;                     // apiVersion, kind, metadata, spec
  Json secret;                     // what it refers to; null when there is nothing secret
  std::vector<std::string> notes;  // what is not carried, or is to be known: a sentence each
};

// `text` as a name that the API takes: "My_App" is "my-app". `taken` gets it; one that is taken ends in -2, -3 ...
std::string MakeName(const std::string& text, std::set<std::string>& taken);
Json MakeObject(const std::string& kind, const std::string& name, const std::string& ns);
// Whether an environment variable is better not read by everybody: by its name, or a URL with a password in it.
bool LooksSecret(const std::string& name, const std::string& value);
// Adds an env entry to `imported`'s spec; what looks secret goes into its Secret, and a note names it.
void AddEnv(Imported& imported, const std::string& name, const std::string& value);
// "128Mi", or the number of bytes where that is not whole.
Json MakeBytes(std::int64_t bytes);
// Nanoseconds as whole seconds, at least 1; `fallback` for 0.
std::int64_t MakeSeconds(std::int64_t nanos, std::int64_t fallback);
// securityContext.capabilities of what Docker runs with these lists: what it gives unasked and Patchbay does not is among
// those added, unless `context` says privileged.
void FillCapabilities(std::vector<std::string> add, std::vector<std::string> drop, Json& context);
// Absent, null, false, 0, "", [] or {}.
bool IsNothing(const Json* value);
// A list of strings; empty for everything else.
std::vector<std::string> Strings(const Json* value);

// "-" or "": one stream of YAML documents on stdout; else a folder, a file for each. Notes stand as comments above
// their manifest and on stderr. Returns the exit code.
int WriteImported(const std::vector<Imported>& imported, const std::string& output);

}  // namespace patchbay::cli
