// Status as kstatus reads it: Ready, Reconciling and Stalled never contradict each other. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "object/object.h"

namespace patchbay::controller {

// Where an object stands on its way.
struct Standing {
  enum class Way { kReady, kUnderWay, kStalled, kUnknown } way = Way::kUnderWay;
  std::string reason;   // CamelCase
  std::string message;  // for a person
};

// Writes Ready, Reconciling, Stalled and status.observedGeneration.
void SetStanding(Json& object, const Standing& standing, std::int64_t generation, std::string_view now);
// Effective: True, or False naming the fields that are set and have no effect in this version.
void SetEffective(Json& object, const std::vector<std::string>& idle_fields, std::int64_t generation,
                  std::string_view now);

// Puts the finalizer in; true when it was not there.
bool AddFinalizer(Json& object, std::string_view finalizer);
bool DropFinalizer(Json& object, std::string_view finalizer);
// Sets or, when `value` is null, removes status.<field>.
void SetStatus(Json& object, const char* field, Json value);

}  // namespace patchbay::controller
