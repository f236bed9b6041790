#include "controller/image_ids.h"

#include "driver/runtime/image_reference.h"

namespace patchbay::controller {
namespace {

constexpr auto kFor = std::chrono::minutes(5);

}  // namespace

std::string ImageIds::Of(const std::string& image, const Key& user) {
  const auto reference = driver::ParseImageReference(image);
  if (driver::IsImageId(image) || !reference.ok() || !reference->digest.empty()) return "";
  const std::string name = reference->Canonical();
  const MonoTime now = clock_.Mono();
  int changes = 0;
  {
    auto state = state_.Lock();
    changes = state->changes;
    if (const auto known = state->entries.find(name); known != state->entries.end() && now < known->second.until) {
      known->second.users.insert(user);
      return known->second.id;
    }
    std::erase_if(state->entries, [&](const auto& entry) { return entry.second.until + kFor < now; });
  }
  const auto id = runtime_.ImageId(image);
  auto state = state_.Lock();
  Entry& entry = state->entries[name];
  if (id.ok()) entry.id = *id;
  // What changed while it was asked is asked for again.
  entry.until = state->changes == changes ? now + kFor : now;
  entry.users.insert(user);
  return entry.id;
}

std::vector<Key> ImageIds::Forget(const std::string& name) {
  const auto reference = driver::ParseImageReference(name);
  auto state = state_.Lock();
  ++state->changes;
  for (auto& [canonical, entry] : state->entries) entry.until = clock_.Mono();
  const auto named = reference.ok() ? state->entries.find(reference->Canonical()) : state->entries.end();
  if (named == state->entries.end()) return {};
  return {named->second.users.begin(), named->second.users.end()};
}

}  // namespace patchbay::controller
