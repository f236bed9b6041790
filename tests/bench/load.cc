// The clients of api_bench, in a process of their own:
//   load create PORT CLIENTS MS NS PREFIX      creates 2 KB plugins for so long; prints how many a second
//   load fill PORT CLIENTS COUNT NS PREFIX     creates so many
//   load pace PORT CLIENTS RATE COUNT NS PREFIX   creates so many, RATE a second; prints how many a second it became
//   load merge PORT CLIENTS MS NS PREFIX       merge-patches those plugins, each client its own; prints how many a second
//   load apply PORT CLIENTS MS NS PREFIX       applies those plugins (server-side), each client its own; the same
//   load hold PORT PATH WATCHERS MS            watches, prints "ready", and goes after so long
//   load read PORT PATH MS                     asks again and again; prints bytes of body a second
//   load watch PORT PATH WATCHERS COUNT FILE   prints "ready", then writes to FILE when each watcher had read the event
//                                              of PREFIX-0 ... PREFIX-(COUNT-1): nanoseconds of the monotonic clock
//   load drain PORT PATH WATCHERS COUNT        likewise, as cheaply as can be: one watcher looks for those events, the
//                                              others throw away as many bytes; prints "ready", then how long it took
#include <sys/epoll.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "bench/bench_body.h"
#include "bench/raw_client.h"

namespace patchbay::bench {
namespace {

using Words = std::vector<std::string>;
constexpr std::chrono::seconds kWatchPatience{60};

int Number(const std::string& word) { return static_cast<int>(ParseInt(word).value_or(0)); }
double Seconds(MonoTime since) { return std::chrono::duration<double>(SystemClock().Mono() - since).count(); }

void Create(RawClient& client, const std::string& ns, const std::string& name) {
  const int status = client.Ask(PostRequest(PluginsPath(ns), PluginBody(name, ns)));
  if (status != 201) Die(StrCat("POST answered ", status, ": ", client.ReadBody()));
  client.SkipBody();
}

// `clients` threads take numbers 0, 1, 2 ... until `goes_on` says no; returns creates a second.
double CreateMany(int port, int clients, const std::string& ns, const std::string& prefix, const std::function<bool(int)>& goes_on) {
  std::atomic<int> next = 0;
  std::atomic<int> made = 0;
  const MonoTime start = SystemClock().Mono();
  std::vector<std::jthread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back([&] {
      RawClient client(port);
      for (int number = next++; goes_on(number); number = next++, ++made) Create(client, ns, StrCat(prefix, "-", number));
    });
  threads.clear();
  return made / Seconds(start);
}

double RunCreate(const Words& words) {
  const MonoTime end = SystemClock().Mono() + std::chrono::milliseconds(Number(words[2]));
  return CreateMany(Number(words[0]), Number(words[1]), words[3], words[4], [&](int) { return SystemClock().Mono() < end; });
}

double RunFill(const Words& words) {
  return CreateMany(Number(words[0]), Number(words[1]), words[3], words[4], [&](int number) { return number < Number(words[2]); });
}

double RunPace(const Words& words) {
  const MonoTime start = SystemClock().Mono();
  const double interval = 1e9 / Number(words[2]);
  const int count = Number(words[3]);
  return CreateMany(Number(words[0]), Number(words[1]), words[4], words[5], [&](int number) {
    if (number >= count) return false;
    return SystemClock().SleepUntil(start + std::chrono::nanoseconds(static_cast<std::int64_t>(number * interval)), {});
  });
}

// `clients` threads, each with plugins of its own, write them again and again; returns writes a second.
double WriteMany(const Words& words, const std::function<std::string(const std::string& name, int turn)>& request) {
  constexpr int kOwn = 8;
  const MonoTime start = SystemClock().Mono();
  const MonoTime end = start + std::chrono::milliseconds(Number(words[2]));
  std::atomic<int> made = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < Number(words[1]); ++i)
    threads.emplace_back([&, i] {
      RawClient client(Number(words[0]));
      for (int turn = 0; SystemClock().Mono() < end; ++turn, ++made) {
        const int status = client.Ask(request(StrCat(words[4], "-", i * kOwn + turn % kOwn), turn));
        if (status / 100 != 2) Die(StrCat("PATCH answered ", status, ": ", client.ReadBody()));
        client.SkipBody();
      }
    });
  threads.clear();
  return made / Seconds(start);
}

double RunMerge(const Words& words) {
  return WriteMany(words, [&](const std::string& name, int turn) {
    return PatchRequest(PluginsPath(words[3]) + "/" + name, "application/merge-patch+json",
                        StrCat(R"({"metadata":{"annotations":{"turn":")", turn, "\"}}}"));
  });
}

double RunApply(const Words& words) {
  return WriteMany(words, [&](const std::string& name, int turn) {
    std::string body = PluginBody(name, words[3]);
    const std::string image = "echo:1";
    body.replace(body.find(image), image.size(), StrCat("echo:", turn));
    return PatchRequest(PluginsPath(words[3]) + "/" + name + "?fieldManager=bench&force=true",
                        "application/apply-patch+yaml", body);
  });
}

double RunRead(const Words& words) {
  RawClient client(Number(words[0]));
  const std::string request = GetRequest(words[1]);
  const MonoTime start = SystemClock().Mono();
  double bytes = 0;
  while (Seconds(start) * 1000 < Number(words[2])) {
    if (const int status = client.Ask(request); status != 200) Die(StrCat(words[1], " answered ", status));
    bytes += static_cast<double>(client.SkipBody());
  }
  return bytes / Seconds(start);
}

// One watch connection: takes whole chunks apart and notes when each event was complete.
class Watching {
 public:
  Watching(int port, const std::string& path, int count) : client_(port), seen_(static_cast<std::size_t>(count), 0), left_(count) {
    if (const int status = client_.Ask(GetRequest(path)); status != 200) Die(StrCat(path, " answered ", status));
    pending_ = client_.rest();
  }
  int descriptor() const { return client_.descriptor(); }
  bool done() const { return left_ == 0; }
  const std::vector<std::int64_t>& seen() const { return seen_; }
  std::size_t payload() const { return payload_; }  // bytes of what was read, without the frames

  void Read() {
    static std::string scratch(256 * 1024, '\0');
    const ssize_t got = recv(descriptor(), scratch.data(), scratch.size(), 0);
    if (got <= 0) Die("a watch was closed");
    const std::int64_t now = SystemClock().Mono().time_since_epoch().count();
    pending_.append(scratch.data(), static_cast<std::size_t>(got));
    std::size_t from = 0;
    while (const std::size_t length = ChunkAt(from)) {
      payload_ += std::strtoul(pending_.c_str() + from, nullptr, 16);
      Note(std::string_view(pending_).substr(from, length), now);
      from += length;
    }
    pending_.erase(0, from);
  }

 private:
  // Of the complete chunk that begins there, with its frame; 0 when it is not complete.
  std::size_t ChunkAt(std::size_t from) const {
    const std::size_t line = pending_.find("\r\n", from);
    if (line == std::string::npos) return 0;
    const std::size_t whole = line + 2 + std::strtoul(pending_.c_str() + from, nullptr, 16) + 2 - from;
    return from + whole <= pending_.size() ? whole : 0;
  }
  void Note(std::string_view chunk, std::int64_t now) {
    constexpr std::string_view kMark = R"("name":"w-)";
    for (std::size_t at = chunk.find(kMark); at != std::string_view::npos; at = chunk.find(kMark, at + 1)) {
      const std::size_t number = std::strtoul(chunk.data() + at + kMark.size(), nullptr, 10);
      if (number >= seen_.size() || seen_[number] != 0) continue;
      seen_[number] = now;
      --left_;
    }
  }

  RawClient client_;
  std::vector<std::int64_t> seen_;
  int left_;
  std::size_t payload_ = 0;
  std::string pending_;
};

// A watch connection whose bytes are counted and thrown away in the kernel.
class Draining {
 public:
  Draining(int port, const std::string& path) : client_(port) {
    if (const int status = client_.Ask(GetRequest(path)); status != 200) Die(StrCat(path, " answered ", status));
    bytes_ = client_.rest().size();
  }
  int descriptor() const { return client_.descriptor(); }
  std::size_t bytes() const { return bytes_; }

  void Read() {
    const ssize_t got = recv(descriptor(), nullptr, 16 * 1024 * 1024, MSG_TRUNC);
    if (got <= 0) Die("a watch was closed");
    bytes_ += static_cast<std::size_t>(got);
  }

 private:
  RawClient client_;
  std::size_t bytes_ = 0;
};

double RunWatch(const Words& words) {
  const int watchers = Number(words[2]);
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Watching>> all;
  for (int i = 0; i < watchers; ++i) {
    all.push_back(std::make_unique<Watching>(Number(words[0]), words[1], Number(words[3])));
    epoll_event event{.events = EPOLLIN, .data = {.ptr = all.back().get()}};
    epoll_ctl(poll, EPOLL_CTL_ADD, all.back()->descriptor(), &event);
  }
  std::printf("ready\n");
  std::fflush(stdout);
  const MonoTime start = SystemClock().Mono();
  std::vector<epoll_event> events(128);
  while (std::any_of(all.begin(), all.end(), [](const auto& one) { return !one->done(); }) && SystemClock().Mono() - start < kWatchPatience) {
    const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 1'000);
    for (int i = 0; i < count; ++i) static_cast<Watching*>(events[static_cast<std::size_t>(i)].data.ptr)->Read();
  }
  std::ofstream file(words[4], std::ios::binary);
  for (const auto& one : all)
    file.write(reinterpret_cast<const char*>(one->seen().data()), static_cast<std::streamsize>(one->seen().size() * sizeof(std::int64_t)));
  close(poll);
  return Seconds(start);
}

double RunDrain(const Words& words) {
  Watching reader(Number(words[0]), words[1], Number(words[3]));
  std::vector<std::unique_ptr<Draining>> others;
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  const auto add = [&](int descriptor, Draining* one) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = one}};
    epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
  };
  add(reader.descriptor(), nullptr);
  for (int i = 1; i < Number(words[2]); ++i) {
    others.push_back(std::make_unique<Draining>(Number(words[0]), words[1]));
    add(others.back()->descriptor(), others.back().get());
  }
  std::printf("ready\n");
  std::fflush(stdout);
  const MonoTime start = SystemClock().Mono();
  const auto behind = [&](const auto& one) { return one->bytes() < reader.payload(); };
  std::vector<epoll_event> events(128);
  while (!reader.done() || std::any_of(others.begin(), others.end(), behind)) {
    if (SystemClock().Mono() - start > kWatchPatience) Die("the events did not come");
    const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 1'000);
    for (int i = 0; i < count; ++i) {
      auto* one = static_cast<Draining*>(events[static_cast<std::size_t>(i)].data.ptr);
      one != nullptr ? one->Read() : reader.Read();
    }
  }
  close(poll);
  return Seconds(start);
}

double RunHold(const Words& words) {
  std::vector<std::unique_ptr<RawClient>> all;
  for (int i = 0; i < Number(words[2]); ++i) {
    all.push_back(std::make_unique<RawClient>(Number(words[0])));
    if (const int status = all.back()->Ask(GetRequest(words[1])); status != 200) Die(StrCat("watch answered ", status));
  }
  std::printf("ready\n");
  std::fflush(stdout);
  SystemClock().SleepFor(std::chrono::milliseconds(Number(words[3])), {});
  return static_cast<double>(all.size());
}

struct Mode {
  const char* name;
  std::size_t words;
  double (*run)(const Words&);
};
constexpr Mode kModes[] = {{"create", 5, RunCreate}, {"fill", 5, RunFill}, {"pace", 6, RunPace}, {"merge", 5, RunMerge},
                            {"apply", 5, RunApply}, {"hold", 4, RunHold}, {"read", 3, RunRead}, {"watch", 5, RunWatch},
                            {"drain", 4, RunDrain}};

}  // namespace
}  // namespace patchbay::bench

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + std::min(argc, 2), argv + argc);
  for (const auto& mode : patchbay::bench::kModes)
    if (argc > 1 && std::strcmp(argv[1], mode.name) == 0 && words.size() == mode.words)
      return std::printf("%.1f\n", mode.run(words)), 0;
  patchbay::bench::Die("see the head of load.cc for its arguments");
}
