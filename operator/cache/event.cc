#include "cache/event.h"

#include "base/digest.h"
#include "base/text.h"
#include "cache/entry.h"

namespace patchbay::cache {
namespace {

constexpr std::chrono::hours kSameStory{1};
constexpr std::size_t kMostMessage = 1024;  // Kubernetes' limit of an Event's note
constexpr std::size_t kMostName = 253;

// Cut between characters.
std::string Shorten(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

Json InvolvedObject(const Subject& subject) {
  Json object = {{"apiVersion", subject.api_version}, {"kind", subject.kind}};
  if (!subject.key.ns.empty()) object["namespace"] = subject.key.ns;
  object["name"] = subject.key.name;
  object["uid"] = subject.uid;
  if (subject.revision > 0) object["resourceVersion"] = StrCat(subject.revision);
  return object;
}

Json NewEvent(const Key& key, const Subject& subject, const EventNote& note, const std::string& component,
              const std::string& time, const std::string& uid) {
  Json metadata = {{"name", key.name}, {"namespace", key.ns}, {"uid", uid}, {"creationTimestamp", time}};
  return {{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata", std::move(metadata)},
          {"involvedObject", InvolvedObject(subject)},
          {"reason", note.reason},
          {"message", Shorten(note.message, kMostMessage)},
          {"source", {{"component", component}}},
          {"firstTimestamp", time},
          {"lastTimestamp", time},
          {"count", 1},
          {"type", note.warning ? "Warning" : "Normal"},
          {"eventTime", nullptr},
          {"reportingComponent", component},
          {"reportingInstance", ""}};
}

// The present Event told once more, or nothing when it is another story by now.
std::optional<Json> Again(const EntryPtr& present, const Subject& subject, WallTime now) {
  if (!present) return std::nullopt;
  auto event = ParseStored(*present->bytes);
  if (!event.ok()) return std::nullopt;
  const auto last = ParseTime(FindString(*event, {"lastTimestamp"}));
  if (!last || now - *last > kSameStory) return std::nullopt;
  (*event)["count"] = FindInt(*event, {"count"}, 1) + 1;
  (*event)["lastTimestamp"] = FormatTime(now);
  (*event)["series"] = {{"count", (*event)["count"]}, {"lastObservedTime", FormatMicroTime(now)}};
  (*event)["involvedObject"] = InvolvedObject(subject);
  return *std::move(event);
}

}  // namespace

Subject SubjectOf(const Key& key, const Json& object) {
  return {.api_version = FindString(object, {"apiVersion"}),
          .kind = FindString(object, {"kind"}),
          .key = key,
          .uid = UidOf(object),
          .revision = RevisionOf(object)};
}

Key EventKey(const Subject& subject, const EventNote& note) {
  const std::string story = StrCat(subject.uid, "\n", note.reason, "\n", note.message, note.warning ? "\nWarning" : "");
  const std::string digest = Sha256Hex(story).substr(0, 16);
  std::string name = subject.key.name.substr(0, kMostName - 1 - digest.size());
  while (!name.empty() && (name.back() == '.' || name.back() == '-')) name.pop_back();
  return {std::string(kEvents), subject.key.ns.empty() ? "default" : subject.key.ns, StrCat(name, ".", digest)};
}

store::Write EventWrite(const Subject& subject, const EventNote& note, const EntryPtr& present,
                        const std::string& component, WallTime now, const std::string& fresh_uid) {
  const Key key = EventKey(subject, note);
  auto event = Again(present, subject, now);
  if (!event) event = NewEvent(key, subject, note, component, FormatTime(now), present ? present->uid : fresh_uid);
  return {.key = key,
          .op = store::Write::Op::kPut,
          .expected = std::nullopt,
          .uid = UidOf(*event),
          .generation = 0,
          .body = EncodeBody(*std::move(event))};
}

}  // namespace patchbay::cache
