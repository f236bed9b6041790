#include "api/logs.h"

#include <atomic>
#include <utility>
#include <vector>

#include "base/text.h"

namespace patchbay::api {

// A stream that can also be ended from this side: it is gone for its writer then.
class LogStream : public http::Stream {
 public:
  void Open(std::shared_ptr<http::Stream> inner) { inner_ = std::move(inner); }
  bool Write(std::shared_ptr<const std::string> piece) override { return !ended_ && inner_->Write(std::move(piece)); }
  void Close() override { inner_->Close(); }
  bool gone() const override { return ended_ || inner_->gone(); }
  void End() {
    ended_ = true;
    inner_->Close();
  }

 private:
  std::shared_ptr<http::Stream> inner_;
  std::atomic<bool> ended_{false};
};

namespace {

bool IsTrue(const http::Query& query, std::string_view name) {
  return query.Has(name) && query.Get(name) != "false" && query.Get(name) != "0";
}

Answer<long> ParseCount(const http::Query& query, std::string_view name) {
  const std::string_view text = query.Get(name);
  if (text.empty()) return -1L;
  const std::optional<long> number = ParseInt(text);
  if (number) return *number;
  return InvalidOptions("PodLogOptions", {InvalidValue(std::string(name), QuoteJson(text), "must be a whole number")});
}

}  // namespace

Logs::Logs(const Backstage& backstage, const cache::Cache& cache, Clock& clock, Threads& threads)
    : backstage_(backstage), cache_(cache), clock_(clock), threads_(threads) {}

Answer<Backstage::LogQuery> Logs::ParseQuery(const Call& call) const {
  const http::Query& asked = call.request().query;
  Backstage::LogQuery query;
  query.ns = call.path.ns;
  query.plugin = call.path.name;
  query.instance = asked.Get("container");
  query.follow = IsTrue(asked, "follow");
  query.previous = IsTrue(asked, "previous");
  query.timestamps = IsTrue(asked, "timestamps");
  PATCHBAY_TRY(const long tail, ParseCount(asked, "tailLines"));
  query.tail = static_cast<int>(std::min<long>(tail, 10'000'000));
  PATCHBAY_TRY(const long seconds, ParseCount(asked, "sinceSeconds"));
  query.since = asked.Get("sinceTime");
  if (!query.since.empty() && !ParseTime(query.since)) {
    return InvalidOptions("PodLogOptions", {InvalidValue("sinceTime", QuoteJson(query.since), "must be RFC 3339")});
  }
  if (seconds >= 0) query.since = FormatTime(clock_.Wall() - std::chrono::seconds(std::min(seconds, 1'000'000'000L)));
  return query;
}

void Logs::Get(const CallPtr& call) {
  if (!backstage_.logs) return call->Fail(FromError({Code::kUnsupported, "this server has no logs"}, nullptr, ""));
  if (!cache_.Get(call->key())) return call->Fail(NotFound(*call->kind, call->path.name));
  const Answer<Backstage::LogQuery> query = ParseQuery(*call);
  if (!query.ok()) return call->Fail(query.error());
  const bool taken = threads_.Run([this, call, query = *query] { Stream(call, query); });
  if (!taken) call->Fail(TooManyRequests("too many log streams are open"));
}

std::shared_ptr<LogStream> Logs::Open(const CallPtr& call) {
  http::Response head;
  head.headers.Add("Content-Type", "text/plain");
  auto stream = std::make_shared<LogStream>();
  stream->Open(call->StartStream(std::move(head), [] {}));
  bool closed = false;
  {
    auto state = state_.Lock();
    closed = state->closed;
    if (!closed) state->open.insert(stream);
  }
  if (closed) stream->End();
  return stream;
}

void Logs::Stream(const CallPtr& call, const Backstage::LogQuery& query) {
  std::shared_ptr<LogStream> stream;
  const Result<void> result = backstage_.logs(query, [&]() -> std::shared_ptr<http::Stream> {
    if (!stream) stream = Open(call);
    return stream;
  });
  if (!stream && !result.ok()) return call->Fail(FromError(result.error(), call->kind, call->path.name));
  if (!stream) return call->Reply(http::Response::Text(200, "", "text/plain"));
  stream->Close();
  state_.Lock()->open.erase(stream);
}

void Logs::End() {
  std::set<std::shared_ptr<LogStream>> all;
  {
    auto state = state_.Lock();
    state->closed = true;
    all.swap(state->open);
  }
  for (const auto& stream : all) stream->End();
}

}  // namespace patchbay::api
