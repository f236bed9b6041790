#include "api/options.h"

#include <algorithm>
#include <vector>

#include "api/media.h"
#include "api/protobuf.h"
#include "base/text.h"
#include "object/json.h"

namespace patchbay::api {
namespace {

Answer<DryRun> ParseDryRun(const std::vector<std::string>& values, const http::Query& query, std::string_view verb_options) {
  for (const std::string& value : values) {
    if (value == "All") continue;
    std::vector<std::string> quoted;
    for (const std::string& word : values) quoted.push_back(QuoteJson(word));
    return InvalidOptions(verb_options, {UnsupportedValue("dryRun", StrCat("[]string{", Join(quoted, ", "), "}"),
                                                          "\"All\"")});
  }
  if (values.empty()) return DryRun::kNo;
  return query.Get("plan") == "false" ? DryRun::kQuiet : DryRun::kTold;
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

std::vector<Cause> CheckFieldManager(std::string_view manager) {
  if (manager.size() > 128) {
    return {{"fieldManager", "FieldValueTooLong", "Too long: may not be more than 128 bytes"}};
  }
  if (!IsPrintable(manager)) {
    return {InvalidValue("fieldManager", QuoteJson(manager), "should only contain printable characters")};
  }
  return {};
}

Answer<FieldValidation> ParseFieldValidation(std::string_view word, std::string_view verb_options) {
  if (word.empty() || word == "Warn") return FieldValidation::kWarn;
  if (word == "Strict") return FieldValidation::kStrict;
  if (word == "Ignore") return FieldValidation::kIgnore;
  return InvalidOptions(verb_options, {UnsupportedValue("fieldValidation", QuoteJson(word),
                                                        "\"\", \"Ignore\", \"Strict\", \"Warn\"")});
}

bool IsTrue(const http::Query& query, std::string_view name) {
  if (!query.Has(name)) return false;
  const std::string_view value = query.Get(name);
  return value != "false" && value != "0";
}

Failure BadNumber(std::string_view value) {
  return BadRequest(StrCat("strconv.ParseInt: parsing ", QuoteJson(value), ": invalid syntax"));
}

Answer<std::optional<long>> ParseNumber(const http::Query& query, std::string_view name) {
  const std::string_view text = query.Get(name);
  if (text.empty()) return std::optional<long>();
  const bool negative = text.starts_with('-');
  const std::optional<long> number = ParseInt(negative ? text.substr(1) : text);
  if (!number) return BadNumber(text);
  return std::optional<long>(negative ? -*number : *number);
}

Answer<RevisionMatch> ParseMatch(std::string_view word) {
  if (word.empty()) return RevisionMatch::kUnset;
  if (word == "Exact") return RevisionMatch::kExact;
  if (word == "NotOlderThan") return RevisionMatch::kNotOlderThan;
  return InvalidOptions("ListOptions", {UnsupportedValue("resourceVersionMatch", QuoteJson(word),
                                                         "\"Exact\", \"NotOlderThan\", \"\"")});
}

Answer<std::optional<Revision>> ParseRevision(std::string_view text) {
  if (text.empty()) return std::optional<Revision>();
  const std::optional<long> number = ParseInt(text);
  if (!number) {
    return BadRequest(StrCat("resourceVersion: Invalid value: ", QuoteJson(text), ": strconv.ParseUint: parsing ",
                             QuoteJson(text), ": invalid syntax"));
  }
  return std::optional<Revision>(*number);
}

Answer<void> CheckWatch(const ListOptions& options, bool asks_initial) {
  std::vector<Cause> causes;
  if (asks_initial && options.match != RevisionMatch::kNotOlderThan) {
    causes.push_back(ForbiddenField(
        "resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (!asks_initial && options.match != RevisionMatch::kUnset) {
    causes.push_back(ForbiddenField(
        "resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
  }
  if (causes.empty()) return {};
  return InvalidOptions("ListOptions", std::move(causes));
}

Answer<void> CheckList(const ListOptions& options, bool asks_initial) {
  std::vector<Cause> causes;
  if (asks_initial) causes.push_back(ForbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  if (options.match != RevisionMatch::kUnset && !options.revision) {
    causes.push_back(ForbiddenField("resourceVersionMatch",
                                    "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  }
  if (options.match == RevisionMatch::kExact && options.revision == Revision(0)) {
    causes.push_back(ForbiddenField("resourceVersionMatch",
                                    "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
  }
  if (!causes.empty()) return InvalidOptions("ListOptions", std::move(causes));
  if (!options.next.empty() && options.revision && *options.revision != 0) {
    return BadRequest("specifying resource version is not allowed when using continue");
  }
  return {};
}

Answer<void> CheckPropagation(std::string_view policy, bool orphans_given) {
  if (policy.empty()) return {};
  if (orphans_given) {
    return InvalidOptions("DeleteOptions",
                          {InvalidValue("propagationPolicy", QuoteJson(policy),
                                        "orphanDependents and deletionPropagation cannot be both set")});
  }
  if (policy == "Foreground" || policy == "Background" || policy == "Orphan") return {};
  return InvalidOptions("DeleteOptions", {UnsupportedValue("propagationPolicy", QuoteJson(policy),
                                                           "\"Foreground\", \"Background\", \"Orphan\", \"nil\"")});
}

Answer<Json> ReadDeleteBody(std::string_view body, std::string_view content_type) {
  const BodyType type = BodyTypeOf(content_type);
  if (type == BodyType::kProtobuf) return DecodeProtobuf(body);
  if (type != BodyType::kJson) return UnsupportedMedia("application/json");
  Result<Json> parsed = ParseJson(body);
  if (!parsed.ok()) return BadRequest(StrCat("couldn't get version/kind; json parse error: ", parsed.error().message));
  if (!parsed->is_object()) return BadRequest("couldn't get version/kind; json parse error: not an object");
  return *std::move(parsed);
}

Answer<Json> ParseDeleteBody(std::string_view body, std::string_view content_type) {
  if (Trim(body).empty()) return Json::object();
  PATCHBAY_TRY(Json given, ReadDeleteBody(body, content_type));
  const std::string kind = FindString(given, {"kind"});
  if (!kind.empty() && kind != "DeleteOptions") {
    return BadRequest(StrCat("no kind ", QuoteJson(kind), " is registered for version ",
                             QuoteJson(FindString(given, {"apiVersion"})), " of DeleteOptions"));
  }
  return given;
}

std::optional<std::string> OptionalString(const Json& value, std::initializer_list<std::string_view> path) {
  const Json* found = Find(value, path);
  if (!found || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

Answer<WriteOptions> ParseWriteOptions(const http::Query& query, std::string_view verb_options) {
  WriteOptions options;
  PATCHBAY_TRY(options.dry_run, ParseDryRun(query.GetAll("dryRun"), query, verb_options));
  PATCHBAY_TRY(options.fields, ParseFieldValidation(query.Get("fieldValidation"), verb_options));
  std::vector<Cause> causes = CheckFieldManager(query.Get("fieldManager"));
  options.field_manager = query.Get("fieldManager");
  if (query.Has("force")) causes.push_back(ForbiddenField("force", "may not be specified for non-apply patch"));
  if (!causes.empty()) return InvalidOptions(verb_options, std::move(causes));
  return options;
}

Answer<WriteOptions> ParseApplyOptions(const http::Query& query) {
  WriteOptions options;
  PATCHBAY_TRY(options.dry_run, ParseDryRun(query.GetAll("dryRun"), query, "PatchOptions"));
  PATCHBAY_TRY(options.fields, ParseFieldValidation(query.Get("fieldValidation"), "PatchOptions"));
  options.field_manager = query.Get("fieldManager");
  options.force = IsTrue(query, "force");
  std::vector<Cause> causes = CheckFieldManager(options.field_manager);
  if (options.field_manager.empty()) causes.push_back(RequiredValue("fieldManager", "is required for apply patch"));
  if (!causes.empty()) return InvalidOptions("PatchOptions", std::move(causes));
  return options;
}

Answer<ListOptions> ParseListOptions(const http::Query& query, bool watch) {
  ListOptions options;
  options.labels = query.Get("labelSelector");
  options.fields = query.Get("fieldSelector");
  options.next = query.Get("continue");
  options.watch = watch || IsTrue(query, "watch");
  options.bookmarks = IsTrue(query, "allowWatchBookmarks");
  PATCHBAY_TRY(const std::optional<long> limit, ParseNumber(query, "limit"));
  options.limit = static_cast<int>(std::clamp<long>(limit.value_or(0), 0, 1'000'000));
  PATCHBAY_TRY(const std::optional<long> timeout, ParseNumber(query, "timeoutSeconds"));
  if (timeout && *timeout > 0) options.timeout = std::chrono::seconds(std::min<long>(*timeout, 1'000'000));
  PATCHBAY_TRY(options.match, ParseMatch(query.Get("resourceVersionMatch")));
  PATCHBAY_TRY(options.revision, ParseRevision(query.Get("resourceVersion")));
  const bool asks_initial = query.Has("sendInitialEvents");
  options.initial_events = IsTrue(query, "sendInitialEvents");
  options.no_initial_events = asks_initial && !options.initial_events;
  PATCHBAY_CHECK(options.watch ? CheckWatch(options, asks_initial) : CheckList(options, asks_initial));
  return options;
}

Answer<DeleteOptions> ParseDeleteOptions(const http::Query& query, std::string_view body,
                                         std::string_view content_type) {
  PATCHBAY_TRY(const Json given, ParseDeleteBody(body, content_type));
  std::vector<std::string> dry_run = query.GetAll("dryRun");
  if (const Json* list = Find(given, {"dryRun"}); list && list->is_array()) {
    dry_run.clear();
    for (const Json& word : *list) dry_run.push_back(word.is_string() ? word.get<std::string>() : "");
  }
  DeleteOptions options;
  PATCHBAY_TRY(options.dry_run, ParseDryRun(dry_run, query, "DeleteOptions"));
  const std::string policy = FindString(given, {"propagationPolicy"}, query.Get("propagationPolicy"));
  const bool orphans_given = Find(given, {"orphanDependents"}) != nullptr || query.Has("orphanDependents");
  PATCHBAY_CHECK(CheckPropagation(policy, orphans_given));
  const bool orphans = FindBool(given, {"orphanDependents"}, IsTrue(query, "orphanDependents"));
  if (policy == "Orphan" || orphans) options.propagation = Propagation::kOrphan;
  if (policy == "Foreground") options.propagation = Propagation::kForeground;
  PATCHBAY_TRY(options.grace, ParseNumber(query, "gracePeriodSeconds"));
  if (const Json* grace = Find(given, {"gracePeriodSeconds"}); grace && grace->is_number_integer())
    options.grace = grace->get<long>();
  options.uid = OptionalString(given, {"preconditions", "uid"});
  options.revision = OptionalString(given, {"preconditions", "resourceVersion"});
  return options;
}

std::string EncodeContinue(const ContinueToken& token) {
  return EncodeBase64(DumpJson({{"v", "meta.k8s.io/v1"}, {"rv", token.revision}, {"start", token.after}}));
}

Answer<ContinueToken> DecodeContinue(std::string_view text) {
  std::string padded(text);
  while (padded.size() % 4 != 0) padded.push_back('=');
  const std::optional<std::string> bytes = DecodeBase64(padded);
  if (!bytes) return BadRequest("invalid continue token: continue key is not valid: illegal base64");
  const Result<Json> parsed = ParseJson(*bytes);
  if (!parsed.ok()) return BadRequest("invalid continue token: continue key is not valid: " + parsed.error().message);
  if (FindString(*parsed, {"v"}) != "meta.k8s.io/v1" || FindString(*parsed, {"start"}).empty()) {
    return BadRequest("invalid continue token: continue key is not valid: unknown version or no start");
  }
  return ContinueToken{FindInt(*parsed, {"rv"}), FindString(*parsed, {"start"})};
}

}  // namespace patchbay::api
