#include "api/event_lines.h"

#include <algorithm>
#include <memory>

#include "api/event_view.h"
#include "base/text.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

// Watchers get a step one after the other: a short memory is enough.
constexpr std::size_t kMostLines = 1024;
constexpr std::size_t kMostBytes = 4 * 1024 * 1024;
constexpr std::size_t kPieceSize = 64 * 1024;
constexpr std::size_t kMostJoined = 8;

const char* Word(EventType type) {
  switch (type) {
    case EventType::kAdded:
      return "ADDED";
    case EventType::kModified:
      return "MODIFIED";
    case EventType::kDeleted:
      break;
  }
  return "DELETED";
}

// Two kinds may show one step.
int FormNumber(const Kind& kind, const Form& form) {
  return (IsEventView(kind) ? 100 : 0) + static_cast<int>(form.shape) * 6 + static_cast<int>(form.row_object) * 2 +
         (form.meta_version == "v1" ? 1 : 0);
}

std::string Line(std::string_view type, std::string_view object) {
  return StrCat("{\"type\":\"", type, "\",\"object\":", object, "}\n");
}

// The same object said to be at another revision: resourceVersion is the first member of metadata.
std::string AtRevision(std::string_view bytes, Revision revision) {
  static constexpr std::string_view kMark = "\"metadata\":{\"resourceVersion\":\"";
  const std::size_t mark = bytes.find(kMark);
  if (mark == std::string_view::npos) return std::string(bytes);
  const std::size_t begin = mark + kMark.size();
  return StrCat(bytes.substr(0, begin), revision, bytes.substr(bytes.find('"', begin)));
}

std::string ObjectOf(const cache::Step& step, EventType type) {
  if (type != EventType::kDeleted) return *step.after->bytes;
  if (step.deleted) return *step.deleted;
  return AtRevision(*step.before->bytes, step.revision);
}

}  // namespace

Bytes EventLines::StepLine(const Kind& kind, const Form& form, const cache::StepPtr& step, EventType type,
                           bool columns) {
  const Name name{step.get(), FormNumber(kind, form), type};
  if (!columns) {
    auto kept = kept_.Lock();
    if (const auto found = kept->lines.find(name); found != kept->lines.end()) return found->second;
  }
  auto line = std::make_shared<const std::string>(
      Line(Word(type), renderer_.EventObject(kind, form, ObjectOf(*step, type), columns)));
  if (columns) return line;
  auto kept = kept_.Lock();
  if (!kept->lines.emplace(name, line).second) return line;
  kept->order.emplace_back(name, step);
  kept->bytes += line->size();
  while (kept->order.size() > kMostLines || (kept->bytes > kMostBytes && kept->order.size() > 1)) {
    const auto oldest = kept->lines.find(kept->order.front().first);
    kept->bytes -= oldest->second->size();
    kept->lines.erase(oldest);
    kept->order.pop_front();
  }
  return line;
}

std::vector<Bytes> EventLines::StepLines(const Kind& kind, const Form& form, const std::vector<Told>& told) {
  const int number = FormNumber(kind, form);
  const auto same = [](const Told& a, const Told& b) { return a.step == b.step && a.type == b.type; };
  {
    const auto joined = joined_.Lock();
    for (const Joined& known : *joined) {
      if (known.form != number || known.told.size() != told.size()) continue;
      if (std::equal(told.begin(), told.end(), known.told.begin(), same)) return known.pieces;
    }
  }
  std::vector<Bytes> pieces = Join(kind, form, told);
  auto joined = joined_.Lock();
  joined->push_front({number, told, pieces});
  if (joined->size() > kMostJoined) joined->pop_back();
  return pieces;
}

std::vector<Bytes> EventLines::Join(const Kind& kind, const Form& form, const std::vector<Told>& told) {
  std::vector<Bytes> pieces;
  std::string text;
  const auto close = [&] {
    if (!text.empty()) pieces.push_back(std::make_shared<const std::string>(std::exchange(text, {})));
  };
  for (const auto& [step, type] : told) {
    const Bytes line = StepLine(kind, form, step, type, false);
    if (told.size() == 1) return {line};
    if (text.size() + line->size() > kPieceSize) close();
    text += *line;
  }
  close();
  return pieces;
}

std::string EventLines::AddedLine(const Kind& kind, const Form& form, const cache::Entry& entry, bool columns) const {
  return Line("ADDED", renderer_.EventObject(kind, form, *entry.bytes, columns));
}

std::string EventLines::BookmarkLine(const Kind& kind, const Form& form, Revision revision, bool initial) const {
  return Line("BOOKMARK", renderer_.Bookmark(kind, form, revision, initial));
}

std::string EventLines::ErrorLine(const Failure& failure) { return Line("ERROR", DumpJson(ToStatus(failure))); }

}  // namespace patchbay::api
