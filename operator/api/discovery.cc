#include "api/discovery.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "api/pod_metrics.h"
#include "api/reviews.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

constexpr std::string_view kVersion = "v1.35.0";  // the Kubernetes whose API we speak

using KindList = std::vector<Kind>;

std::vector<std::pair<std::string, std::string>> GroupVersionsOf(const KindList& kinds) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Kind& kind : kinds) {
    std::pair<std::string, std::string> name{kind.group, kind.version};
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(std::move(name));
  }
  return all;
}

// Reviews are asked, not kept.
bool IsReview(const Kind& kind) {
  return std::any_of(ReviewKinds().begin(), ReviewKinds().end(),
                     [&](const Kind& review) { return review.Resource() == kind.Resource(); });
}

bool IsPodMetrics(const Kind& kind) { return kind.Resource() == PodMetricsKind().Resource(); }

Json Verbs(const Kind& kind) {
  if (IsReview(kind)) return Json::array({"create"});
  if (IsPodMetrics(kind)) return Json::array({"get", "list"});
  if (kind.mirrored) return {"delete", "deletecollection", "get", "list", "watch"};
  Json verbs = {"create", "delete"};
  if (kind.plural != kNamespaces) verbs.push_back("deletecollection");
  for (const char* verb : {"get", "list", "patch", "update", "watch"}) verbs.push_back(verb);
  return verbs;
}

struct Subresource {
  std::string name;
  std::string group;
  std::string version;
  std::string kind;
  Json verbs;
};

std::vector<Subresource> SubresourcesOf(const Kind& kind) {
  std::vector<Subresource> all;
  const Json verbs = {"get", "patch", "update"};
  if (kind.has_status) all.push_back({"status", kind.group, kind.version, kind.kind, verbs});
  if (kind.scale) all.push_back({"scale", "autoscaling", "v1", "Scale", verbs});
  if (kind.Resource() == kPlugins || kind.Resource() == kPods) all.push_back({"log", kind.group, kind.version, kind.kind, Json::array({"get"})});
  return all;
}

void AddResource(const Kind& kind, Json& resources) {
  Json resource = {{"name", kind.plural},
                   {"singularName", kind.singular},
                   {"namespaced", kind.namespaced},
                   {"kind", kind.kind},
                   {"verbs", Verbs(kind)}};
  if (!kind.short_names.empty()) resource["shortNames"] = kind.short_names;
  if (!kind.categories.empty()) resource["categories"] = kind.categories;
  resources.push_back(std::move(resource));
  for (const Subresource& sub : SubresourcesOf(kind)) {
    Json item = {{"name", StrCat(kind.plural, "/", sub.name)}, {"singularName", ""}, {"namespaced", kind.namespaced}};
    if (sub.group != kind.group) {
      item["group"] = sub.group;
      item["version"] = sub.version;
    }
    item["kind"] = sub.kind;
    item["verbs"] = sub.verbs;
    resources.push_back(std::move(item));
  }
}

Json ResourceList(const KindList& kinds, const std::string& group, const std::string& version) {
  Json resources = Json::array();
  for (const Kind& kind : kinds) {
    if (kind.group == group && kind.version == version) AddResource(kind, resources);
  }
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group.empty() ? version : StrCat(group, "/", version)},
          {"resources", std::move(resources)}};
}

Json VersionRef(const std::string& group, const std::string& version) {
  return {{"groupVersion", StrCat(group, "/", version)}, {"version", version}};
}

Json Group(const KindList& kinds, const std::string& name) {
  Json versions = Json::array();
  for (const auto& [group, version] : GroupVersionsOf(kinds)) {
    if (group == name) versions.push_back(VersionRef(group, version));
  }
  Json preferred = versions.front();
  return {{"name", name}, {"versions", std::move(versions)}, {"preferredVersion", std::move(preferred)}};
}

std::vector<std::string> NamedGroups(const KindList& kinds) {
  std::vector<std::string> names;
  for (const auto& [group, version] : GroupVersionsOf(kinds)) {
    if (!group.empty() && std::find(names.begin(), names.end(), group) == names.end()) names.push_back(group);
  }
  return names;
}

Json ResponseKind(const std::string& group, const std::string& version, const std::string& kind) {
  return {{"group", group}, {"version", version}, {"kind", kind}};
}

Json AggregatedResource(const Kind& kind) {
  Json resource = {{"resource", kind.plural},
                   {"responseKind", ResponseKind(kind.group, kind.version, kind.kind)},
                   {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
                   {"singularResource", kind.singular},
                   {"verbs", Verbs(kind)}};
  if (!kind.short_names.empty()) resource["shortNames"] = kind.short_names;
  if (!kind.categories.empty()) resource["categories"] = kind.categories;
  Json subresources = Json::array();
  for (const Subresource& sub : SubresourcesOf(kind)) {
    subresources.push_back({{"subresource", sub.name},
                            {"responseKind", ResponseKind(sub.group, sub.version, sub.kind)},
                            {"verbs", sub.verbs}});
  }
  if (!subresources.empty()) resource["subresources"] = std::move(subresources);
  return resource;
}

Json AggregatedGroup(const KindList& kinds, const std::string& name) {
  Json versions = Json::array();
  for (const auto& [group, version] : GroupVersionsOf(kinds)) {
    if (group != name) continue;
    Json resources = Json::array();
    for (const Kind& kind : kinds) {
      if (kind.group == group && kind.version == version) resources.push_back(AggregatedResource(kind));
    }
    versions.push_back({{"version", version}, {"resources", std::move(resources)}, {"freshness", "Current"}});
  }
  Json metadata = Json::object();
  if (!name.empty()) metadata["name"] = name;
  metadata["creationTimestamp"] = nullptr;
  return {{"metadata", std::move(metadata)}, {"versions", std::move(versions)}};
}

Json Aggregated(const KindList& kinds, const std::vector<std::string>& groups, const std::string& version) {
  Json items = Json::array();
  for (const std::string& group : groups) items.push_back(AggregatedGroup(kinds, group));
  return {{"kind", "APIGroupDiscoveryList"},
          {"apiVersion", "apidiscovery.k8s.io/" + version},
          {"metadata", Json::object()},
          {"items", std::move(items)}};
}

Json VersionDocument(const std::string& version) {
  return {{"major", "1"},
          {"minor", "35"},
          {"gitVersion", StrCat(kVersion, "+patchbay.", version)},
          {"gitCommit", ""},
          {"gitTreeState", "clean"},
          {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", "none"},
          {"compiler", "gcc"},
          {"platform", "linux/amd64"}};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> GroupVersions(const Kinds& kinds) {
  return GroupVersionsOf(kinds.all());
}

std::string GroupVersionPath(std::string_view group, std::string_view version) {
  return group.empty() ? StrCat("api/", version) : StrCat("apis/", group, "/", version);
}

Discovery::Discovery(const Kinds& served, const std::string& version) {
  KindList kinds = served.all();
  kinds.insert(kinds.end(), ReviewKinds().begin(), ReviewKinds().end());
  kinds.push_back(PodMetricsKind());
  Put("/version", "", VersionDocument(version));
  Put("/api", "",
      {{"kind", "APIVersions"},
       {"versions", {"v1"}},
       {"serverAddressByClientCIDRs", Json::array({{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", ""}}})}});
  Json groups = Json::array();
  for (const std::string& name : NamedGroups(kinds)) {
    const Json group = Group(kinds, name);
    Json alone = {{"kind", "APIGroup"}, {"apiVersion", "v1"}};
    alone.update(group);
    Put("/apis/" + name, "", alone);
    groups.push_back(group);
  }
  Put("/apis", "", {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}});
  for (const auto& [group, group_version] : GroupVersionsOf(kinds)) {
    Put("/" + GroupVersionPath(group, group_version), "", ResourceList(kinds, group, group_version));
  }
  for (const char* form : {"v2", "v2beta1"}) {
    Put("/api", form, Aggregated(kinds, {""}, form));
    Put("/apis", form, Aggregated(kinds, NamedGroups(kinds), form));
  }
}

void Discovery::Put(const std::string& path, const std::string& version, const Json& value) {
  std::string type = "application/json";
  if (!version.empty()) type += StrCat(";g=apidiscovery.k8s.io;v=", version, ";as=APIGroupDiscoveryList");
  documents_.insert_or_assign({path, version}, MakeDocument(DumpJson(value) + "\n", std::move(type)));
}

bool Discovery::Serve(const CallPtr& call) const {
  std::string path = call->request().path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto plain = documents_.find({path, ""});
  if (plain == documents_.end()) return false;
  const Answer<std::string> version = ChooseDiscovery(call->request().headers.Get("Accept"));
  if (!version.ok()) {
    call->Fail(version.error());
    return true;
  }
  const auto aggregated = documents_.find({path, *version});
  ReplyDocument(call, aggregated != documents_.end() ? aggregated->second : plain->second);
  return true;
}

}  // namespace patchbay::api
