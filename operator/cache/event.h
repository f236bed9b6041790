// core/v1 Events about objects. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "cache/committer.h"

namespace patchbay::cache {

// What an Event is about: involvedObject.
struct Subject {
  std::string api_version;
  std::string kind;
  Key key;
  std::string uid;
  Revision revision = 0;
};
Subject SubjectOf(const Key& key, const Json& object);

// {events, namespace or "default", "<object name>.<16 hex of uid, reason, message and type>"}: the same story, the same
// key.
Key EventKey(const Subject& subject, const EventNote& note);

// The write that tells it: a new Event, or `present` with its count raised when that is at most an hour old.
store::Write EventWrite(const Subject& subject, const EventNote& note, const EntryPtr& present,
                        const std::string& component, WallTime now, const std::string& fresh_uid);

}  // namespace patchbay::cache
