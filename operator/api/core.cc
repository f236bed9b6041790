#include "api/core.h"

#include <exception>
#include <utility>

#include "api/access.h"
#include "api/admission.h"
#include "api/builtin.h"
#include "api/change.h"
#include "api/paths.h"
#include "base/log.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

constexpr int kMostThreads = 16;
constexpr int kMostLogStreams = 64;
constexpr std::chrono::milliseconds kRetry{100};

}  // namespace

Api::Core::Core(const Foundation& foundation, ApiOptions options, Backstage backstage)
    : foundation_(foundation),
      options_(std::move(options)),
      backstage_(std::move(backstage)),
      meter_(foundation.meter),
      timers_(std::make_shared<Timers>(foundation.clock)),
      threads_(kMostThreads),
      streams_(kMostLogStreams),
      authenticator_(options_.token_file),
      reviews_(authenticator_),
      renderer_(foundation.kinds, foundation.clock),
      host_ports_(foundation.cache),
      foresight_(backstage_, threads_),
      writes_(foundation.cache, foundation.committer, host_ports_, foresight_, threads_, options_.max_writes_waiting),
      reader_(renderer_, threads_),
      mutations_(writes_, foundation.cache, renderer_, foundation.clock, foundation.random),
      removals_(writes_, foundation.kinds, foundation.cache, renderer_, foundation.clock),
      collector_(foundation.kinds, foundation.cache, foundation.committer, foundation.clock, foundation.random),
      scales_(writes_, foundation.cache, renderer_, foundation.clock),
      evictions_(writes_, foundation.kinds, renderer_, foundation.clock),
      logs_(backstage_, foundation.clock, streams_),
      pod_metrics_(backstage_, foundation.kinds, foundation.clock, threads_),
      planning_(backstage_, foundation.kinds, foundation.cache, foundation.clock, foundation.random, threads_),
      watches_(std::make_shared<Watches>(renderer_, reader_, timers_, foundation.clock, foundation.random, meter_,
                                         WatchLimits{options_.max_watch, options_.max_watches})),
      discovery_(foundation.kinds, options_.version),
      openapi_(foundation.kinds, foundation.clock),
      health_(backstage_, foundation.cache, threads_),
      router_(foundation.kinds, foundation.cache, backstage_.mirror,
              {reader_, *watches_, mutations_, removals_, evictions_, scales_, logs_}) {}

void Api::Core::Serve(std::shared_ptr<http::Exchange> exchange) {
  auto call = std::make_shared<Call>(std::move(exchange), foundation_.clock, meter_);
  try {
    Route(call);
  } catch (const std::exception& fault) {  // of the JSON library: a type that nobody looked at
    LogError("api", "a request was not understood", {{"path", call->request().path}, {"error", fault.what()}});
    call->Fail(FromError({Code::kInternal, fault.what()}, call->kind, call->path.name));
  }
}

void Api::Core::Route(const CallPtr& call) {
  if (health_.Serve(call)) return;
  std::optional<User> caller = authenticator_.Authenticate(call->request());
  if (!caller) return call->Fail(Unauthorized());
  Answer<User> user = SpeakFor(call->request(), *std::move(caller));
  if (!user.ok()) return call->Fail(user.error());
  call->user = *std::move(user);
  call->allowed = authenticator_.Allows(call->user);
  if (!reviews_.Serve(call) && !pod_metrics_.Serve(call) && !router_.Serve(call)) ServeKnown(call);
}

void Api::Core::ServeKnown(const CallPtr& call) {
  const std::string& path = call->request().path;
  if (!call->allowed && (path == "/metrics" || path.starts_with("/patchbay/"))) return call->Fail(Denied(*call));
  if (path == "/patchbay/v1/plan") return planning_.Post(call);
  if (!call->IsMethod("GET")) {
    Failure failure = BadRequest("the server does not allow this method on the requested resource");
    failure.status = 405;
    failure.reason = "MethodNotAllowed";
    return call->Fail(failure);
  }
  if (path == "/") return ReplyPaths(call, 200);
  if (path == "/metrics" && backstage_.metrics) return ServeMetrics(call);
  if (discovery_.Serve(call) || openapi_.Serve(call)) return;
  if (path.starts_with("/api/") || path.starts_with("/apis/")) return ReplyNoPage(call);
  ReplyPaths(call, 404);
}

void Api::Core::ServeMetrics(const CallPtr& call) {
  const bool taken = threads_.Run([this, call] {
    call->Reply(http::Response::Text(200, backstage_.metrics(), "text/plain; version=0.0.4; charset=utf-8"));
  });
  if (!taken) call->Fail(TooManyRequests("too many requests wait for something slow"));
}

void Api::Core::EndWatches() {
  watches_->End();
  logs_.End();
}

void Api::Core::Stop() {
  EndWatches();
  collector_.Stop();
  streams_.Stop();
  threads_.Stop();
  writes_.Stop();
  timers_->Stop();
}

Result<void> Api::Core::EnsureNamespace(const Kind& kind, std::string_view name) {
  if (foundation_.cache.Get({kind.Resource(), "", std::string(name)})) return {};
  Json object = {{"apiVersion", kind.ApiVersion()}, {"kind", kind.kind}, {"metadata", {{"name", name}}}};
  const Answer<void> admitted =
      AdmitCreate(kind, "", FormatTime(foundation_.clock.Wall()), foundation_.random, object);
  if (!admitted.ok()) return Error{Code::kInternal, admitted.error().message};
  const Result<cache::EntryPtr> written = foundation_.committer.Write(MakeCreate(kind, std::move(object)));
  if (written.ok() || written.error().code == Code::kAlreadyExists) return {};
  return written.error();
}

Result<void> Api::Core::EnsureBuiltins(const std::stop_token& stop) {
  const Kind* kind = foundation_.kinds.FindResource(kNamespaces);
  if (!kind) return Error{Code::kInternal, "the kind Namespace is not served"};
  while (!foundation_.cache.synced()) {
    if (!foundation_.clock.SleepFor(kRetry, stop)) return Error{Code::kCancelled, "stopped before the first load"};
  }
  for (std::string_view name : {kDefaultNamespace, kSystemNamespace}) {
    for (;;) {
      const Result<void> ensured = EnsureNamespace(*kind, name);
      if (ensured.ok()) break;
      const Code code = ensured.error().code;
      if (code != Code::kUnavailable && code != Code::kInDoubt && code != Code::kTimeout) return ensured.error();
      LogWarn("api", "a namespace could not be created yet",
              {{"name", std::string(name)}, {"error", ensured.error().message}});
      if (!foundation_.clock.SleepFor(kRetry, stop)) return Error{Code::kCancelled, "stopped"};
    }
  }
  return {};
}

}  // namespace patchbay::api
