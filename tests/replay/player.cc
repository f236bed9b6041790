#include "replay/player.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "object/yaml.h"
#include "replay/names.h"
#include "replay/server.h"

namespace patchbay::replay {
namespace {

// The latest time that the server has written into `value`; the beginning of all time when it has written none.
WallTime LatestIn(const Json& value) {
  WallTime latest{};
  if (!value.is_structured()) return latest;
  for (const auto& [key, member] : value.items()) {
    const bool stamp = key == "time" || key == "creationTimestamp" || key == "deletionTimestamp";
    const auto time = stamp && member.is_string() ? ParseTime(member.get<std::string>()) : std::nullopt;
    latest = std::max({latest, time.value_or(WallTime{}), LatestIn(member)});
  }
  return latest;
}

// The earliest moment at which the recording can have begun.
WallTime BeginningOf(const Transcript& transcript) {
  for (const Record& record : transcript.records) {
    if (const WallTime time = LatestIn(record.answer); time != WallTime{}) return time;
  }
  return WallTime(std::chrono::seconds(1'800'000'000));
}

// The client wants what there is, and Kubernetes says nothing of its order.
bool BeginsAnywhere(const Record& record) {
  const std::size_t version = record.target.find("resourceVersion=");
  if (version == std::string::npos) return record.watch;
  return record.target[version + 16] == '0';
}

// A watch under way: what it saw before the last request that it may have missed.
struct Open {
  const Record* record;
  std::shared_ptr<api::FakeStream> stream;
  std::size_t certain = 0;
};

class Player {
 public:
  explicit Player(const Transcript& transcript) : transcript_(transcript), server_(BeginningOf(transcript)) {}

  std::vector<Finding> Play() {
    for (const Record& record : transcript_.records) Step(record);
    for (const Open& open : open_) Close(open);
    return std::move(findings_);
  }

 private:
  void Step(const Record& record) {
    if (record.after_compaction && !compacted_) server_.Compact();
    compacted_ = compacted_ || record.after_compaction;
    for (Open& open : open_) open.certain = open.stream->events().size();
    server_.AdvanceTo(LatestIn(record.answer));
    CompareAnswer(record, server_.Send(names_.Translate(record)));
    std::vector<Open> still;
    for (const Open& open : std::exchange(open_, {})) {
      if (open.record->ends_after > record.number) {
        still.push_back(open);
      } else {
        Close(open);
      }
    }
    open_ = std::move(still);
  }

  Comparison MakeComparison(const Record& record) { return Comparison(names_, BeginsAnywhere(record), record.trimmed); }

  void Note(const Record& record, const std::vector<Mismatch>& mismatches) {
    for (const Mismatch& mismatch : mismatches) {
      findings_.push_back(
          {StrCat(transcript_.name, " #", record.number, " ", record.method, " ", record.target), mismatch});
    }
  }

  void CompareAnswer(const Record& record, const api::Reply& reply) {
    // Another answer altogether: its words have nothing to be compared with.
    if (record.status != reply.status) {
      if (reply.stream) reply.stream->Leave();
      return Note(record, {{"status", std::to_string(record.status), std::to_string(reply.status)}});
    }
    Comparison comparison = MakeComparison(record);
    LearnTag(record, reply);
    CompareHeaders(record, reply, comparison);
    if (HasOtherType(comparison)) return Note(record, comparison.mismatches());
    if (record.watch) {
      if (reply.stream) open_.push_back({&record, reply.stream});
      if (!reply.stream) CompareEvents(record, {reply.json()}, 0, comparison);
    } else if (reply.stream) {
      reply.stream->Leave();
      comparison.CompareText("stream", "no", "yes");
    } else if (!record.binary && record.method != "HEAD") {
      CompareBody(record, reply, comparison);
    }
    Note(record, comparison.mismatches());
  }

  void LearnTag(const Record& record, const api::Reply& reply) {
    const auto tag = record.answer_headers.find("Etag");
    if (tag != record.answer_headers.end())
      names_.LearnToken(tag->get<std::string>(), std::string(reply.headers.Get("ETag")));
  }

  // Again another answer altogether.
  static bool HasOtherType(const Comparison& comparison) {
    const auto& all = comparison.mismatches();
    return !all.empty() && all.front().place == "header Content-Type";
  }

  static void CompareHeaders(const Record& record, const api::Reply& reply, Comparison& comparison) {
    for (const char* name : {"Content-Type", "Warning", "Retry-After"}) {
      const auto recorded = record.answer_headers.find(name);
      comparison.CompareText(StrCat("header ", name),
                             recorded == record.answer_headers.end() ? "" : recorded->get<std::string>(),
                             std::string(reply.headers.Get(name)));
    }
  }

  static void CompareBody(const Record& record, const api::Reply& reply, Comparison& comparison) {
    if (!record.answer.is_string()) {
      return comparison.Compare("body", record.answer, reply.text.empty() ? Json() : reply.json());
    }
    const auto text = record.answer.get<std::string>();
    if (reply.headers.Get("Content-Type") != "application/yaml")
      return comparison.CompareText("body", text, reply.text);
    const auto recorded = ParseYaml(text, "recorded");
    const auto ours = ParseYaml(reply.text, "ours");
    if (!recorded.ok() || !ours.ok()) return comparison.CompareText("body", text, reply.text);
    comparison.Compare("body", recorded->front().value, ours->front().value);
  }

  static std::vector<Json> WithoutBookmarks(const std::vector<Json>& events) {
    std::vector<Json> kept;
    for (const Json& event : events) {
      if (FindString(event, {"type"}) != "BOOKMARK") kept.push_back(event);
    }
    return kept;
  }

  // `certain`: what was there before the request that the client may have missed; the rest may be missing.
  static void CompareEvents(const Record& record, const std::vector<Json>& seen, std::size_t certain,
                            Comparison& comparison) {
    std::vector<Json> recorded = WithoutBookmarks(record.events);
    std::vector<Json> ours = WithoutBookmarks(seen);
    if (BeginsAnywhere(record)) {
      recorded = SortedArrivals(std::move(recorded));
      ours = SortedArrivals(std::move(ours));
    }
    while (ours.size() > recorded.size() && ours.size() > certain) ours.pop_back();
    comparison.Compare("events", recorded, ours);
  }

  void Close(const Open& open) {
    if (open.record->ended_by_server) {
      server_.OutwaitWatches();
      EXPECT_TRUE(open.stream->AwaitClose());
    }
    Comparison comparison = MakeComparison(*open.record);
    CompareEvents(*open.record, open.stream->events(), open.certain, comparison);
    open.stream->Leave();
    Note(*open.record, comparison.mismatches());
  }

  const Transcript& transcript_;
  Server server_;
  Names names_;
  bool compacted_ = false;
  std::vector<Open> open_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> Play(const Transcript& transcript) { return Player(transcript).Play(); }

}  // namespace patchbay::replay
