#include "controller/watcher.h"

#include <string_view>

namespace patchbay::controller {
namespace {

// The metadata's text without resourceVersion, its first member. A quote within a string is escaped, so `,"spec":` can
// only be the member itself.
std::string_view MetadataOf(const cache::Entry& entry) {
  std::string_view text = *entry.bytes;
  constexpr std::string_view kBegin = "\"resourceVersion\":\"";
  if (const auto begin = text.find(kBegin); begin != std::string_view::npos)
    if (const auto end = text.find('"', begin + kBegin.size()); end != std::string_view::npos) text.remove_prefix(end);
  return text.substr(0, text.find(",\"spec\":"));
}

// The one wish that stands in a status. The status is the last member.
std::string_view EvictionsOf(const cache::Entry& entry) {
  const std::string_view text = *entry.bytes;
  const auto begin = text.rfind("\"evictions\":[");
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find(']', begin) - begin);
}

}  // namespace

bool IsSignificant(const cache::Step& step) {
  if (!step.before || !step.after) return true;
  if (step.before->uid != step.after->uid || step.before->generation != step.after->generation) return true;
  return MetadataOf(*step.before) != MetadataOf(*step.after) || EvictionsOf(*step.before) != EvictionsOf(*step.after);
}

void KeyWatcher::OnStep(const cache::StepPtr& step) {
  if (step->key.resource == kEvents) return;
  const bool has_status =
      step->key.resource == kPlugins || step->key.resource == kRoutes || step->key.resource == kWebhooks;
  if (!has_status || IsSignificant(*step)) on_change_(*step);
}

}  // namespace patchbay::controller
