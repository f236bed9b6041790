// The last steps, for watchers that resume and for lists at an older revision. Bounded by count and bytes. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cache/table.h"

namespace patchbay::cache {

class History {
 public:
  History(std::size_t most_steps, std::size_t most_bytes) : most_steps_(most_steps), most_bytes_(most_bytes) {}

  // Forgets everything: from now on only what comes after `floor` is known.
  void Restart(Revision floor);
  // REQUIRES: revisions grow.
  void Append(const StepPtr& step);
  // What happened strictly between the two is known only from one state to the other: nobody can stand between.
  void AddGap(Revision from, Revision to);

  // A reader that stands at `revision` can be told the rest.
  bool Covers(Revision revision) const;
  // The steps after `from`, of one resource or ("") of all.
  // REQUIRES: Covers(from).
  std::vector<StepPtr> After(std::string_view resource, Revision from) const;

  std::size_t size() const { return all_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Gap {
    Revision from;
    Revision to;
  };
  void DropOldest();

  const std::size_t most_steps_;
  const std::size_t most_bytes_;
  std::deque<StepPtr> all_;
  std::map<std::string, std::deque<StepPtr>, std::less<>> by_resource_;
  std::deque<Gap> gaps_;
  std::size_t bytes_ = 0;
  Revision floor_ = 0;
};

// The table as it was before `steps`, which lead in order to `now`.
TablePtr Undo(const TablePtr& now, const std::vector<StepPtr>& steps);

}  // namespace patchbay::cache
