#include "controller/endpoints.h"

#include <algorithm>

namespace patchbay::controller {

void Endpoints::Set(const Key& plugin, EndpointSet set) {
  std::sort(set.members.begin(), set.members.end(), [](const Endpoint& a, const Endpoint& b) { return a.id < b.id; });
  {
    auto state = state_.Lock();
    const auto [place, fresh] = state->entries.try_emplace(plugin);
    const bool same = !fresh && place->second.set.members == set.members &&
                      place->second.set.canary_weight == set.canary_weight;
    place->second.set = std::move(set);
    if (same) return;
    place->second.version = ++state->version;
    if (!state->Refers(plugin)) return;
    state->unsettled.insert(plugin);
  }
  changed_();
}

void Endpoints::Forget(const Key& plugin) {
  {
    auto state = state_.Lock();
    state->unsettled.erase(plugin);
    if (state->entries.erase(plugin) == 0) return;
    ++state->version;
    if (!state->Refers(plugin)) return;
  }
  changed_();
}

bool Endpoints::Settled(const Key& plugin) const {
  auto state = state_.Lock();
  return !state->unsettled.contains(plugin);
}

bool Endpoints::Known(const Key& plugin) {
  auto state = state_.Lock();
  if (!state->known) state->asked.insert(plugin);
  return state->known && state->entries.contains(plugin);
}

EndpointsView Endpoints::View() const {
  auto state = state_.Lock();
  EndpointsView view{state->version, {}};
  for (const auto& [key, entry] : state->entries) view.sets.emplace(key, entry.set);
  return view;
}

bool Endpoints::IsReferenced(const Key& plugin) const { return state_.Lock()->Refers(plugin); }

void Endpoints::SetReferenced(std::set<Key> plugins) { state_.Lock()->coming = std::move(plugins); }

void Endpoints::Confirm(std::uint64_t version) {
  std::set<Key> settled;
  {
    auto state = state_.Lock();
    state->confirmed = std::max(state->confirmed, version);
    state->known = true;
    state->referenced = state->coming;
    for (const Key& key : state->unsettled)
      if (const auto entry = state->entries.find(key);
          entry == state->entries.end() || entry->second.version <= state->confirmed)
        settled.insert(key);
    for (const Key& key : settled) state->unsettled.erase(key);
    settled.merge(state->asked);
  }
  for (const Key& key : settled) confirmed_(key);
}

}  // namespace patchbay::controller
