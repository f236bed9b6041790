#include "driver/gateway/kong_targets.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace patchbay::driver {
namespace {

Result<std::set<std::string>> ListTagged(const KongAdmin& admin, const std::string& mark) {
  std::set<std::string> ids;
  PATCHBAY_CHECK(admin.List(StrCat("/tags/", mark), "", [&](const Json& entry) {
    if (FindString(entry, {"entity_name"}) == KongEntityName(KongKind::kTarget))
      ids.insert(FindString(entry, {"entity_id"}));
  }));
  return ids;
}

// Takes the targets out of `ids`; false when one of them is not there.
bool TakeAll(const std::vector<KongEntity>& targets, std::set<std::string>& ids) {
  bool all = true;
  for (const auto& target : targets) all &= ids.erase(target.id) == 1;
  return all;
}

}  // namespace

Result<void> KongTargets::Ask(const KongAdmin& admin, const KongEntity& upstream,
                              std::map<std::string, Targets>& targets) {
  auto found = std::make_shared<std::vector<KongEntity>>();
  const auto listed = admin.List(KongChildrenPath(KongKind::kTarget, upstream.id), "", [&](Json target) {
    std::string id = FindString(target, {"id"});
    found->push_back(NewKongEntity(KongKind::kTarget, std::move(id), upstream.route, std::move(target), upstream.id));
  });
  if (!listed.ok() && listed.error().code != Code::kNotFound) return listed;
  targets[upstream.id] = std::move(found);
  return {};
}

std::vector<std::string> KongTargets::TakeTurns(const std::map<std::string, KongEntity>& upstreams) {
  std::vector<std::string> turns;
  auto known = known_.Lock();
  auto next = upstreams.upper_bound(known->turn);
  while (turns.size() < std::min(kInTurn, upstreams.size())) {
    if (next == upstreams.end()) next = upstreams.begin();
    turns.push_back(next->first);
    ++next;
  }
  if (!turns.empty()) known->turn = turns.back();
  return turns;
}

Result<std::map<std::string, KongTargets::Targets>> KongTargets::Read(
    const KongAdmin& admin, const std::string& mark, const std::map<std::string, KongEntity>& upstreams) {
  std::map<std::string, Targets> targets;
  if (upstreams.size() > kFew) targets = known_.Lock()->targets;
  for (const auto& upstream : TakeTurns(upstreams)) targets.erase(upstream);
  std::erase_if(targets, [&](const auto& entry) { return !upstreams.contains(entry.first); });
  if (!targets.empty()) {
    PATCHBAY_TRY(auto tagged, ListTagged(admin, mark));
    std::erase_if(targets, [&](const auto& entry) { return !TakeAll(*entry.second, tagged); });
    std::map<std::string, Targets> asked;
    for (const auto& [id, upstream] : upstreams)
      if (!targets.contains(id)) PATCHBAY_CHECK(Ask(admin, upstream, asked));
    for (const auto& [id, some] : asked) TakeAll(*some, tagged);
    // One that nobody knows is somewhere: all are asked.
    if (!tagged.empty()) targets.clear();
    targets.merge(asked);
  }
  for (const auto& [id, upstream] : upstreams)
    if (!targets.contains(id)) PATCHBAY_CHECK(Ask(admin, upstream, targets));
  known_.Lock()->targets = targets;
  return targets;
}

}  // namespace patchbay::driver
