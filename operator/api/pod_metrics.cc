#include "api/pod_metrics.h"

#include <utility>

#include "api/access.h"
#include "api/codec.h"
#include "api/selection.h"
#include "base/text.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

constexpr std::string_view kGroupPath = "/apis/metrics.k8s.io/v1beta1/";

Kind MakeKind() {
  Kind kind;
  kind.group = "metrics.k8s.io";
  kind.version = "v1beta1";
  kind.kind = "PodMetrics";
  kind.list_kind = "PodMetricsList";
  kind.plural = "pods";
  kind.builtin = true;
  return kind;
}

struct Measured {
  Key pod;
  Labels labels;
  std::string container;  // its name
  std::string id;
};

// The container that runs in it; nothing when none does.
std::optional<Measured> Read(const cache::Entry& entry) {
  const Json pod = ParseStored(*entry.bytes);
  const Json* statuses = Find(pod, {"status", "containerStatuses"});
  if (!statuses || !statuses->is_array() || statuses->empty()) return std::nullopt;
  const Json& status = statuses->front();
  const std::string id = FindString(status, {"containerID"});
  const std::size_t scheme = id.find("://");
  if (!Find(status, {"state", "running"}) || scheme == std::string::npos) return std::nullopt;
  return Measured{entry.key, entry.labels, FindString(status, {"name"}), id.substr(scheme + 3)};
}

Json ToJson(const Measured& pod, const Backstage::Usage& usage) {
  Json metadata = {{"name", pod.pod.name}, {"namespace", pod.pod.ns}, {"creationTimestamp", usage.timestamp}};
  if (!pod.labels.empty()) metadata["labels"] = pod.labels;
  const Json used = {{"cpu", StrCat(usage.cpu_nanocores, "n")}, {"memory", StrCat(usage.memory_bytes / 1024, "Ki")}};
  return {{"kind", PodMetricsKind().kind},
          {"apiVersion", PodMetricsKind().ApiVersion()},
          {"metadata", std::move(metadata)},
          {"timestamp", usage.timestamp},
          {"window", StrCat(usage.window.count(), "ms")},
          {"containers", Json::array({{{"name", pod.container}, {"usage", used}}})}};
}

}  // namespace

const Kind& PodMetricsKind() {
  static const Kind* const kind = new Kind(MakeKind());
  return *kind;
}

bool PodMetrics::Serve(const CallPtr& call) const {
  if (!call->request().path.starts_with(kGroupPath)) return false;
  std::optional<ResourcePath> path = ParseResourcePath(call->request().path);
  if (!path || path->plural != "pods" || !path->subresource.empty() || path->watch) return false;
  if (!path->name.empty() && path->ns.empty()) return false;
  call->kind = &PodMetricsKind();
  call->path = *std::move(path);
  call->verb = call->path.name.empty() ? "list" : "get";
  if (!call->allowed) call->Fail(Denied(*call));
  else if (!call->IsMethod("GET")) call->Fail(MethodNotAllowed(*call->kind, Lower(call->request().method)));
  else Begin(call);
  return true;
}

void PodMetrics::Begin(const CallPtr& call) const {
  const Kind* pods = kinds_.FindResource(kPods);
  call->cache = backstage_.mirror;
  if (!pods || !call->cache || !backstage_.usage)
    return call->Fail(FromError({Code::kUnsupported, "this server measures nothing"}, nullptr, ""));
  if (!call->cache->synced()) return call->Fail(Unavailable("the containers have not been looked at yet"));
  const auto options = ParseListOptions(call->request().query, false);
  if (!options.ok()) return call->Fail(options.error());
  const auto selection = Selection::Make(*pods, call->path.ns, call->path.name, *options);
  if (!selection.ok()) return call->Fail(selection.error());
  const Result<cache::Page> page = call->cache->List(selection->Query());
  if (!page.ok()) return call->Fail(FromError(page.error(), call->kind, ""));
  const bool taken = threads_.Run([this, call, page = *page] { Measure(call, page.entries, page.revision); });
  if (!taken) call->Fail(TooManyRequests("too many requests wait for something slow"));
}

void PodMetrics::Measure(const CallPtr& call, const std::vector<cache::EntryPtr>& pods, Revision revision) const {
  std::vector<Measured> running;
  std::vector<std::string> ids;
  for (const cache::EntryPtr& entry : pods) {
    auto pod = Read(*entry);
    if (!pod) continue;
    ids.push_back(pod->id);
    running.push_back(*std::move(pod));
  }
  const auto used = backstage_.usage(ids);
  if (!used.ok()) return call->Fail(FromError(used.error(), call->kind, call->path.name));
  Json items = Json::array();
  for (std::size_t i = 0; i < running.size() && i < used->size(); ++i)
    if (const auto& usage = (*used)[i]) items.push_back(ToJson(running[i], *usage));
  if (!call->path.name.empty()) {
    if (items.empty()) return call->Fail(NotFound(*call->kind, call->path.name));
    return call->Reply(JsonResponse(200, items.front()));
  }
  call->Reply(JsonResponse(200, {{"kind", call->kind->list_kind},
                                 {"apiVersion", call->kind->ApiVersion()},
                                 {"metadata", {{"resourceVersion", StrCat(revision)}}},
                                 {"items", std::move(items)}}));
}

}  // namespace patchbay::api
