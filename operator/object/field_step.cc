#include "object/field_step.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "object/fields.h"

namespace patchbay {
namespace {

int Rank(std::string_view step) {
  constexpr std::string_view kOrder = "fkvi";
  return static_cast<int>(kOrder.find(step.empty() ? '?' : step.front()));
}

bool IsNumeric(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '+' || c == 'e';
}

bool IsQuoted(std::string_view step, std::size_t at) {
  bool quoted = false;
  for (std::size_t i = 2; i < at; ++i) {
    if (step[i] == '"') quoted = !quoted;
    if (quoted && step[i] == '\\') ++i;
  }
  return quoted;
}

// Where the number begins that `at` is within; npos when that is text.
std::size_t NumberStart(std::string_view step, std::size_t at) {
  std::size_t start = at;
  while (start > 2 && IsNumeric(step[start - 1])) --start;
  // A number is the whole value, or that of a key.
  if (start > 2 && step[start - 1] != ':') return std::string_view::npos;
  return IsQuoted(step, at) ? std::string_view::npos : start;
}

// Steps with JSON in them, which differ first at `at`.
bool JsonLess(std::string_view a, std::string_view b, std::size_t at) {
  const std::size_t start = NumberStart(a, at);
  const bool numbers = start != std::string_view::npos && start < a.size() && start < b.size() && IsNumeric(a[start]) &&
                       IsNumeric(b[start]);
  if (numbers) {
    const double left = std::strtod(std::string(a.substr(start)).c_str(), nullptr);
    const double right = std::strtod(std::string(b.substr(start)).c_str(), nullptr);
    if (left != right) return left < right;
  }
  return a.substr(at) < b.substr(at);
}

// One spelling for one number.
void AppendScalar(std::string& out, const Json& value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::trunc(number) == number && std::fabs(number) <= kExact) {
      out += std::to_string(static_cast<long>(number));
      return;
    }
  }
  AppendJson(out, value);
}

Result<std::string> NormalizeKeys(std::string_view text) {
  PATCHBAY_TRY(const Json keys, ParseJson(text));
  if (!keys.is_object() || keys.empty()) return Error{Code::kInvalid, "keys must be an object"};
  std::vector<std::pair<std::string_view, const Json*>> pairs;
  for (const auto& [name, value] : keys.get_ref<const Json::object_t&>()) pairs.emplace_back(name, &value);
  return KeyStep(std::move(pairs));
}

}  // namespace

bool StepLess(std::string_view a, std::string_view b) {
  if (const int left = Rank(a), right = Rank(b); left != right) return left < right;
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (differ.second == b.end()) return false;
  if (differ.first == a.end()) return true;
  const auto at = static_cast<std::size_t>(differ.first - a.begin());
  const bool text = at < 2 || a.front() == 'f' || (!IsNumeric(a[at]) && !IsNumeric(b[at]));
  if (text) return a.substr(at) < b.substr(at);
  return JsonLess(a, b, at);
}

std::string MemberStep(std::string_view name) {
  std::string step;
  step.reserve(name.size() + 2);
  return step.append("f:").append(name);
}

std::string ValueStep(const Json& scalar) {
  std::string step = "v:";
  AppendScalar(step, scalar);
  return step;
}

std::string KeyStep(std::vector<std::pair<std::string_view, const Json*>> keys) {
  if (keys.size() > 1) std::sort(keys.begin(), keys.end());
  std::string step = "k:";
  for (const auto& [name, value] : keys) {
    step += step.size() == 2 ? '{' : ',';
    AppendQuoted(step, name);
    step += ':';
    AppendScalar(step, *value);
  }
  return step += '}';
}

std::string PlaceStep(std::size_t place) { return "i:" + std::to_string(place); }

Result<std::string> NormalizeStep(std::string_view text) {
  const std::string_view rest = text.substr(std::min<std::size_t>(2, text.size()));
  if (text.starts_with("f:")) return std::string(text);
  if (text.starts_with("k:")) return NormalizeKeys(rest);
  if (text.starts_with("i:") && ParseInt(rest)) return std::string(text);
  if (!text.starts_with("v:")) return Error{Code::kInvalid, StrCat("not a step of a field path: ", QuoteJson(text))};
  PATCHBAY_TRY(const Json value, ParseJson(rest));
  return ValueStep(value);
}

std::string PrintStep(std::string_view step) {
  const std::string_view rest = step.substr(2);
  if (step.front() == 'f') return StrCat(".", rest);
  if (step.front() == 'i') return StrCat("[", rest, "]");
  if (step.front() == 'v') return StrCat("[=", rest, "]");
  std::vector<std::string> pairs;
  if (const Result<Json> keys = ParseJson(rest); keys.ok() && keys->is_object()) {
    for (const auto& [name, value] : keys->get_ref<const Json::object_t&>()) {
      pairs.push_back(StrCat(name, "=", DumpJson(value)));
    }
  }
  return StrCat("[", Join(pairs, ","), "]");
}

}  // namespace patchbay
