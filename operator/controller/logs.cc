#include "controller/logs.h"

#include <algorithm>
#include <condition_variable>
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
  driver::LogOptions options{query.follow, query.timestamps, query.tail, std::nullopt};
  if (query.since.empty()) return options;
  options.since = ParseTime(query.since);
  if (!options.since) return Error{Code::kInvalid, StrCat("\"", query.since, "\" is no RFC 3339 time")};
  return options;
}

}  // namespace

Result<std::vector<Container>> LogReader::Find(const LogQuery& query) {
  PATCHBAY_TRY(std::vector<Container> all, observer_.All());
  std::string uid;
  if (query.instance.empty()) {
    const auto entry = cache_.Get({std::string(kPlugins), query.ns, query.plugin});
    if (!entry) return Error{Code::kNotFound, StrCat("plugins.patchbay.dev \"", query.plugin, "\" not found")};
    uid = entry->uid;
  }
  const auto label = [](const Container& container, const char* name) {
    const auto found = container.labels.find(name);
    return found == container.labels.end() ? std::string() : found->second;
  };
  std::erase_if(all, [&](const Container& container) {
    if (label(container, driver::kLabelNamespace) != query.ns) return true;
    return query.instance.empty() ? label(container, driver::kLabelOwnerUid) != uid : container.name != query.instance;
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

Result<void> LogReader::Read(const LogQuery& query, const std::function<std::shared_ptr<http::Stream>()>& start,
                             const std::function<bool()>& stop) {
  if (query.previous)
    return Error{Code::kUnsupported, "previous logs: a container that is started again keeps its log, ask without it"};
  PATCHBAY_TRY(const driver::LogOptions options, OptionsOf(query));
  PATCHBAY_TRY(const std::vector<Container> containers, Find(query));
  auto funnel = std::make_shared<Funnel>();
  std::vector<std::unique_ptr<driver::RuntimeStream>> streams;
  for (const Container& container : containers) {
    const std::string prefix = containers.size() > 1 ? StrCat("[", container.name, "] ") : "";
    {
      std::lock_guard lock(funnel->mutex);
      ++funnel->open;
    }
    auto stream = runtime_.Logs(
        container.id, options,
        [funnel, prefix](bool, std::string_view line) { return funnel->Write(StrCat(prefix, line, "\n")); },
        [funnel](Result<void>) { funnel->End(); });
    if (!stream.ok() && streams.empty()) return stream.error();
    if (!stream.ok()) funnel->End();
    else streams.push_back(std::move(*stream));
    if (funnel->stream == nullptr) funnel->Begin(start());
    if (!query.follow) funnel->Wait(stop);  // one after the other: lines of containers are not mixed
  }
  funnel->Wait(stop);
  streams.clear();
  funnel->stream->Close();
  return {};
}

}  // namespace patchbay::controller
