// events.k8s.io/v1 Event: the stored core/v1 Events in other words (regarding for involvedObject, note for message...).
// Pure; kinds other than that view pass untouched.
#pragma once

#include <string>
#include <vector>

#include "api/failure.h"
#include "object/json.h"
#include "object/object.h"
#include "schema/kind.h"

namespace patchbay::api {

inline constexpr std::string_view kEventViewGroup = "events.k8s.io";

inline bool IsEventView(const Kind& kind) { return kind.group == kEventViewGroup && kind.kind == "Event"; }

// The kind whose objects `kind` shows: itself, or core/v1 Event. nullptr when that is not served.
const Kind* StoredKind(const Kinds& kinds, const Kind& kind);
// Key::resource of what `kind` shows.
std::string StoredResource(const Kind& kind);

// From the stored form to the one that `kind` shows, and back.
Json ToShown(const Kind& kind, Json stored);
Json ToStored(const Kind& kind, Json shown);
// The same for an object's bytes; they stay as they are for other kinds.
Bytes ShownBytes(const Kind& kind, const Bytes& stored);
// "regarding.name" -> "involvedObject.name", for field selectors.
std::string StoredField(const Kind& kind, const std::string& field);

// What the newer group asks of a new Event (in its own words), and what it lets nobody change.
std::vector<Cause> CheckNewEvent(const Kind& kind, const Json& shown);
std::vector<Cause> CheckChangedEvent(const Kind& kind, const Json& before, const Json& after);

}  // namespace patchbay::api
