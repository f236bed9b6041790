#include "controller/logs.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/text.h"
#include "controller/survey.h"

namespace patchbay::controller {
namespace {

using driver::Container;

// What the callbacks of several containers share.
struct Funnel {
  std::mutex mutex;
  std::condition_variable changed;
  std::shared_ptr<http::Stream> stream;  // nullptr until the first container could be opened
  std::vector<std::string> early;        // lines before that
  int open = 0;
  bool gone = false;

  bool Write(std::string line) {
    std::lock_guard lock(mutex);
    if (gone) return false;
    if (stream == nullptr) {
      early.push_back(std::move(line));
      return true;
    }
    gone = !stream->Write(std::make_shared<const std::string>(std::move(line)));
    if (gone) changed.notify_all();
    return !gone;
  }
  void End() {
    std::lock_guard lock(mutex);
    --open;
    changed.notify_all();
  }
  void Begin(std::shared_ptr<http::Stream> to) {
    std::lock_guard lock(mutex);
    stream = std::move(to);
    for (std::string& line : early) gone = !stream->Write(std::make_shared<const std::string>(std::move(line)));
    early.clear();
  }
  void Wait(const std::function<bool()>& stop) {
    std::unique_lock lock(mutex);
    while (open > 0 && !gone && !stream->gone() && !stop()) changed.wait_for(lock, std::chrono::milliseconds(100));
  }
};

Result<driver::LogOptions> OptionsOf(const LogQuery& query) {
  driver::LogOptions options{query.follow && !query.previous, query.timestamps, query.tail};
  if (query.since.empty()) return options;
  options.since = ParseTime(query.since);
  if (!options.since) return Error{Code::kInvalid, StrCat("\"", query.since, "\" is no RFC 3339 time")};
  return options;
}

std::string LabelOf(const Container& container, const char* name) {
  const auto found = container.labels.find(name);
  return found == container.labels.end() ? "" : found->second;
}

// The engine keeps one log for all runs of a container. Where one ended and the next began it stamps lines a little
// late or early, so the border is drawn between.
std::optional<WallTime> BorderOf(const Container& container) {
  if (!container.previous_end || !container.started) return std::nullopt;
  return *container.previous_end + (*container.started - *container.previous_end) / 2;
}

Error NoPrevious(const Container& container) {
  return Error{Code::kInvalid, StrCat("previous terminated container \"", LabelOf(container, driver::kLabelPlugin),
                                      "\" in pod \"", container.name, "\" not found")};
}

// Narrows the options to the run that is asked for.
Result<void> ChooseRun(const LogQuery& query, const Container& container, driver::LogOptions& options) {
  if (container.state == driver::ContainerState::kCreated && !query.instance.empty())
    return Error{Code::kInvalid, StrCat("container \"", LabelOf(container, driver::kLabelPlugin), "\" in pod \"",
                                        container.name, "\" is waiting to start: ContainerCreating")};
  const auto border = BorderOf(container);
  if (query.previous) {
    const bool ended = container.state == driver::ContainerState::kExited;
    if (!border && !ended) return NoPrevious(container);
    if (border) options.until = border;
    options.tail = -1;
  } else if (!query.instance.empty() && border && (!options.since || *options.since < *border)) {
    options.since = border;
  }
  return {};
}

// Passes on the last lines of all, once it has seen them all.
class LastLines {
 public:
  LastLines(int most, std::function<bool(std::string)> write)
      : most_(static_cast<std::size_t>(most)), write_(std::move(write)) {}
  bool Take(std::string line) {
    lines_.push_back(std::move(line));
    if (lines_.size() > most_) lines_.pop_front();
    return true;
  }
  void End() {
    for (std::string& line : lines_)
      if (!write_(std::move(line))) return;
  }

 private:
  const std::size_t most_;
  const std::function<bool(std::string)> write_;
  std::deque<std::string> lines_;
};

}  // namespace

Result<std::vector<Container>> LogReader::Find(const LogQuery& query) {
  PATCHBAY_TRY(std::vector<Container> all, observer_.All());
  std::string uid;
  if (query.instance.empty()) {
    const auto entry = cache_.Get({std::string(kPlugins), query.ns, query.plugin});
    if (!entry) return Error{Code::kNotFound, StrCat("plugins.patchbay.dev \"", query.plugin, "\" not found")};
    uid = entry->uid;
  }
  std::erase_if(all, [&](const Container& container) {
    if (LabelOf(container, driver::kLabelNamespace) != query.ns) return true;
    return query.instance.empty() ? LabelOf(container, driver::kLabelOwnerUid) != uid : container.name != query.instance;
  });
  if (all.empty()) {
    const std::string& name = query.instance.empty() ? query.plugin : query.instance;
    return Error{Code::kNotFound, StrCat("\"", name, "\" has no container")};
  }
  std::sort(all.begin(), all.end(), [](const Container& a, const Container& b) {
    return std::make_pair(OrdinalOf(a), a.name) < std::make_pair(OrdinalOf(b), b.name);
  });
  return all;
}

// Lines of one container into the funnel.
Result<std::unique_ptr<driver::RuntimeStream>> LogReader::Open(const LogQuery& query, const Container& listed,
                                                               const std::string& prefix,
                                                               std::function<bool(std::string)> write,
                                                               std::function<void()> end) {
  PATCHBAY_TRY(driver::LogOptions options, OptionsOf(query));
  // A list does not tell when it was started.
  PATCHBAY_TRY(const Container container, runtime_.Inspect(listed.id));
  PATCHBAY_CHECK(ChooseRun(query, container, options));
  if (!query.previous || query.tail < 0) {
    return runtime_.Logs(
        container.id, options,
        [write, prefix](bool, std::string_view line) { return write(StrCat(prefix, line, "\n")); },
        [end](Result<void>) { end(); });
  }
  auto last = std::make_shared<LastLines>(query.tail, write);
  return runtime_.Logs(
      container.id, options,
      [last, prefix](bool, std::string_view line) { return last->Take(StrCat(prefix, line, "\n")); },
      [last, end](Result<void>) {
        last->End();
        end();
      });
}

Result<void> LogReader::Read(const LogQuery& query, const std::function<std::shared_ptr<http::Stream>()>& start,
                             const std::function<bool()>& stop) {
  PATCHBAY_CHECK(OptionsOf(query));
  PATCHBAY_TRY(const std::vector<Container> containers, Find(query));
  auto funnel = std::make_shared<Funnel>();
  std::vector<std::unique_ptr<driver::RuntimeStream>> streams;
  std::optional<Error> first_error;
  for (const Container& container : containers) {
    const std::string prefix = containers.size() > 1 ? StrCat("[", container.name, "] ") : "";
    {
      std::lock_guard lock(funnel->mutex);
      ++funnel->open;
    }
    auto stream = Open(
        query, container, prefix, [funnel](std::string line) { return funnel->Write(std::move(line)); },
        [funnel] { funnel->End(); });
    if (!stream.ok()) {
      funnel->End();
      if (!first_error) first_error = stream.error();
      continue;
    }
    streams.push_back(std::move(*stream));
    if (funnel->stream == nullptr) funnel->Begin(start());
    if (!query.follow) funnel->Wait(stop);  // one after the other: lines of containers are not mixed
  }
  if (funnel->stream == nullptr) return *first_error;
  funnel->Wait(stop);
  streams.clear();
  funnel->stream->Close();
  return {};
}

}  // namespace patchbay::controller
