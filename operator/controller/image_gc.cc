#include "controller/image_gc.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "controller/lookup.h"
#include "controller/revisions.h"
#include "driver/runtime/image_reference.h"
#include "object/object.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;

const Key kMemory{std::string(kConfigMaps), "patchbay-system", "patchbay-pulled-images"};
constexpr const char* kSince = "unusedSince";
constexpr std::size_t kMostAtOnce = 10;  // of one pass

std::string Canonical(const std::string& image) {
  const auto reference = driver::ParseImageReference(image);
  return reference.ok() ? reference->Canonical() : "";
}

Json ReadImages(const Json& map) {
  auto images = ParseJson(FindString(map, {"data", "images"}, "{}"));
  return images.ok() && images->is_object() ? *std::move(images) : Json::object();
}

}  // namespace

Json ImageGc::Remembered() const {
  const auto map = ReadObject(parts_.cache, kMemory);
  return map ? ReadImages(*map) : Json::object();
}

Result<void> ImageGc::Change(const std::function<void(Json& images)>& change) {
  if (!parts_.cache.Get(kMemory)) {
    const Json map = {{"apiVersion", "v1"},
                      {"kind", "ConfigMap"},
                      {"metadata",
                       {{"name", kMemory.name},
                        {"namespace", kMemory.ns},
                        {"uid", parts_.random.Uuid()},
                        {"creationTimestamp", FormatTime(parts_.clock.Wall())}}},
                      {"data", {{"images", "{}"}}}};
    const auto made = parts_.committer.Write({.key = kMemory, .object = map, .expected = 0});
    if (!made.ok() && made.error().code != Code::kAlreadyExists && made.error().code != Code::kConflict) return made.error();
  }
  const auto written = parts_.committer.Update(kMemory, "", [&](Json& map, cache::Committer::Notes&) {
    Json images = ReadImages(map);
    const Json before = images;
    change(images);
    if (images != before) map["data"]["images"] = DumpJson(images);
  });
  if (!written.ok()) return written.error();
  return {};
}

void ImageGc::NotePull(const std::string& image) {
  const std::string name = Canonical(image);
  if (parts_.after.count() == 0 || name.empty() || Remembered().contains(name)) return;
  const auto here = parts_.runtime.HasImage(image);
  if (!here.ok() || *here) return;  // somebody else's, or not known: never ours to remove
  const auto noted = Change([&](Json& images) { images[name] = Json::object(); });
  if (!noted.ok())
    LogWarn("controller", "an image that is pulled will not be removed by itself",
            {{"image", image}, {"error", noted.error().message}});
}

Result<std::set<std::string>> ImageGc::FindNeeded() const {
  std::set<std::string> needed;
  for (const std::string_view resource : {kPlugins, kRevisions}) {
    for (const auto& entry : parts_.cache.All(resource)) {
      const auto object = ReadObject(*entry);
      if (!object) return Error{Code::kUnavailable, StrCat(entry->key.ToString(), " cannot be read")};
      const auto path = resource == kPlugins ? FindString(*object, {"spec", "image"}) : FindString(*object, {"data", "spec", "image"});
      if (!path.empty()) needed.insert(Canonical(path));
    }
  }
  return needed;
}

Result<std::set<std::string>> ImageGc::Mark(const std::set<std::string>& needed, const std::vector<driver::Image>& images) {
  std::map<std::string, bool> there;  // and whether a container uses it
  for (const driver::Image& image : images)
    for (const std::string& reference : image.references) there[Canonical(reference)] = image.used;
  const WallTime now = parts_.clock.Wall();
  std::set<std::string> due;
  PATCHBAY_CHECK(Change([&](Json& remembered) {
    due.clear();
    Json kept = Json::object();
    for (const auto& [name, entry] : remembered.items()) {
      const auto present = there.find(name);
      if (present == there.end() && !needed.contains(name)) continue;
      kept[name] = Json::object();
      if (needed.contains(name) || present->second) continue;
      const auto since = ParseTime(FindString(entry, {kSince}));
      kept[name][kSince] = FormatTime(since.value_or(now));
      if (since && now - *since >= parts_.after) due.insert(name);
    }
    remembered = std::move(kept);
  }));
  return due;
}

Outcome ImageGc::Run() {
  if (parts_.after.count() == 0) return Converged{};
  if (!parts_.cache.synced()) return CheckAgain{Pause()};
  const auto needed = FindNeeded();
  if (!needed.ok()) return CheckAgain{Pause()};
  const Json remembered = Remembered();
  const bool all_needed = std::all_of(remembered.items().begin(), remembered.items().end(), [&](const auto& item) {
    return needed->contains(item.key()) && item.value().empty();
  });
  if (all_needed) return CheckAgain{Pause()};
  const auto images = parts_.runtime.ListImages();
  if (!images.ok() || images->empty()) return CheckAgain{Pause()};
  const auto due = Mark(*needed, *images);
  if (!due.ok()) return CheckAgain{Pause()};
  if (const auto removed = RemoveAll(*due); !removed.ok()) return Failed{removed.error()};
  return CheckAgain{Pause()};
}

// What is gone is forgotten at once: should somebody fetch it again, it is not ours.
Result<void> ImageGc::RemoveAll(const std::set<std::string>& due) {
  std::vector<std::string> gone;
  for (const std::string& name : due) {
    if (gone.size() == kMostAtOnce) break;
    const auto removed = parts_.runtime.RemoveImage(name);
    parts_.metrics.CountAct(Metrics::Act::kRemoveImage, removed.ok());
    if (removed.ok()) {
      LogInfo("controller", "an image that nobody needs any more was removed", {{"image", name}});
      gone.push_back(name);
    } else {
      LogWarn("controller", "an image could not be removed", {{"image", name}, {"error", removed.error().message}});
    }
  }
  if (gone.empty()) return {};
  return Change([&](Json& images) {
    for (const std::string& name : gone) images.erase(name);
  });
}

milliseconds ImageGc::Pause() const {
  using std::chrono::minutes;
  return std::clamp<milliseconds>(parts_.after / 8, minutes(1), minutes(60));
}

}  // namespace patchbay::controller
