#include "object/differences.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay {
namespace {

void Compare(const std::string& path, const Json* left, const Json* right, std::vector<JsonDifference>& found);

void CompareMembers(const std::string& path, const Json& left, const Json& right, std::vector<JsonDifference>& found) {
  const auto below = [&](const std::string& key) { return path.empty() ? key : StrCat(path, ".", key); };
  for (const auto& [key, value] : left.items()) {
    const auto other = right.find(key);
    Compare(below(key), &value, other == right.end() ? nullptr : &*other, found);
  }
  for (const auto& [key, value] : right.items())
    if (!left.contains(key)) Compare(below(key), nullptr, &value, found);
}

void Compare(const std::string& path, const Json* left, const Json* right, std::vector<JsonDifference>& found) {
  if (left != nullptr && right != nullptr) {
    if (left->is_object() && right->is_object()) return CompareMembers(path, *left, *right, found);
    if (left->is_array() && right->is_array()) {
      for (std::size_t i = 0; i < std::max(left->size(), right->size()); ++i)
        Compare(StrCat(path, "[", i, "]"), i < left->size() ? &(*left)[i] : nullptr, i < right->size() ? &(*right)[i] : nullptr, found);
      return;
    }
    if (*left == *right) return;
  }
  found.push_back({path, left, right});
}

}  // namespace

std::vector<JsonDifference> FindDifferences(const Json& left, const Json& right) {
  std::vector<JsonDifference> found;
  Compare("", &left, &right, found);
  return found;
}

}  // namespace patchbay
