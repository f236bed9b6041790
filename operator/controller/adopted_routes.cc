#include "controller/adopted_routes.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/text.h"
#include "controller/adoption.h"
#include "controller/verdict.h"
#include "object/extent.h"

namespace patchbay::controller {
namespace {

using driver::EntryUse;

std::vector<std::string> SplitNames(const std::string& annotation) {
  std::vector<std::string> names;
  for (const std::string& part : Split(annotation, ','))
    if (const auto name = Trim(part); !name.empty()) names.emplace_back(name);
  return names;
}

// The wish, and where it leads: a digest, or what it is made of while more of the plugins' containers may become ready.
struct Fingerprint {
  std::string wish;
  std::vector<std::string> targets;  // sorted

  Fingerprint(const RouteWish& route, const ResolvedRoute& resolved)
      : wish(Sha256Hex(StrCat(route.spec_digest, " ", route.reconcile.requested_at)).substr(0, 8)), targets(resolved.revisions) {
    for (const ServedBackend& backend : resolved.backends) targets.push_back(StrCat(backend.address, "*", backend.weight));
    std::sort(targets.begin(), targets.end());
  }
  std::string Print(bool settled) const {
    const std::string all = Join(targets, ",");
    return settled ? StrCat(wish, ".", Sha256Hex(all).substr(0, 16)) : StrCat(wish, "+", all);
  }
  bool WishesAs(const std::string& as) const { return as.starts_with(wish); }
  // Nothing that was there is gone.
  bool LeadsAs(const std::string& as) const {
    if (as.size() <= wish.size()) return false;
    if (as[wish.size()] == '.') return as.substr(wish.size()) == Print(true).substr(wish.size());
    std::vector<std::string> before = Split(as.substr(wish.size() + 1), ',');
    std::erase(before, "");
    return std::includes(targets.begin(), targets.end(), before.begin(), before.end());
  }
};

Extent ExtentOf(const driver::GatewayRoute& route) {
  Extent extent{route.hosts, {}};
  for (const driver::PathMatch& path : route.paths)
    extent.prefixes.push_back(path.type == driver::PathMatch::Type::kRegex ? "" : path.value);
  return extent;
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
  auto found = adopted_.find(wish.uid);
  if (found == adopted_.end()) {
    if (wish.adopt.empty() && wish.adoption.request.empty()) return wish.wanted();
    found = adopted_.emplace(wish.uid, Adopted()).first;
    found->second.record = wish.adoption;
  }
  Adopted& known = found->second;
  if (known.request != wish.adopt) known.first_as = known.missing = "";
  known.request = wish.adopt;
  known.problem = "";
  known.ours_next = known.again = false;
  if (wish.deleting) return false;
  if (!known.record.entries.empty()) return DecideServed(wish, resolved, known);
  if (wish.adopt.empty()) {
    adopted_.erase(found);
    return wish.wanted();
  }
  if (known.record.request != wish.adopt && wish.wanted()) return DecideNew(wish, resolved, known);
  known.missing.clear();
  return wish.wanted();
}

bool AdoptedRoutes::DecideServed(const RouteWish& wish, ResolvedRoute& resolved, Adopted& known) const {
  AdoptionRecord& record = known.record;
  const Fingerprint fingerprint(wish, resolved);
  known.astray = !fingerprint.LeadsAs(record.as);
  known.ours_can = wish.wanted();
  EntryUse& use = resolved.route.entry_use;
  resolved.route.entries = record.entries;
  if (!wish.enabled || known.give_up || (!wish.wanted() && known.astray)) {
    use = EntryUse::kRemove;
  } else if (!wish.wanted()) {
    use = EntryUse::kServe;
  } else {
    known.replacing = known.replacing || known.astray || !fingerprint.WishesAs(record.as) || record.request != wish.adopt;
    use = known.replacing ? EntryUse::kReplace : EntryUse::kServe;
    // What is settled stays so: a container that is not ready for a while is missed.
    if (!known.replacing && record.as != fingerprint.Print(true)) record.as = fingerprint.Print(resolved.settled);
  }
  return true;
}

bool AdoptedRoutes::DecideNew(const RouteWish& wish, ResolvedRoute& resolved, Adopted& known) const {
  const std::vector<std::string> entries = SplitNames(wish.adopt);
  known.ours = known.ours || wish.ours_stands;
  known.problem = FindProblem(entries);
  if (!known.problem.empty()) return known.ours;
  resolved.route.entries = entries;
  // Ours goes on where it serves already: what the annotation names stands in its way at most.
  resolved.route.entry_use = known.ours ? EntryUse::kReplace : EntryUse::kServe;
  const Fingerprint fingerprint(wish, resolved);
  // While the gateway is away the containers may change already: then ours takes the place next.
  if (known.first_as.empty() || (fingerprint.WishesAs(known.first_as) && fingerprint.LeadsAs(known.first_as)))
    known.first_as = fingerprint.Print(resolved.settled);
  return true;
}

void AdoptedRoutes::ReplaceTogether(std::vector<driver::GatewayRoute>& routes) const {
  std::vector<driver::GatewayRoute*> served;  // by entries, and known to be
  std::vector<Extent> ours;
  for (driver::GatewayRoute& route : routes) {
    const auto known = adopted_.find(route.id);
    const bool by_entries = !route.entries.empty() && route.entry_use == EntryUse::kServe;
    if (!by_entries && route.entry_use != EntryUse::kRemove) ours.push_back(ExtentOf(route));
    if (by_entries && known != adopted_.end() && !known->second.record.entries.empty() && known->second.ours_can) served.push_back(&route);
  }
  for (bool more = !served.empty(); more;) {
    const auto hidden = std::stable_partition(served.begin(), served.end(), [&](const auto* route) {
      const Extent extent = ExtentOf(*route);
      return std::none_of(ours.begin(), ours.end(), [&](const Extent& own) { return Overlap(own, extent); });
    });
    more = hidden != served.end();
    for (auto route = hidden; route != served.end(); ++route) {
      (*route)->entry_use = EntryUse::kReplace;
      ours.push_back(ExtentOf(**route));
    }
    served.erase(hidden, served.end());
  }
}

void AdoptedRoutes::Settle(const driver::GatewayRoute& route, const std::string& missing, bool refused) {
  const auto found = adopted_.find(route.id);
  if (found == adopted_.end()) return;
  Adopted& known = found->second;
  AdoptionRecord& record = known.record;
  const bool served = !record.entries.empty();
  if (route.entry_use == EntryUse::kReplace && refused) {
    known.give_up = known.again = served && known.astray;
    return;
  }
  if (route.entry_use == EntryUse::kServe) {
    known.missing = served ? "" : missing;
    known.ours_next = known.again = served && !missing.empty();
    if (known.ours_next) record.entries.clear();
    if (served || !missing.empty()) return;
    record = {known.request, route.entries, known.first_as};
    known.again = true;
    return;
  }
  End(known, route.entry_use == EntryUse::kReplace);
}

void AdoptedRoutes::SettleElsewhere(const std::string& uid, const std::string& words) {
  const auto found = adopted_.find(uid);
  if (found == adopted_.end()) return;
  if (found->second.ours) End(found->second, true);
  else found->second.missing = words;
}

void AdoptedRoutes::SettleOurs(const std::string& uid) {
  if (const auto found = adopted_.find(uid); found != adopted_.end()) End(found->second, true);
}

void AdoptedRoutes::End(Adopted& known, bool ours) {
  known.ours = ours;
  known.again = true;
  known.replacing = known.give_up = false;
  known.missing.clear();
  known.record = {known.record.entries.empty() ? known.request : known.record.request, {}, ""};
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
  if (found == adopted_.end()) return "";
  return found->second.problem.empty() ? found->second.missing : found->second.problem;
}

bool AdoptedRoutes::IsServedByEntries(const RouteWish& wish) const {
  const auto found = adopted_.find(wish.uid);
  return !(found == adopted_.end() ? wish.adoption : found->second.record).entries.empty();
}

bool AdoptedRoutes::ServesOursNext(const std::string& uid) const {
  const auto found = adopted_.find(uid);
  return found != adopted_.end() && found->second.ours_next;
}

bool AdoptedRoutes::publish_again() const {
  return std::any_of(adopted_.begin(), adopted_.end(), [](const auto& entry) { return entry.second.again; });
}

bool AdoptedRoutes::waits() const {
  return std::any_of(adopted_.begin(), adopted_.end(), [](const auto& entry) { return !entry.second.missing.empty(); });
}

}  // namespace patchbay::controller
