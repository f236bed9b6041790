#include "api/watches.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"

namespace patchbay::api {
namespace {

constexpr std::chrono::milliseconds kBookmarkPeriod = std::chrono::seconds(60);

bool WantsPresent(const ListOptions& options) {
  if (options.initial_events) return true;
  return !options.no_initial_events && options.revision.value_or(0) == 0;
}

}  // namespace

Watches::Watches(const Renderer& renderer, const Reader& reader, std::shared_ptr<Timers> timers, Clock& clock,
                 Random& random, RequestMeter& meter, WatchLimits limits)
    : reader_(reader),
      timers_(std::move(timers)),
      clock_(clock),
      random_(random),
      meter_(meter),
      limits_(limits),
      lines_(renderer) {}

void Watches::Start(const CallPtr& call, const ListOptions& options) {
  reader_.When(call, options.revision, [self = shared_from_this(), call, options] { self->StartNow(call, options); });
}

void Watches::StartNow(const CallPtr& call, const ListOptions& options) {
  if (call->form.encoding != Encoding::kJson) return call->Fail(NotAcceptable());
  Answer<Selection> selection = Selection::Make(*call->kind, call->path.ns, call->path.name, options);
  if (!selection.ok()) return call->Fail(selection.error());
  auto session =
      std::make_shared<WatchSession>(*std::move(selection), call->form, options.bookmarks, lines_, meter_);
  const Answer<std::uint64_t> number = Register(session);
  if (!number.ok()) return call->Fail(number.error());

  http::Response head;
  head.headers.Add("Content-Type", "application/json");
  session->Open(call->StartStream(std::move(head), [weak = weak_from_this(), id = *number] {
    if (const auto self = weak.lock()) self->DropLater(id);
  }));
  Subscribe(*number, session, *call, options);
  Schedule(*number, clock_.Mono() + Duration(options));
}

Answer<std::uint64_t> Watches::Register(const SessionPtr& session) {
  auto open = open_.Lock();
  if (open->closed) return Unavailable("the server is shutting down");
  if (static_cast<int>(open->by_number.size()) >= limits_.most_watches) {
    return TooManyRequests("too many watches are open");
  }
  const std::uint64_t number = ++open->last;
  open->by_number[number].session = session;
  meter_.watches.Set(static_cast<double>(open->by_number.size()));
  return number;
}

void Watches::Subscribe(std::uint64_t number, const SessionPtr& session, const Call& call,
                        const ListOptions& options) {
  cache::Cache& cache = *call.cache;
  const std::string resource = call.stored->Resource();
  if (WantsPresent(options)) {
    std::vector<cache::EntryPtr> present;
    Revision revision = 0;
    Keep(number, cache.ListAndWatch(
                     resource,
                     [&](const std::vector<cache::EntryPtr>& entries, Revision at) {
                       present = entries;
                       revision = at;
                     },
                     session));
    return session->Begin(present, revision, options.initial_events);
  }
  const Revision from = options.revision.value_or(0) > 0 ? *options.revision : cache.revision();
  Result<std::unique_ptr<cache::WatchHandle>> handle = cache.Watch(resource, from, session);
  if (handle.ok()) {
    Keep(number, *std::move(handle));
    return session->Begin({}, from, false);
  }
  if (handle.error().code == Code::kExpired) {
    session->Fail(Expired(StrCat("too old resource version: ", from, " (", cache.revision(), ")")));
  } else {
    session->Fail(FromError(handle.error(), nullptr, ""));
  }
  DropLater(number);
}

void Watches::Keep(std::uint64_t number, std::unique_ptr<cache::WatchHandle> handle) {
  auto open = open_.Lock();
  const auto found = open->by_number.find(number);
  if (found != open->by_number.end()) found->second.handle = std::move(handle);
  open.lock().unlock();  // a handle that came too late dies without the lock
}

void Watches::Drop(std::uint64_t number) {
  Watch watch;
  auto open = open_.Lock();
  const auto found = open->by_number.find(number);
  if (found == open->by_number.end()) return;
  watch = std::move(found->second);
  open->by_number.erase(found);
  meter_.watches.Set(static_cast<double>(open->by_number.size()));
  open.lock().unlock();  // the watch dies without the lock: its handle waits for calls under way
}

void Watches::DropLater(std::uint64_t number) {
  timers_->After(std::chrono::milliseconds(0), [weak = weak_from_this(), number] {
    if (const auto self = weak.lock()) self->Drop(number);
  });
}

std::chrono::milliseconds Watches::Duration(const ListOptions& options) {
  if (options.timeout) return *options.timeout;
  // Spread, so that watches that began together do not all come back together.
  const auto third = limits_.most_time.count() / 3;
  return limits_.most_time - std::chrono::milliseconds(static_cast<long>(random_.Unit() * static_cast<double>(third)));
}

void Watches::Schedule(std::uint64_t number, MonoTime end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock_.Mono());
  timers_->After(std::clamp(left, std::chrono::milliseconds(0), kBookmarkPeriod),
                [weak = weak_from_this(), number, end] {
                  if (const auto self = weak.lock()) self->Tick(number, end);
                });
}

void Watches::Tick(std::uint64_t number, MonoTime end) {
  SessionPtr session;
  {
    auto open = open_.Lock();
    const auto found = open->by_number.find(number);
    if (found == open->by_number.end()) return;
    session = found->second.session;
  }
  if (session->over()) return Drop(number);
  if (clock_.Mono() >= end) {
    session->End();
    return Drop(number);
  }
  session->Bookmark();
  Schedule(number, end);
}

void Watches::End() {
  std::unordered_map<std::uint64_t, Watch> all;
  {
    auto open = open_.Lock();
    open->closed = true;
    all.swap(open->by_number);
    meter_.watches.Set(0);
  }
  for (auto& [number, watch] : all) watch.session->End();
}

}  // namespace patchbay::api
