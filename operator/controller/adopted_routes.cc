#include "controller/adopted_routes.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/text.h"
#include "controller/adoption.h"
#include "controller/verdict.h"

namespace patchbay::controller {
namespace {

using driver::EntryUse;

std::vector<std::string> SplitNames(const std::string& annotation) {
  std::vector<std::string> names;
  for (const std::string& part : Split(annotation, ','))
    if (const auto name = Trim(part); !name.empty()) names.emplace_back(name);
  return names;
}

std::string FingerprintOf(const RouteWish& wish, const ResolvedRoute& resolved) {
  const std::string text = StrCat(wish.generation, " ", wish.reconcile.requested_at, " ", DumpJson(ToJson(resolved.backends)));
  return Sha256Hex(text).substr(0, 16);
}

}  // namespace

AdoptedRoutes::AdoptedRoutes(const std::string& gateway) : gateways_(Split(gateway, '+')) {}

std::string AdoptedRoutes::FindProblem(const std::vector<std::string>& entries) const {
  for (const std::string& entry : entries) {
    const auto colon = entry.find(':');
    const std::string gateway = entry.substr(0, colon);
    if (colon == std::string::npos || colon + 1 == entry.size())
      return StrCat("\"", entry, "\" is no name of an entry; `patchbay import caddy` and `patchbay import kong` write them");
    if (std::find(gateways_.begin(), gateways_.end(), gateway) == gateways_.end())
      return StrCat("\"", entry, "\" is in ", gateway, ", and the operator's gateway is ", Join(gateways_, " and "));
  }
  return "";
}

bool AdoptedRoutes::Decide(const RouteWish& wish, ResolvedRoute& resolved) {
  if (wish.adopt.empty()) {
    adopted_.erase(wish.uid);
    return wish.wanted();
  }
  Adopted& known = adopted_[wish.uid];
  if (known.request != wish.adopt) {
    known = {};
    known.request = wish.adopt;
    if (wish.adoption.request == wish.adopt) known.record = wish.adoption;
  }
  known.ours_next = false;
  const AdoptionRecord& record = known.record;
  const bool handled = !record.request.empty();
  if (wish.deleting || (handled ? record.entries.empty() : !wish.wanted())) return wish.wanted();
  const std::vector<std::string> entries = handled ? record.entries : SplitNames(wish.adopt);
  if (!handled) {
    known.problem = FindProblem(entries);
    if (!known.problem.empty()) return false;
  }
  known.wanted_as = FingerprintOf(wish, resolved);
  known.settled = resolved.settled;
  const bool same = !handled || !wish.wanted() || known.wanted_as == record.as;
  resolved.route.entries = entries;
  resolved.route.entry_use = !wish.enabled ? EntryUse::kRemove : same ? EntryUse::kServe : EntryUse::kReplace;
  return true;
}

void AdoptedRoutes::Settle(const driver::GatewayRoute& route, const std::string& missing, bool refused) {
  const auto found = adopted_.find(route.id);
  if (found == adopted_.end()) return;
  Adopted& known = found->second;
  const bool handled = !known.record.request.empty();
  known.problem = handled ? "" : missing;
  known.ours_next = handled && !missing.empty();
  if (route.entry_use == EntryUse::kServe) {
    if (known.ours_next) known.record.entries.clear();
    if (handled || !missing.empty() || !known.settled) return;
    known.record = {known.request, route.entries, known.wanted_as};
  } else if (!refused) {
    known.record.entries.clear();
  }
}

void AdoptedRoutes::Keep(const std::set<std::string>& uids) {
  std::erase_if(adopted_, [&](const auto& entry) { return !uids.contains(entry.first); });
}

AdoptionRecord AdoptedRoutes::RecordOf(const std::string& uid) const {
  const auto found = adopted_.find(uid);
  return found == adopted_.end() ? AdoptionRecord{} : found->second.record;
}

std::string AdoptedRoutes::ProblemOf(const std::string& uid) const {
  const auto found = adopted_.find(uid);
  return found == adopted_.end() ? "" : found->second.problem;
}

bool AdoptedRoutes::ServesOursNext(const std::string& uid) const {
  const auto found = adopted_.find(uid);
  return found != adopted_.end() && found->second.ours_next;
}

bool AdoptedRoutes::unsettled() const {
  return std::any_of(adopted_.begin(), adopted_.end(), [](const auto& entry) { return entry.second.record.request.empty() || entry.second.ours_next; });
}

}  // namespace patchbay::controller
