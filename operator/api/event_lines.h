// The lines of watch streams, written once per step and form and shared by all watchers, as is what goes out at once.
// Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/failure.h"
#include "api/media.h"
#include "api/render.h"
#include "base/guarded.h"
#include "cache/cache.h"

namespace patchbay::api {

enum class EventType { kAdded, kModified, kDeleted };

class EventLines {
 public:
  explicit EventLines(const Renderer& renderer) : renderer_(renderer) {}

  // REQUIRES: for kAdded and kModified step->after; for kDeleted step->before or step->deleted.
  // `columns`: the first line of a Table watch; such a line is not shared.
  Bytes StepLine(const Kind& kind, const Form& form, const cache::StepPtr& step, EventType type, bool columns);
  // What a watcher is told at once. REQUIRES: as above, of each.
  struct Told {
    cache::StepPtr step;
    EventType type;
  };
  // All their lines, in few pieces: many watchers of the same objects send the same bytes with one write each.
  std::vector<Bytes> StepLines(const Kind& kind, const Form& form, const std::vector<Told>& told);
  // An object that is there when the watch begins.
  std::string AddedLine(const Kind& kind, const Form& form, const cache::Entry& entry, bool columns) const;
  std::string BookmarkLine(const Kind& kind, const Form& form, Revision revision, bool initial) const;
  static std::string ErrorLine(const Failure& failure);

 private:
  using Name = std::tuple<const cache::Step*, int, EventType>;
  struct Kept {
    std::map<Name, Bytes> lines;
    std::deque<std::pair<Name, cache::StepPtr>> order;  // oldest first; holds the step, so that its address is its own
    std::size_t bytes = 0;
  };
  // A few of those that were joined last.
  struct Joined {
    int form = 0;
    std::vector<Told> told;
    std::vector<Bytes> pieces;
  };
  std::vector<Bytes> Join(const Kind& kind, const Form& form, const std::vector<Told>& told);
  const Renderer& renderer_;
  Guarded<Kept> kept_;
  Guarded<std::deque<Joined>> joined_;
};

}  // namespace patchbay::api
