// The rules that fields of Kong's entities follow, with Kong's wording. Pure functions; fake_kong_schema.cc puts them
// together.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "object/json.h"

namespace patchbay::driver::fake_kong {

// Nothing when it is fine; a sentence, or an object or list of them by member.
using Rule = std::function<std::optional<Json>(const Json& value)>;

struct Field {
  std::string name;
  Rule rule;
  Json preset = nullptr;
  bool required = false;
};
using Fields = std::vector<Field>;

Rule Text(std::function<std::string(const std::string&)> complain = nullptr);
Rule AnyText();
Rule Whole(long least, long most);
Rule Positive();
Rule Bool();
Rule OneOf(std::vector<std::string> words);
Rule ListOf(Rule rule);  // nullptr: of anything
Rule Foreign();
Rule Record(Fields fields);

// What Text may complain of; "" when it is fine.
std::string ComplainOfName(const std::string& name);
std::string ComplainOfHost(const std::string& host);
std::string ComplainOfHostName(const std::string& host);
std::string ComplainOfTarget(const std::string& target);
std::string ComplainOfPath(const std::string& path, int major);
std::string ComplainOfTag(const std::string& tag);
std::string ComplainOfUuid(const std::string& id);
std::string ComplainOfPair(const std::string& line);
std::string ComplainOfMethod(const std::string& method);

// The entity with its defaults; faults by field go into `errors`.
Json CheckFields(const Fields& fields, const Json& given, Json& errors);

}  // namespace patchbay::driver::fake_kong
