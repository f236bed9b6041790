#include "api/watch_session.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text.h"

namespace patchbay::api {
namespace {

// How a step looks to somebody who sees only what is selected.
std::optional<EventType> TypeOf(const Selection& selection, const cache::Step& step) {
  const bool was = selection.Matches(step.before);
  const bool is = selection.Matches(step.after);
  if (is) return was ? EventType::kModified : EventType::kAdded;
  if (was) return EventType::kDeleted;
  return std::nullopt;
}

}  // namespace

WatchSession::WatchSession(Selection selection, Form form, bool bookmarks, EventLines& lines, RequestMeter& meter)
    : selection_(std::move(selection)), form_(std::move(form)), bookmarks_(bookmarks), lines_(lines), meter_(meter) {
  state_.Lock()->columns = form_.shape == Shape::kTable;
}

void WatchSession::Begin(const std::vector<cache::EntryPtr>& present, Revision revision, bool mark_end) {
  // One piece: a stream takes a single one of any size, many small ones only up to its bound.
  std::string text;
  bool columns = form_.shape == Shape::kTable;
  int count = 0;
  for (const cache::EntryPtr& entry : present) {
    if (!selection_.Matches(*entry)) continue;
    text += lines_.AddedLine(selection_.kind(), form_, *entry, columns);
    columns = false;
    ++count;
  }
  if (mark_end && bookmarks_) text += lines_.BookmarkLine(selection_.kind(), form_, revision, true);
  if (count > 0) {
    meter_.watch_events.Add(count);
    state_.Lock()->columns = false;
  }
  Push(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text)), revision);
  for (;;) {
    std::vector<cache::StepPtr> held;
    {
      auto state = state_.Lock();
      held.swap(state->held);
      if (held.empty()) {
        state->live = true;
        return;
      }
    }
    for (const cache::StepPtr& step : held) Send(step);
  }
}

void WatchSession::OnStep(const cache::StepPtr& step) {
  {
    auto state = state_.Lock();
    if (state->over) return;
    if (!state->live) return state->held.push_back(step);
  }
  Send(step);
}

void WatchSession::Send(const cache::StepPtr& step) {
  const std::optional<EventType> type = TypeOf(selection_, *step);
  if (!type) return Push(nullptr, step->revision);
  const bool columns = std::exchange(state_.Lock()->columns, false);
  meter_.watch_events.Add();
  Push(lines_.StepLine(selection_.kind(), form_, step, *type, columns), step->revision);
}

bool WatchSession::OnSteps(std::span<const cache::StepPtr> steps) {
  if (form_.shape == Shape::kTable || steps.size() == 1) return false;
  {
    auto state = state_.Lock();
    if (state->over) return true;
    if (!state->live) {
      state->held.insert(state->held.end(), steps.begin(), steps.end());
      return true;
    }
  }
  SendAll(steps);
  return true;
}

void WatchSession::SendAll(std::span<const cache::StepPtr> steps) {
  std::vector<EventLines::Told> told;
  told.reserve(steps.size());
  for (const cache::StepPtr& step : steps) {
    if (const std::optional<EventType> type = TypeOf(selection_, *step)) told.push_back({step, *type});
  }
  const Revision seen = steps.back()->revision;
  if (told.empty()) return PushAll({}, seen);
  meter_.watch_events.Add(static_cast<double>(told.size()));
  PushAll(lines_.StepLines(selection_.kind(), form_, told), seen);
}

void WatchSession::OnProgress(Revision revision) {
  auto state = state_.Lock();
  if (state->live) state->seen = std::max(state->seen, revision);
}

void WatchSession::OnExpired() { Fail(Expired("the database has another history now: list again")); }

Bytes WatchSession::MakeBookmark(Revision revision) const {
  return std::make_shared<const std::string>(lines_.BookmarkLine(selection_.kind(), form_, revision, false));
}

void WatchSession::Bookmark() {
  if (!bookmarks_) return;
  {
    auto state = state_.Lock();
    if (!state->live || state->over) return;
    state->outbox.push_back(MakeBookmark(state->seen));
  }
  Drain();
}

void WatchSession::End() {
  {
    auto state = state_.Lock();
    if (state->over) return;
    state->over = true;
    if (bookmarks_ && state->live) state->outbox.push_back(MakeBookmark(state->seen));
    state->outbox.push_back(nullptr);
  }
  Drain();
}

void WatchSession::Fail(const Failure& failure) {
  {
    auto state = state_.Lock();
    if (state->over) return;
    state->over = true;
    state->outbox.push_back(std::make_shared<const std::string>(EventLines::ErrorLine(failure)));
    state->outbox.push_back(nullptr);
  }
  Drain();
}

void WatchSession::Push(Bytes line, Revision seen) {
  PushAll(line ? std::vector<Bytes>{std::move(line)} : std::vector<Bytes>(), seen);
}

void WatchSession::PushAll(std::vector<Bytes> lines, Revision seen) {
  {
    auto state = state_.Lock();
    if (state->over) return;
    state->seen = std::max(state->seen, seen);
    if (lines.empty()) return;
    std::move(lines.begin(), lines.end(), std::back_inserter(state->outbox));
  }
  Drain();
}

void WatchSession::Drain() {
  {
    auto state = state_.Lock();
    if (state->writing) return;  // that thread takes ours along
    state->writing = true;
  }
  for (;;) {
    std::vector<Bytes> lines;
    {
      auto state = state_.Lock();
      lines.swap(state->outbox);
      if (lines.empty()) {
        state->writing = false;
        return;
      }
    }
    for (Bytes& line : lines) {
      if (!line) {
        stream_->Close();
      } else if (!stream_->Write(std::move(line))) {
        state_.Lock()->over = true;
      }
    }
  }
}

}  // namespace patchbay::api
