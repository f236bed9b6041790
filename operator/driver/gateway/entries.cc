#include "driver/gateway/entries.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay::driver {

std::vector<std::string> EntriesOf(const GatewayRoute& route, std::string_view gateway) {
  std::vector<std::string> own;
  for (const std::string& entry : route.entries)
    if (entry.size() > gateway.size() && entry.starts_with(gateway) && entry[gateway.size()] == ':')
      own.push_back(entry.substr(gateway.size() + 1));
  return own;
}

std::vector<std::string> ServingEntries(const GatewayRoute& route, std::string_view gateway) {
  return route.entry_use == EntryUse::kServe ? EntriesOf(route, gateway) : std::vector<std::string>();
}

std::string DigestEntries(const std::vector<std::string>& entries) { return StrCat("entries ", Join(entries, " ")); }

void AddDigests(const EntriesByRoute& serving, const std::set<std::string>& present, std::map<std::string, std::string>& digests) {
  for (const auto& [id, entries] : serving)
    if (std::all_of(entries.begin(), entries.end(), [&](const auto& entry) { return present.contains(entry); }))
      digests[id] = DigestEntries(entries);
}

RouteDifferences CompareEntries(const std::vector<std::string>& entries, const std::set<std::string>& present) {
  RouteDifferences missing;
  for (const std::string& entry : entries)
    if (!present.contains(entry)) missing.push_back({entry, "there", "missing"});
  return missing;
}

bool EntryPlan::Take(const GatewayRoute& route) {
  auto entries = EntriesOf(route, gateway_);
  const bool serve = route.entry_use == EntryUse::kServe && !entries.empty();
  if (!entries.empty()) {
    EntriesByRoute& place = serve ? serving_ : route.entry_use == EntryUse::kReplace ? replaced_ : unwanted_;
    place[route.id] = std::move(entries);
  }
  return serve || route.entry_use == EntryUse::kRemove;
}

std::set<std::string> EntryPlan::ToRemove(const std::map<std::string, std::string>& refused) const {
  std::set<std::string> removed;
  std::set<std::string> needed;
  for (const auto& [id, entries] : replaced_) (refused.contains(id) ? needed : removed).insert(entries.begin(), entries.end());
  for (const auto& [id, entries] : unwanted_) removed.insert(entries.begin(), entries.end());
  for (const auto& [id, entries] : serving_) needed.insert(entries.begin(), entries.end());
  std::erase_if(removed, [&](const auto& entry) { return needed.contains(entry); });
  return removed;
}

std::map<std::string, std::string> EntryPlan::FindMissing(const std::set<std::string>& present) const {
  std::map<std::string, std::string> missing;
  for (const auto& [id, entries] : serving_)
    for (const std::string& entry : entries)
      if (!present.contains(entry)) missing.emplace(id, entry);
  return missing;
}

}  // namespace patchbay::driver
