// Keeps metadata.managedFields through writes of every sort. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/ownership.h"
#include "http/message.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

// Who writes, through what.
struct Author {
  std::string name;         // fieldManager
  std::string subresource;  // "", "status", "scale"
  std::string now;          // RFC 3339

  Owner AsOwner(const Kind& kind, bool applies) const;
};
// The fieldManager that the client named; otherwise its User-Agent up to the first '/', at most 128 bytes, or
// "unknown".
std::string AuthorName(std::string_view field_manager, const http::Headers& headers);

// Takes out what nobody can own: names, times and other words of the server, and what a write through this subresource
// does not reach.
void DropSystemFields(const Kind& kind, std::string_view subresource, FieldSet& fields);

// What somebody who applies `config` owns by that.
OwnedFields FieldsToOwn(const Kind& kind, const Author& author, const Json& config);

// The author owns all of a new object, status aside. What he owns is put in as text (WrittenJson);
// more than 4 MiB of it is left out.
void TrackCreate(const Kind& kind, const Author& author, Json& object);

// What a client wrote into metadata.managedFields, taken out of the object; null when nothing.
Json TakeManagedFields(Json& object);
// The author takes what differs between `before` and `object` from everybody else. `given` is what the client wrote
// into managedFields: it stands instead of what was there when it can be read; one empty entry ([{}]) clears it, and an
// object without managedFields stays so. A list that is empty or unreadable counts as absent.
void TrackUpdate(const Kind& kind, const Author& author, const Json& before, const Json& given, Json& object);

}  // namespace patchbay::api
