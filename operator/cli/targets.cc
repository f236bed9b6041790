#include "cli/targets.h"

#include "base/text.h"

namespace patchbay::cli {
namespace {

Result<const Kind*> FindWord(const std::string& word) {
  if (const Kind* kind = Kinds::Embedded().FindWord(word)) return kind;
  std::vector<std::string> known;
  for (const Kind& kind : Kinds::Embedded().all()) known.push_back(kind.plural);
  return Error{Code::kInvalid, StrCat("the server doesn't have a resource type \"", word, "\"; there are: ", Join(known, ", "))};
}

Result<std::vector<const Kind*>> FindWords(const std::string& words) {
  std::vector<const Kind*> kinds;
  for (const auto& word : Split(words, ',')) {
    bool category = false;
    for (const Kind& kind : Kinds::Embedded().all())
      for (const auto& name : kind.categories)
        if (name == word) {
          kinds.push_back(&kind);
          category = true;
        }
    if (category) continue;
    PATCHBAY_TRY(const Kind* kind, FindWord(word));
    kinds.push_back(kind);
  }
  return kinds;
}

}  // namespace

Result<std::vector<Target>> ParseTargets(const std::vector<std::string>& words) {
  std::vector<Target> targets;
  if (words.empty())
    return Error{Code::kInvalid, "say what: a kind (plugins, routes, webhooks, all), KIND NAME or KIND/NAME"};
  if (words[0].find('/') != std::string::npos) {
    for (const auto& word : words) {
      const auto slash = word.find('/');
      if (slash == std::string::npos)
        return Error{Code::kInvalid, StrCat("\"", word, "\" has no kind; with KIND/NAME every word needs one")};
      PATCHBAY_TRY(const Kind* kind, FindWord(word.substr(0, slash)));
      targets.push_back({kind, word.substr(slash + 1)});
    }
    return targets;
  }
  PATCHBAY_TRY(const auto kinds, FindWords(words[0]));
  for (const Kind* kind : kinds) {
    if (words.size() == 1) targets.push_back({kind, ""});
    for (std::size_t i = 1; i < words.size(); ++i) targets.push_back({kind, words[i]});
  }
  return targets;
}

Result<std::vector<Target>> ParseNamedTargets(const std::vector<std::string>& words, const Kind* default_kind) {
  const bool bare = default_kind != nullptr && !words.empty() && words[0].find('/') == std::string::npos &&
                    (words.size() == 1 || Kinds::Embedded().FindWord(words[0]) == nullptr);
  if (!bare) {
    PATCHBAY_TRY(auto targets, ParseTargets(words));
    for (const auto& target : targets)
      if (target.name.empty()) return Error{Code::kInvalid, StrCat("which ", target.kind->singular, "? give a name")};
    return targets;
  }
  std::vector<Target> targets;
  for (const auto& word : words) targets.push_back({default_kind, word});
  return targets;
}

}  // namespace patchbay::cli
