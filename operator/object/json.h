// JSON as this house holds it: nlohmann's ordered value (key order is kept), read by one strict reader.
// Heavy: include json.h only where a value is touched; the build precompiles nlohmann/json.hpp.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

// Instantiated once, in json_instance.cc: a tenth of the time that a clean build takes.
extern template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace patchbay {

using Json = nlohmann::ordered_json;

struct JsonLimits {
  std::size_t bytes = 3 * 1024 * 1024;  // Kubernetes' request limit
  std::size_t depth = 64;
  std::size_t values = 500'000;
};

// Strict RFC 8259: whole input, valid UTF-8, no U+0000, no NaN, numbers in range, within limits; linear time.
// A duplicate key is kInvalid, unless `duplicates` is given: then the last wins and its path ("spec.image") is added.
// kTooLarge over limits.bytes, kInvalid otherwise; the message says what and at which byte (the first is 1).
// An integer is int64 when it fits, uint64 when it fits, else refused; any other number is a double.
Result<Json> ParseJson(std::string_view text, const JsonLimits& limits = {},
                       std::vector<std::string>* duplicates = nullptr);

// An object that our own writer wrote (SpliceRevision), read to be written again: metadata.managedFields[].fieldsV1, which
// is most of it and which few look at, stays text (WrittenJson; FieldSet::Parse takes that). Of any size.
Result<Json> ParseOwnedJson(std::string_view text);

// Compact, never throws: invalid UTF-8 becomes U+FFFD, a number that is none becomes null.
std::string DumpJson(const Json& value);
// The same, put behind what `out` holds.
void AppendJson(std::string& out, const Json& value);
// A JSON string literal, put behind what `out` holds; invalid UTF-8 becomes U+FFFD.
void AppendQuoted(std::string& out, std::string_view text);
// JSON text as a value: put out as it stands by those above, opaque to all others. For what is written once.
Json WrittenJson(std::string_view text);
std::string DumpJsonPretty(const Json& value);  // four spaces, as kubectl -o json

// The member, or nullptr; walks `path` of object keys. Never throws, whatever the types.
const Json* Find(const Json& value, std::initializer_list<std::string_view> path);
Json* Find(Json& value, std::initializer_list<std::string_view> path);
// The member as this type, or the fallback when absent or of another type.
std::string FindString(const Json& value, std::initializer_list<std::string_view> path, std::string_view fallback = "");
long FindInt(const Json& value, std::initializer_list<std::string_view> path, long fallback = 0);
bool FindBool(const Json& value, std::initializer_list<std::string_view> path, bool fallback = false);

// Equal, whatever the order of members (operator== minds it: members are an ordered list).
bool EqualJson(const Json& a, const Json& b);
// The same of two objects, whatever the members of these names are.
bool EqualJsonBut(const Json& a, const Json& b, std::initializer_list<std::string_view> names);

// Looks members up in constant time; for many look-ups into one object. The object must outlive it unchanged.
class MemberIndex {
 public:
  explicit MemberIndex(const Json& object);
  const Json* Find(std::string_view key) const;  // nullptr when absent or not an object

 private:
  const Json* object_;
  std::unordered_map<std::string_view, const Json*> by_key_;  // empty for few members: walking them is faster
};

}  // namespace patchbay
