#include "object/patch.h"

#include <optional>

#include "base/text.h"

namespace patchbay {
namespace {

constexpr std::size_t kMostOperations = 10'000;
constexpr JsonLimits kLimits;
constexpr std::size_t kFewLookUps = 1024;
// Values and members that all operations of one patch together may look at or push aside: a tenth of a second.
constexpr std::size_t kMostWork = 10'000'000;

// RFC 7396, members of `target` looked up through an index so that large objects stay linear.
Json Merged(const Json& target, const Json& patch) {
  if (!patch.is_object()) return patch;
  Json out = Json::object();
  auto& members = out.get_ref<Json::object_t&>();
  static const Json kEmpty = Json::object();
  const Json& base = target.is_object() ? target : kEmpty;
  const MemberIndex changes(patch);
  members.reserve(base.size() + patch.size());
  for (const auto& [key, value] : base.get_ref<const Json::object_t&>()) {
    const Json* change = changes.Find(key);
    if (change == nullptr)
      members.emplace_back(key, value);
    else if (!change->is_null())
      members.emplace_back(key, Merged(value, *change));
  }
  const MemberIndex present(base);
  for (const auto& [key, value] : patch.get_ref<const Json::object_t&>())
    if (!value.is_null() && present.Find(key) == nullptr) members.emplace_back(key, Merged(Json(), value));
  return out;
}

// The same in place, while that looks up few members.
void MergeInto(Json& target, const Json& patch) {
  if (!patch.is_object() || !target.is_object() || target.size() * patch.size() > kFewLookUps) {
    target = Merged(target, patch);
    return;
  }
  for (const auto& [key, value] : patch.get_ref<const Json::object_t&>()) {
    Json* present = Find(target, {key});
    if (value.is_null()) {
      target.erase(key);
    } else if (present != nullptr) {
      MergeInto(*present, value);
    } else {
      target.get_ref<Json::object_t&>().emplace_back(key, Merged(Json(), value));
    }
  }
}

std::size_t DepthOf(const Json& value) {
  if (!value.is_structured()) return 0;
  std::size_t most = 0;
  for (const Json& item : value) most = std::max(most, DepthOf(item));
  return most + 1;
}

std::size_t CountOf(const Json& value) {
  std::size_t count = 1;
  if (value.is_structured())
    for (const Json& item : value) count += CountOf(item);
  return count;
}

// RFC 6901. Nothing when malformed.
std::optional<std::vector<std::string>> ParsePointer(std::string_view text) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  if (text[0] != '/') return std::nullopt;
  for (const std::string& part : Split(text.substr(1), '/')) {
    std::string token;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '~') {
        token += part[i];
        continue;
      }
      const char next = i + 1 < part.size() ? part[++i] : ' ';
      if (next != '0' && next != '1') return std::nullopt;
      token += next == '0' ? '~' : '/';
    }
    out.push_back(std::move(token));
  }
  return out;
}

class Patcher {
 public:
  explicit Patcher(Json document) : document_(std::move(document)), values_(CountOf(document_)) {}

  Result<void> Apply(const Json& operation) {
    if (work_ > kMostWork) return Error{Code::kTooLarge, "the operations before it moved too much of a large object"};
    if (!operation.is_object()) return Refuse("an operation must be an object");
    const std::string op = FindString(operation, {"op"});
    const Json* path_text = Find(operation, {"path"});
    if (path_text == nullptr || !path_text->is_string()) return Refuse("path is missing");
    const auto path = ParsePointer(path_text->get_ref<const std::string&>());
    if (!path) return Refuse(StrCat("path ", DumpJson(*path_text), " is not a JSON pointer"));
    if (op == "remove") return Remove(*path);
    if (op == "move" || op == "copy") return Carry(operation, op == "move", *path);
    if (op != "add" && op != "replace" && op != "test") return Refuse(StrCat("unknown op ", QuoteJson(op)));
    const Json* value = Find(operation, {"value"});
    if (value == nullptr) return Refuse("value is missing");
    if (op == "add") return Add(*path, *value);
    if (op == "replace") return Replace(*path, *value);
    const Json* present = At(*path);
    if (present == nullptr) return Refuse("nothing is there");
    if (!EqualJson(*present, *value)) return Refuse("the value is another");
    return {};
  }

  Json Take() { return std::move(document_); }

 private:
  using Path = std::vector<std::string>;

  static Error Refuse(std::string why) { return {Code::kInvalid, std::move(why)}; }

  static std::optional<std::size_t> Index(const std::string& token, std::size_t size) {
    if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
    const auto number = ParseInt(token);
    if (!number || *number < 0 || static_cast<std::size_t>(*number) >= size) return std::nullopt;
    return static_cast<std::size_t>(*number);
  }

  Json* At(const Path& path, std::size_t steps) {
    Json* at = &document_;
    for (std::size_t i = 0; i < steps && at != nullptr; ++i) {
      if (at->is_array()) {
        const auto index = Index(path[i], at->size());
        at = index ? &(*at)[*index] : nullptr;
      } else {
        work_ += at->size();
        at = Find(*at, {path[i]});
      }
    }
    return at;
  }
  Json* At(const Path& path) { return At(path, path.size()); }

  // Copies double: what all operations together bring in is bounded.
  Result<void> Admit(const Path& path, const Json& value) {
    if (path.size() + DepthOf(value) > kLimits.depth) return Refuse(StrCat("nested deeper than ", kLimits.depth));
    const std::size_t count = CountOf(value);
    work_ += count;
    values_ += count;
    if (values_ > kLimits.values) return Refuse(StrCat("more than ", kLimits.values, " values"));
    return {};
  }

  Result<void> Add(const Path& path, Json value) {
    PATCHBAY_CHECK(Admit(path, value));
    if (path.empty()) {
      document_ = std::move(value);
      return {};
    }
    Json* parent = At(path, path.size() - 1);
    if (parent == nullptr || !parent->is_structured()) return Refuse("the parent is not there");
    if (parent->is_array()) {
      const auto index = path.back() == "-" ? parent->size() : Index(path.back(), parent->size() + 1);
      if (!index) return Refuse(StrCat("index ", QuoteJson(path.back()), " is not in the list"));
      work_ += parent->size() - *index;
      parent->insert(parent->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
    } else if (Json* present = Find(*parent, {path.back()})) {
      *present = std::move(value);
    } else {
      parent->get_ref<Json::object_t&>().emplace_back(path.back(), std::move(value));
    }
    return {};
  }

  Result<void> Replace(const Path& path, const Json& value) {
    PATCHBAY_CHECK(Admit(path, value));
    Json* present = At(path);
    if (present == nullptr) return Refuse("nothing is there");
    *present = value;
    return {};
  }

  Result<void> Remove(const Path& path) {
    Json* parent = path.empty() ? nullptr : At(path, path.size() - 1);
    if (parent != nullptr && parent->is_array()) {
      if (const auto index = Index(path.back(), parent->size())) {
        work_ += parent->size() - *index;
        parent->erase(*index);
        return {};
      }
    } else if (parent != nullptr && parent->is_object()) {
      work_ += parent->size();
      if (parent->erase(path.back()) == 1) return {};
    }
    return Refuse("nothing is there");
  }

  Result<void> Carry(const Json& operation, bool move, const Path& path) {
    const Json* from_text = Find(operation, {"from"});
    if (from_text == nullptr || !from_text->is_string()) return Refuse("from is missing");
    const auto from = ParsePointer(from_text->get_ref<const std::string&>());
    if (!from) return Refuse(StrCat("from ", DumpJson(*from_text), " is not a JSON pointer"));
    const bool inside = from->size() < path.size() && std::equal(from->begin(), from->end(), path.begin());
    if (move && inside) return Refuse("a value cannot be moved into itself");
    const Json* present = At(*from);
    if (present == nullptr) return Refuse("nothing is at from");
    if (move && *from == path) return {};
    const std::size_t count = CountOf(*present);
    work_ += count;
    if (move) {
      Json value = std::move(*present);
      PATCHBAY_CHECK(Remove(*from));
      values_ -= count;
      return Add(path, std::move(value));
    }
    if (values_ + count > kLimits.values) return Refuse(StrCat("more than ", kLimits.values, " values"));
    return Add(path, *present);
  }

  Json document_;
  std::size_t values_;
  std::size_t work_ = 0;
};

}  // namespace

Result<Json> MergePatch(Json target, const Json& patch) {
  if (!patch.is_object()) return Error{Code::kInvalid, "a merge patch must be a JSON object"};
  MergeInto(target, patch);
  return target;
}

Result<Json> JsonPatch(Json target, const Json& operations) {
  if (!operations.is_array()) return Error{Code::kInvalid, "a JSON patch must be a list of operations"};
  if (operations.size() > kMostOperations)
    return Error{Code::kTooLarge, StrCat("The allowed maximum operations in a JSON patch is ", kMostOperations,
                                         ", got ", operations.size())};
  Patcher patcher(std::move(target));
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (auto applied = patcher.Apply(operations[i]); !applied)
      return applied.error().Within(StrCat("JSON patch operation ", i, " (", FindString(operations[i], {"op"}, "?"),
                                           " ", FindString(operations[i], {"path"}, "?"), ") cannot be applied"));
  }
  return patcher.Take();
}

Json MergeDiff(const Json& from, const Json& to) {
  if (!from.is_object() || !to.is_object()) return to;
  Json out = Json::object();
  auto& members = out.get_ref<Json::object_t&>();
  const MemberIndex wanted(to);
  for (const auto& [key, value] : from.get_ref<const Json::object_t&>()) {
    const Json* target = wanted.Find(key);
    if (target == nullptr) members.emplace_back(key, nullptr);
  }
  const MemberIndex present(from);
  for (const auto& [key, value] : to.get_ref<const Json::object_t&>()) {
    const Json* before = present.Find(key);
    if (before == nullptr) {
      members.emplace_back(key, value);
    } else if (!EqualJson(*before, value)) {
      members.emplace_back(key, before->is_object() && value.is_object() ? MergeDiff(*before, value) : value);
    }
  }
  return out;
}

}  // namespace patchbay
