#include "controller/core.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "controller/lookup.h"
#include "object/protection.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;

const Key kSweep{"sweep", "", ""};
const Key kImageSweep{"image-sweep", "", ""};
constexpr milliseconds kHouse{250};          // how often subscriptions and gauges are looked at
constexpr milliseconds kSweepAfter{1'000};   // an owner went: its routes are withdrawn first
constexpr milliseconds kWebhookPause{1'000};  // between two status writes of a webhook

template <class... Fs>
struct Overload : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overload(Fs...) -> Overload<Fs...>;

}  // namespace

Controllers::Core::Core(Dependencies d, Options options)
    : dependencies_(std::move(d)),
      options_(options),
      metrics_(dependencies_.meter, dependencies_.gateway ? dependencies_.gateway->name() : "none"),
      queue_(dependencies_.clock, dependencies_.random, dependencies_.meter),
      observer_(dependencies_.runtime, dependencies_.clock, metrics_, options.resync,
                [this](const std::string& uid) { WakeOwner(uid); }, [this](const driver::RuntimeEvent& event) { Hear(event); }),
      prober_(ProbeRunner(dependencies_.http, dependencies_.runtime, dependencies_.connect), dependencies_.clock,
              [this](const Key& key) { queue_.Add(key); }),
      endpoints_([this] { routes_.MarkDirty(); }, [this](const Key& key) { queue_.Add(key); }),
      image_gc_({dependencies_.cache, dependencies_.committer, dependencies_.runtime, dependencies_.clock, dependencies_.random,
                 metrics_, options.image_gc_after}),
      images_(dependencies_.runtime, dependencies_.clock, dependencies_.random, metrics_,
              [this](const Key& key) { queue_.Add(key); }, [this](const std::string& image) { image_gc_.NotePull(image); }),
      image_ids_(dependencies_.runtime, dependencies_.clock),
      executor_(dependencies_.runtime, observer_, crew_, metrics_),
      pods_(dependencies_.pods, dependencies_.node),
      traffic_(dependencies_.gateway, dependencies_.clock),
      revisions_(dependencies_.cache, dependencies_.committer, dependencies_.clock, dependencies_.random),
      adoption_(dependencies_.cache, dependencies_.committer, dependencies_.runtime, observer_),
      plugins_({dependencies_.cache, dependencies_.committer, dependencies_.runtime, dependencies_.clock, observer_,
                prober_, endpoints_, images_, image_ids_, executor_, pods_, revisions_, adoption_, traffic_, dependencies_.installation}),
      sweep_({dependencies_.cache, dependencies_.committer, dependencies_.runtime, observer_, metrics_, options.prune_most}),
      routes_({dependencies_.cache, dependencies_.committer, dependencies_.gateway, dependencies_.clock, endpoints_,
               metrics_},
              {options.debounce, options.debounce_most, options.gateway_check},
              [this](const Key& key) { queue_.Add(key); }, [this] { route_bell_.Ring(); }),
      webhooks_({dependencies_.cache, dependencies_.committer, dependencies_.store, dependencies_.notifier,
                 dependencies_.clock, dependencies_.random, metrics_, options.senders, options.claim_interval},
                [this](const Key& key) { queue_.AddAfter(key, kWebhookPause); }, [this] { webhook_bell_.Ring(); }),
      planner_(dependencies_.cache, RuntimeReader(dependencies_.runtime), GatewayReader(dependencies_.gateway),
               dependencies_.installation, options.prune_most),
      logs_(dependencies_.cache, dependencies_.runtime, observer_),
      usage_(dependencies_.runtime, dependencies_.clock, crew_) {}

void Controllers::Core::Start() {
  crew_.Start(options_.workers);
  images_.Start(options_.pullers);
  prober_.Start(options_.probers);
  webhooks_.Start();
  for (int i = 0; i < options_.workers; ++i) threads_.emplace_back([this](std::stop_token stop) { Work(stop); });
  threads_.emplace_back([this](std::stop_token stop) { KeepHouse(stop); });
  threads_.emplace_back([this](std::stop_token stop) {
    while (!stop.stop_requested()) {
      if (subscribed_) routes_.Step();
      route_bell_.Wait(dependencies_.clock, subscribed_ ? routes_.next_due() : MonoTime::max(), stop);
    }
  });
  threads_.emplace_back([this](std::stop_token stop) {
    while (!stop.stop_requested()) {
      if (subscribed_) webhooks_.Step();
      webhook_bell_.Wait(dependencies_.clock, subscribed_ ? webhooks_.next_due() : MonoTime::max(), stop);
    }
  });
}

// Who calls others stops before them.
void Controllers::Core::Stop() {
  stopping_ = true;
  stop_usage_.request_stop();
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  watch_.reset();
  observer_.Stop();
  prober_.Stop();
  images_.Stop();
  webhooks_.Stop();
  crew_.Stop();
}

bool Controllers::Core::Step() {
  bool done = StepHouse();
  if (!subscribed_) return done;
  if (const auto key = queue_.TryTake()) {
    Visit(*key);
    done = true;
  }
  done = prober_.Step() || done;
  done = images_.Turn() || done;
  done = routes_.Step() || done;
  done = webhooks_.Step() || done;
  return webhooks_.Turn() || done;
}

bool Controllers::Core::StepHouse() {
  if (!subscribed_ && !Subscribe()) return false;
  bool done = observer_.Step();
  const MonoTime now = dependencies_.clock.Mono();
  if (now >= next_resync_) {
    next_resync_ = now + options_.resync;
    for (const std::string_view resource : {kPlugins, kRoutes, kWebhooks}) EnqueueAll(resource);
    queue_.Add(kSweep);
    done = true;
  }
  queue_.Report();
  return done;
}

// Subscribed first, all keys after: nothing falls between.
bool Controllers::Core::Subscribe() {
  if (!dependencies_.cache.synced()) return false;
  auto watch = dependencies_.cache.Watch("", dependencies_.cache.revision(),
                                         std::make_shared<KeyWatcher>([this](const cache::Step& step) { OnChange(step); }));
  if (!watch.ok()) {
    LogWarn("controller", "cannot watch the cache", {{"error", watch.error().message}});
    return false;
  }
  watch_ = std::move(*watch);
  std::set<Key> plugins;
  for (const auto& entry : dependencies_.cache.All(kPlugins)) plugins.insert(entry->key);
  pods_.Await(std::move(plugins));
  subscribed_ = true;
  queue_.Add(kImageSweep);
  routes_.MarkDirty();
  webhook_bell_.Ring();
  return true;
}

void Controllers::Core::OnChange(const cache::Step& step) {
  const Key& key = step.key;
  webhooks_.Hint();
  if (key.resource == kPlugins) {
    queue_.Add(key);
    for (const Key& dependent : plugins_.UsersOf(key)) queue_.Add(dependent);
    if (endpoints_.IsReferenced(key)) routes_.MarkDirty();
    if (step.before && (!step.after || step.after->uid != step.before->uid)) {
      const auto last = ReadObject(*step.before);
      sweep_.NoteGone(step.before->uid, last && IsProtected(*last));
      queue_.AddAfter(kSweep, kSweepAfter);
    }
  } else if (key.resource == kRoutes) {
    routes_.MarkDirty();
    queue_.Add(key);
  } else if (key.resource == kWebhooks || key.resource == kSecrets || key.resource == kConfigMaps) {
    queue_.Add(key);
    if (key.resource == kSecrets) routes_.MarkDirty();  // callers may have to know something else
  }
}

void Controllers::Core::WakeOwner(const std::string& owner_uid) {
  if (owner_uid.empty()) {
    EnqueueAll(kPlugins);
    return queue_.Add(kSweep);
  }
  if (const auto key = plugins_.KeyOf(owner_uid)) queue_.Add(*key);
  else queue_.AddAfter(kSweep, kSweepAfter);
}

// What ended has let go of its host ports; a tag may mean another image.
void Controllers::Core::Hear(const driver::RuntimeEvent& event) {
  if (event.of == driver::RuntimeEvent::Of::kImage) {
    for (const Key& key : image_ids_.Forget(event.image)) queue_.Add(key);
  } else if (event.action == "die" || event.action == "destroy") {
    for (const Key& key : plugins_.TakePortWaiters()) queue_.Add(key);
  }
}

void Controllers::Core::EnqueueAll(std::string_view resource) {
  for (const auto& entry : dependencies_.cache.All(resource)) queue_.Add(entry->key);
}

void Controllers::Core::Visit(const Key& key) {
  const MonoTime began = dependencies_.clock.Mono();
  const Outcome outcome = VisitKind(key);
  Conclude(key, outcome, std::chrono::duration<double>(dependencies_.clock.Mono() - began).count());
  queue_.Done(key);
}

Outcome Controllers::Core::VisitKind(const Key& key) {
  if (key.resource == kPlugins) return plugins_.Visit(key);
  if (key.resource == kRoutes) return routes_.Visit(key);
  if (key.resource == kWebhooks) return webhooks_.Visit(key);
  if (key == kSweep) return sweep_.Run();
  if (key == kImageSweep) return image_gc_.Run();
  return WakeUsers(key);
}

Outcome Controllers::Core::WakeUsers(const Key& object) {
  for (const Key& plugin : plugins_.UsersOf(object)) queue_.Add(plugin);
  if (object.resource == kSecrets)
    for (const auto& webhook : dependencies_.cache.All(kWebhooks))
      if (webhook->key.ns == object.ns) queue_.Add(webhook->key);
  return Converged{};
}

// The one place that turns an outcome into queue, metric and log.
void Controllers::Core::Conclude(const Key& key, const Outcome& outcome, double seconds) {
  const auto ended = std::visit(
      Overload{[&](const Converged&) {
                 queue_.Forget(key);
                 return Metrics::Visit::kConverged;
               },
               [&](const CheckAgain& again) {
                 queue_.Forget(key);
                 queue_.AddAfter(key, again.after);
                 return Metrics::Visit::kAgain;
               },
               [&](const Failed& failed) {
                 LogWarn("controller", "a visit failed",
                         {{"object", key.ToString()}, {"error", failed.error.message}});
                 if (failed.error.retry_after) queue_.AddAfter(key, *failed.error.retry_after);
                 else queue_.AddFailed(key);
                 return Metrics::Visit::kFailed;
               }},
      outcome);
  if (key.resource == kPlugins) metrics_.CountVisit(Metrics::Kind::kPlugin, ended, seconds);
  if (key.resource == kRoutes) metrics_.CountVisit(Metrics::Kind::kRoute, ended, seconds);
  if (key.resource == kWebhooks) metrics_.CountVisit(Metrics::Kind::kWebhook, ended, seconds);
}

void Controllers::Core::Work(std::stop_token stop) {
  while (const auto key = queue_.Take(stop)) Visit(*key);
}

void Controllers::Core::KeepHouse(std::stop_token stop) {
  while (!stop.stop_requested()) {
    StepHouse();
    const milliseconds pause = subscribed_ ? kHouse : milliseconds(20);
    house_bell_.Wait(dependencies_.clock, dependencies_.clock.Mono() + pause, stop);
  }
}

Result<void> Controllers::Core::Logs(const LogQuery& query, const std::function<std::shared_ptr<http::Stream>()>& start) {
  return logs_.Read(query, start, [this] { return stopping_.load(); });
}

Result<std::vector<std::optional<UsageReport>>> Controllers::Core::Usage(const std::vector<std::string>& container_ids) {
  return usage_.Read(container_ids, stop_usage_.get_token());
}

std::vector<std::pair<std::string, std::string>> Controllers::Core::Checks() const {
  std::vector<std::pair<std::string, std::string>> checks;
  checks.emplace_back("controllers", subscribed_ ? "" : "waiting for the first load of the database");
  checks.emplace_back("engine", observer_.problem());
  if (dependencies_.gateway) checks.emplace_back("gateway", routes_.problem());
  return checks;
}

}  // namespace patchbay::controller
