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

// The wish, and where it leads: a digest, or the addresses while more of the plugins' containers may become ready.
struct Fingerprint {
  std::string wish;
  std::vector<std::string> addresses;
  std::string backends;

  Fingerprint(const RouteWish& route, const ResolvedRoute& resolved)
      : wish(Sha256Hex(StrCat(route.generation, " ", route.reconcile.requested_at)).substr(0, 8)),
        backends(Sha256Hex(DumpJson(ToJson(resolved.backends))).substr(0, 16)) {
    for (const ServedBackend& backend : resolved.backends) addresses.push_back(backend.address);
    std::sort(addresses.begin(), addresses.end());
  }
  std::string Print(bool settled) const { return settled ? StrCat(wish, ".", backends) : StrCat(wish, "+", Join(addresses, ",")); }
  // Nothing that was there is gone.
  bool Continues(const std::string& as) const {
    if (as == Print(true)) return true;
    if (!as.starts_with(wish + "+")) return false;
    std::vector<std::string> before = Split(as.substr(wish.size() + 1), ',');
    std::erase(before, "");
    return std::includes(addresses.begin(), addresses.end(), before.begin(), before.end());
  }
};

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
  AdoptionRecord& record = known.record;
  const bool handled = !record.request.empty();
  if (wish.deleting || (handled ? record.entries.empty() : !wish.wanted())) return wish.wanted();
  const std::vector<std::string> entries = handled ? record.entries : SplitNames(wish.adopt);
  if (!handled) {
    known.problem = FindProblem(entries);
    if (!known.problem.empty()) return false;
  }
  const Fingerprint fingerprint(wish, resolved);
  const bool same = !handled || !wish.wanted() || fingerprint.Continues(record.as);
  known.wanted_as = fingerprint.Print(resolved.settled);
  // What is settled stays so: a container that is not ready for a while is missed.
  if (handled && wish.wanted() && same && record.as != fingerprint.Print(true)) record.as = known.wanted_as;
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
    if (handled || !missing.empty()) return;
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
