#include "driver/runtime/claims.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay::driver {

Result<std::vector<std::string>> Claims::Set(const std::string& owner_uid, const std::vector<Claimed>& containers) {
  auto state = state_.Lock();
  for (const Claimed& claimed : containers)
    if (const auto known = state->find(claimed.id); known != state->end() && known->second.owner_uid != owner_uid)
      return Error{Code::kConflict,
                   StrCat("container ", claimed.id, " is claimed for the owner ", known->second.owner_uid)};
  std::vector<std::string> given_up;
  for (const auto& [id, entry] : *state)
    if (entry.owner_uid == owner_uid &&
        std::none_of(containers.begin(), containers.end(),
                     [&, &id = id](const Claimed& claimed) { return claimed.id == id; }))
      given_up.push_back(id);
  for (const std::string& id : given_up) state->erase(id);
  for (const Claimed& claimed : containers) {
    Entry entry{owner_uid, claimed.labels};
    entry.labels[kLabelInstallation] = installation_;
    entry.labels[kLabelOwnerUid] = owner_uid;
    entry.labels[kLabelClaimed] = "true";
    state->insert_or_assign(claimed.id, std::move(entry));
  }
  return given_up;
}

std::vector<std::string> Claims::IdsOf(const std::string& owner_uid) const {
  std::vector<std::string> ids;
  const auto state = state_.Lock();
  for (const auto& [id, entry] : *state)
    if (owner_uid.empty() || entry.owner_uid == owner_uid) ids.push_back(id);
  return ids;
}

void Claims::Mark(Container& container) const {
  if (container.labels.contains(kLabelInstallation)) return;
  const auto state = state_.Lock();
  const auto known = state->find(container.id);
  if (known == state->end()) return;
  for (const auto& [name, value] : known->second.labels) container.labels.insert_or_assign(name, value);
}

}  // namespace patchbay::driver
