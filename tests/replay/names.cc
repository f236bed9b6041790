#include "replay/names.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/text.h"

namespace patchbay::replay {
namespace {

void ReplaceAll(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

}  // namespace

bool Names::Learn(std::map<std::string, std::string>& known, const std::string& recorded, const std::string& ours) {
  return known.try_emplace(recorded, ours).first->second == ours;
}

bool Names::LearnUid(const std::string& recorded, const std::string& ours) {
  return Learn(uids_, recorded, ours) && Learn(recorded_uids_, ours, recorded);
}

bool Names::LearnText(const std::string& recorded, const std::string& ours) { return Learn(texts_, recorded, ours); }

// What it stands for may be told by another token later.
bool Names::LearnToken(const std::string& recorded, const std::string& ours) {
  tokens_[recorded] = ours;
  return !ours.empty();
}

bool Names::LearnVersion(const std::string& recorded, const std::string& ours) {
  const auto from = ParseInt(recorded);
  const auto to = ParseInt(ours);
  if (!from || !to) return recorded == ours;
  const auto next = versions_.lower_bound(*from);
  if (next != versions_.end() && next->first == *from) return next->second == *to;
  if (next != versions_.end() && next->second < *to) return false;
  if (next != versions_.begin() && std::prev(next)->second > *to) return false;
  versions_.emplace(*from, *to);
  return true;
}

std::string Names::TranslateNames(std::string text) const {
  for (const auto& [recorded, ours] : uids_) ReplaceAll(text, recorded, ours);
  for (const auto& [recorded, ours] : texts_) ReplaceAll(text, recorded, ours);
  return text;
}

std::string Names::TranslateVersion(const std::string& version) const {
  const auto number = ParseInt(version);
  if (!number) return version;
  const auto found = versions_.find(*number);
  return found == versions_.end() ? version : std::to_string(found->second);
}

std::string Names::Translate(std::string text) const {
  const std::string named = TranslateNames(std::move(text));
  std::string all;
  for (std::size_t at = 0; at < named.size();) {
    std::size_t end = at;
    while (end < named.size() && IsDigit(named[end])) ++end;
    // Short numbers are counts and ports.
    const bool version = end - at >= 4 && (at == 0 || !std::isalnum(static_cast<unsigned char>(named[at - 1])));
    all +=
        version ? TranslateVersion(named.substr(at, end - at)) : named.substr(at, std::max(end - at, std::size_t{1}));
    at = std::max(end, at + 1);
  }
  return all;
}

std::string Names::TranslateTarget(const std::string& target) const {
  const std::string named = TranslateNames(target);
  const std::size_t mark = named.find('?');
  if (mark == std::string::npos) return named;
  std::vector<std::string> fields = Split(named.substr(mark + 1), '&');
  for (std::string& field : fields) {
    const std::size_t equals = field.find('=');
    const std::string name = field.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : field.substr(equals + 1);
    if (name == "resourceVersion") field = StrCat(name, "=", TranslateVersion(value));
    const auto token = tokens_.find(value);
    if (name == "continue" && token != tokens_.end()) field = StrCat(name, "=", EncodeUrl(token->second));
  }
  return StrCat(named.substr(0, mark), "?", Join(fields, "&"));
}

void Names::TranslateBody(Json& value) const {
  if (value.is_string()) value = TranslateNames(value.get<std::string>());
  if (!value.is_structured()) return;
  for (auto& [key, member] : value.items()) TranslateBody(member);
  if (!value.is_object()) return;
  const bool at_version = FindString(value, {"path"}).ends_with("/metadata/resourceVersion");
  for (const char* name : {"resourceVersion", at_version ? "value" : "resourceVersion"}) {
    const auto found = value.find(name);
    if (found != value.end() && found->is_string()) *found = TranslateVersion(found->get<std::string>());
  }
}

Record Names::Translate(Record record) const {
  record.target = TranslateTarget(record.target);
  if (record.body) TranslateBody(*record.body);
  for (auto& [name, value] : record.headers) {
    const auto tag = tokens_.find(value);
    if (name == "If-None-Match" && tag != tokens_.end()) value = tag->second;
  }
  return record;
}

}  // namespace patchbay::replay
