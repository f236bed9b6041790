// One open watch: steps of the cache become lines of a stream. Lines go out in the order in which they were decided,
// whichever thread decides, and no lock is held while they do. Thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/event_lines.h"
#include "api/request_meter.h"
#include "api/selection.h"
#include "base/guarded.h"
#include "cache/cache.h"
#include "http/server.h"

namespace patchbay::api {

class WatchSession : public cache::Watcher {
 public:
  WatchSession(Selection selection, Form form, bool bookmarks, EventLines& lines, RequestMeter& meter);

  // Once, before anything else.
  void Open(std::shared_ptr<http::Stream> stream) { stream_ = std::move(stream); }
  // What is there goes out first (nullptr: nothing), then what came meanwhile; from here on steps go out as they come.
  // `mark_end`: the client waits for the bookmark that ends the initial events.
  void Begin(const std::vector<cache::EntryPtr>& present, Revision revision, bool mark_end);

  void OnStep(const cache::StepPtr& step) override;
  bool OnSteps(std::span<const cache::StepPtr> steps) override;
  void OnProgress(Revision revision) override;
  void OnExpired() override;

  // A bookmark with what was last seen, when the client asked for them.
  void Bookmark();
  // A last bookmark, then the end of the stream.
  void End();
  // An ERROR event, then the end.
  void Fail(const Failure& failure);
  bool over() const { return state_.Lock()->over || stream_->gone(); }

 private:
  struct State {
    bool live = false;
    bool over = false;     // the last line is decided
    bool writing = false;  // a thread is at the outbox
    bool columns = false;  // the next Table line begins with columnDefinitions
    Revision seen = 0;
    std::vector<cache::StepPtr> held;
    std::vector<Bytes> outbox;  // nullptr: close
  };
  void Send(const cache::StepPtr& step);
  void SendAll(std::span<const cache::StepPtr> steps);
  void Push(Bytes line, Revision seen);
  void PushAll(std::vector<Bytes> lines, Revision seen);
  void Drain();
  Bytes MakeBookmark(Revision revision) const;
  const Selection selection_;
  const Form form_;
  const bool bookmarks_;
  EventLines& lines_;
  RequestMeter& meter_;
  std::shared_ptr<http::Stream> stream_;
  mutable Guarded<State> state_;
};

}  // namespace patchbay::api
