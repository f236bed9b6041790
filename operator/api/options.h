// The query parameters and DeleteOptions bodies that verbs take, checked as a Kubernetes server checks them. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "api/failure.h"
#include "http/message.h"
#include "object/key.h"

namespace patchbay::api {

enum class FieldValidation { kIgnore, kWarn, kStrict };

// Told: with the plan of what would be done (foresight.h), unless the query has plan=false.
enum class DryRun { kNo, kQuiet, kTold };

// Of create, update, patch.
struct WriteOptions {
  DryRun dry_run = DryRun::kNo;
  FieldValidation fields = FieldValidation::kWarn;
  std::string field_manager;  // "" when the client names none
  bool force = false;         // of an apply patch: takes what others own
};
// `verb_options` is "CreateOptions", "UpdateOptions" or "PatchOptions".
Answer<WriteOptions> ParseWriteOptions(const http::Query& query, std::string_view verb_options);
// Of an apply patch: needs a fieldManager.
Answer<WriteOptions> ParseApplyOptions(const http::Query& query);

enum class RevisionMatch { kUnset, kExact, kNotOlderThan };

struct ListOptions {
  std::string labels;  // unparsed
  std::string fields;
  int limit = 0;
  std::string next;  // the continue token, unparsed
  std::optional<Revision> revision;  // nothing: the most recent
  RevisionMatch match = RevisionMatch::kUnset;
  // Of a watch.
  bool watch = false;
  bool bookmarks = false;
  bool initial_events = false;  // sendInitialEvents=true
  bool no_initial_events = false;  // sendInitialEvents=false
  std::optional<std::chrono::seconds> timeout;
};
// `watch`: the path said so (the /watch/ prefix).
Answer<ListOptions> ParseListOptions(const http::Query& query, bool watch);

// What becomes of the objects that name a deleted one as their owner.
enum class Propagation { kBackground, kForeground, kOrphan };

struct DeleteOptions {
  DryRun dry_run = DryRun::kNo;
  Propagation propagation = Propagation::kBackground;
  std::optional<long> grace;       // gracePeriodSeconds
  std::optional<std::string> uid;  // preconditions
  std::optional<std::string> revision;
};
// Query and body (may be empty); the body wins.
Answer<DeleteOptions> ParseDeleteOptions(const http::Query& query, std::string_view body,
                                         std::string_view content_type);

// The token of `limit`: where the next page begins, and the revision of all pages. Opaque to clients.
struct ContinueToken {
  Revision revision = 0;  // -1: whatever is now
  std::string after;
};
std::string EncodeContinue(const ContinueToken& token);
Answer<ContinueToken> DecodeContinue(std::string_view text);

}  // namespace patchbay::api
