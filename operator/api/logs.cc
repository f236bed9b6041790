#include "api/logs.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "api/codec.h"
#include "base/text.h"

namespace patchbay::api {

// A stream that can also be ended from this side, and ends by itself when it has given enough: it is gone for its
// writer then.
class LogStream : public http::Stream {
 public:
  explicit LogStream(std::int64_t most_bytes) : left_(most_bytes) {}
  void Open(std::shared_ptr<http::Stream> inner) { inner_ = std::move(inner); }
  bool Write(std::shared_ptr<const std::string> piece) override {
    if (ended_) return false;
    if (left_ < 0) return inner_->Write(std::move(piece));
    const auto size = static_cast<std::int64_t>(piece->size());
    if (size > left_) piece = std::make_shared<const std::string>(piece->substr(0, static_cast<std::size_t>(left_)));
    left_ -= std::min(size, left_);
    const bool open = inner_->Write(std::move(piece));
    if (left_ == 0) End();
    return open && left_ > 0;
  }
  void Close() override { inner_->Close(); }
  bool gone() const override { return ended_ || inner_->gone(); }
  void End() {
    ended_ = true;
    inner_->Close();
  }

 private:
  std::shared_ptr<http::Stream> inner_;
  std::int64_t left_;  // of its one writer
  std::atomic<bool> ended_{false};
};

namespace {

bool IsTrue(const http::Query& query, std::string_view name) {
  return query.Has(name) && query.Get(name) != "false" && query.Get(name) != "0";
}

// -1 when absent.
long ReadCount(const http::Query& query, std::string_view name, long least, std::vector<Cause>& causes) {
  const std::string_view text = query.Get(name);
  if (text.empty()) return -1;
  const bool negative = text.starts_with('-');
  std::optional<long> number = ParseInt(negative ? text.substr(1) : text);
  if (number && negative) number = -*number;
  if (!number) {
    causes.push_back(InvalidValue(std::string(name), QuoteJson(text), "must be a whole number"));
  } else if (*number < least) {
    causes.push_back(InvalidValue(std::string(name), text,
                                  least == 0 ? "must be greater than or equal to 0" : "must be greater than 0"));
  } else {
    return *number;
  }
  return -1;
}

Failure InvalidLogOptions(const Call& call, std::vector<Cause> causes) {
  Kind options;
  options.kind = "PodLogOptions";
  return Invalid(options, call.path.name, std::move(causes));
}

// The pod's only container, which a client may name or not.
Answer<void> CheckContainer(const Call& call, std::string_view container) {
  const cache::EntryPtr entry = call.cache->Get(call.key());
  if (!entry) return NotFound(*call.kind, call.path.name);
  if (container.empty()) return {};
  const Json pod = ParseStored(*entry->bytes);
  if (const Json* all = Find(pod, {"spec", "containers"}); all && all->is_array()) {
    for (const Json& each : *all)
      if (FindString(each, {"name"}) == container) return {};
  }
  return BadRequest(StrCat("container ", container, " is not valid for pod ", call.path.name));
}

}  // namespace

Logs::Logs(const Backstage& backstage, Clock& clock, Threads& threads)
    : backstage_(backstage), clock_(clock), threads_(threads) {}

Answer<Logs::Wish> Logs::ParseWish(const Call& call) const {
  const http::Query& asked = call.request().query;
  Wish wish;
  Backstage::LogQuery& query = wish.query;
  query.ns = call.path.ns;
  if (call.kind->mirrored) {
    PATCHBAY_CHECK(CheckContainer(call, asked.Get("container")));
    query.instance = call.path.name;
  } else {
    query.plugin = call.path.name;
    query.instance = asked.Get("container");
  }
  query.follow = IsTrue(asked, "follow");
  query.previous = IsTrue(asked, "previous");
  query.timestamps = IsTrue(asked, "timestamps");
  std::vector<Cause> causes;
  query.tail = static_cast<int>(std::min<long>(ReadCount(asked, "tailLines", 0, causes), 10'000'000));
  const long seconds = ReadCount(asked, "sinceSeconds", 1, causes);
  wish.most_bytes = ReadCount(asked, "limitBytes", 1, causes);
  query.since = asked.Get("sinceTime");
  if (!query.since.empty() && !ParseTime(query.since))
    causes.push_back(InvalidValue("sinceTime", QuoteJson(query.since), "must be RFC 3339"));
  if (!query.since.empty() && seconds >= 0)
    causes.push_back(ForbiddenField("sinceSeconds", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  if (!causes.empty()) return InvalidLogOptions(call, std::move(causes));
  if (seconds >= 0) query.since = FormatTime(clock_.Wall() - std::chrono::seconds(std::min(seconds, 1'000'000'000L)));
  return wish;
}

void Logs::Get(const CallPtr& call) {
  if (!backstage_.logs) return call->Fail(FromError({Code::kUnsupported, "this server has no logs"}, nullptr, ""));
  if (!call->cache->Get(call->key())) return call->Fail(NotFound(*call->kind, call->path.name));
  const Answer<Wish> wish = ParseWish(*call);
  if (!wish.ok()) return call->Fail(wish.error());
  const bool taken = threads_.Run([this, call, wish = *wish] { Stream(call, wish); });
  if (!taken) call->Fail(TooManyRequests("too many log streams are open"));
}

std::shared_ptr<LogStream> Logs::Open(const CallPtr& call, std::int64_t most_bytes) {
  http::Response head;
  head.headers.Add("Content-Type", "text/plain");
  auto stream = std::make_shared<LogStream>(most_bytes);
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

void Logs::Stream(const CallPtr& call, const Wish& wish) {
  std::shared_ptr<LogStream> stream;
  const Result<void> result = backstage_.logs(wish.query, [&]() -> std::shared_ptr<http::Stream> {
    if (!stream) stream = Open(call, wish.most_bytes);
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
