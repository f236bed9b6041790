#include "live_table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "object/object.h"
#include "schema/kind.h"

namespace patchbay {
namespace {

LiveRow RowOf(const Kind& kind, const Json& object) {
  LiveRow row;
  row.object = StrCat(kind.singular, "/", NameOf(object));
  if (NamespaceOf(object) != "default") row.object = StrCat(NamespaceOf(object), " ", row.object);
  const auto ready = FindCondition(object, "Ready");
  const bool current = FindInt(object, {"status", "observedGeneration"}) >= GenerationOf(object);
  row.is_ready = ready && ready->status == "True" && current;
  if (!FindBool(object, {"spec", "enabled"}, true)) row.is_ready = true;
  row.ready = FindString(object, {"status", "ready"}, row.is_ready ? "yes" : "no");
  row.phase = FindString(object, {"status", "phase"}, ready ? ready->reason : "Pending");
  if (!row.is_ready && ready) row.message = ready->message;
  return row;
}

std::size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 120;
}

std::vector<std::string> Lines(const std::vector<LiveRow>& rows, std::size_t width) {
  std::size_t object = 6;
  std::size_t ready = 5;
  std::size_t phase = 5;
  for (const auto& row : rows) {
    object = std::max(object, row.object.size());
    ready = std::max(ready, row.ready.size());
    phase = std::max(phase, row.phase.size());
  }
  const auto pad = [](std::string text, std::size_t size) {
    text.resize(std::max(text.size(), size), ' ');
    return text;
  };
  std::vector<std::string> lines{StrCat("  ", pad("OBJECT", object), "   ", pad("READY", ready), "   ", pad("PHASE", phase))};
  for (const auto& row : rows) {
    std::string line = StrCat("  ", pad(row.object, object), "   ", pad(row.ready, ready), "   ", pad(row.phase, phase),
                              row.message.empty() ? "" : "   ", row.message);
    for (char& c : line)
      if (c == '\n') c = ' ';
    if (line.size() > width) line.resize(width);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

Result<std::vector<LiveRow>> ReadRows(cli::ApiClient& api) {
  std::vector<LiveRow> rows;
  for (const auto resource : {kPlugins, kRoutes, kWebhooks}) {
    const Kind* kind = Kinds::Embedded().FindResource(resource);
    PATCHBAY_TRY(const Json list, api.Get(cli::ObjectPath(*kind, "")));
    if (const Json* items = Find(list, {"items"}))
      for (const Json& item : *items) rows.push_back(RowOf(*kind, item));
  }
  return rows;
}

void LiveTable::Draw(const std::vector<LiveRow>& rows) {
  const auto lines = Lines(rows, terminal_ ? TerminalWidth() - 1 : 400);
  if (!terminal_) {
    for (std::size_t i = 1; i < lines.size(); ++i)
      if (std::find(last_.begin(), last_.end(), lines[i]) == last_.end()) out_ << lines[i] << "\n";
    out_.flush();
    last_ = lines;
    return;
  }
  if (lines == last_) return;
  std::string text = lines_ > 0 ? StrCat("\x1b[", lines_, "A") : "";
  for (const auto& line : lines) text += line + "\x1b[K\n";
  text += "\x1b[J";
  out_ << text << std::flush;
  lines_ = lines.size();
  last_ = lines;
}

}  // namespace patchbay
