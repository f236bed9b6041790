#include "cache/subscribers.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "cache/entry.h"

namespace patchbay::cache {
namespace {

bool MatchesWord(std::string_view pattern, std::string_view word) {
  std::size_t p = 0;
  std::size_t w = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (w < word.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = w;
    } else if (p < pattern.size() && pattern[p] == word[w]) {
      ++p;
      ++w;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      w = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

// Takes the first word off.
std::string_view NextWord(std::string_view& text) {
  const std::size_t dot = text.find('.');
  const std::string_view word = text.substr(0, dot);
  text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  return word;
}

}  // namespace

bool MatchesTopic(std::string_view pattern, std::string_view topic) {
  if (pattern.empty()) return topic.empty();
  while (!pattern.empty() && !topic.empty()) {
    if (pattern == "*") return true;
    if (!MatchesWord(NextWord(pattern), NextWord(topic))) return false;
  }
  return pattern.empty() && topic.empty();
}

Subscribers::Webhook Subscribers::Read(const EntryPtr& entry) {
  Webhook webhook{.entry = entry, .enabled = false, .patterns = {}, .selector = {}};
  const auto object = ParseStored(*entry->bytes);
  if (!object.ok()) return webhook;
  webhook.enabled = FindBool(*object, {"spec", "enabled"}, true) && !IsDeleting(*object);
  if (const Json* events = Find(*object, {"spec", "events"}); events != nullptr && events->is_array())
    for (const Json& pattern : *events)
      if (pattern.is_string()) webhook.patterns.push_back(pattern.get<std::string>());
  if (webhook.patterns.empty()) webhook.patterns.emplace_back("*");
  const Json* selector = Find(*object, {"spec", "selector"});
  if (selector == nullptr || selector->is_null()) return webhook;
  auto parsed = LabelSelector::FromJson(*selector);
  if (parsed.ok()) {
    webhook.selector = *std::move(parsed);
  } else {
    webhook.enabled = false;
    LogWarn("cache", "a webhook's selector cannot be read: it hears nothing",
            {{"webhook", entry->key.ToString()}, {"error", parsed.error().message}});
  }
  return webhook;
}

std::shared_ptr<const Subscribers::List> Subscribers::Present() const {
  const std::vector<EntryPtr> entries = cache_.All(kWebhooks);
  const std::shared_ptr<const List> known = *read_.Lock();
  const auto same = [](const Webhook& webhook, const EntryPtr& entry) { return webhook.entry == entry; };
  if (known && std::equal(known->begin(), known->end(), entries.begin(), entries.end(), same)) return known;
  auto list = std::make_shared<List>();
  for (const EntryPtr& entry : entries) list->push_back(Read(entry));
  *read_.Lock() = list;
  return list;
}

std::vector<EntryPtr> Subscribers::Of(std::string_view topic, std::string_view ns, const Labels& labels) const {
  std::vector<EntryPtr> found;
  const auto list = Present();
  for (const Webhook& webhook : *list) {
    if (!webhook.enabled || (webhook.entry->key.ns != ns && webhook.entry->key.ns != kSystemNamespace)) continue;
    const bool hears = std::any_of(webhook.patterns.begin(), webhook.patterns.end(),
                                   [&](const std::string& pattern) { return MatchesTopic(pattern, topic); });
    if (hears && webhook.selector.Matches(labels)) found.push_back(webhook.entry);
  }
  return found;
}

}  // namespace patchbay::cache
