#include "harness/runtime/fake_engine.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay::driver {
namespace {

using http::Answer;
using Reply = http::FaultyServer::Reply;

Reply Say(int status, const Json& body) { return {Answer{status, {}, DumpJson(body)}}; }
Reply Done() { return {Answer{204, {}, ""}}; }

Reply Refuse(const Error& error) {
  int status = 500;
  if (error.code == Code::kNotFound) status = 404;
  if (error.code == Code::kInvalid) status = 400;
  if (error.code == Code::kUnavailable) status = 503;
  return Say(status, {{"message", error.message}});
}

Reply NoSuchContainer(const std::string& id) { return Say(404, {{"message", StrCat("No such container: ", id)}}); }

std::string TimeOf(const std::optional<WallTime>& time) { return time ? FormatMicroTime(*time) : "0001-01-01T00:00:00Z"; }

Json NetworksOf(const Container& container) {
  Json networks = Json::object();
  const auto names = container.allowance ? container.allowance->networks : std::vector<std::string>{"bridge"};
  for (const std::string& name : names) networks[name] = {{"IPAddress", container.ip}};
  return {{"Networks", networks}};
}

Json Listed(const Container& container) {
  Json entry = {{"Id", container.id},
                {"Names", Json::array({"/" + container.name})},
                {"Image", container.image},
                {"ImageID", container.image_id},
                {"Created", std::chrono::duration_cast<std::chrono::seconds>(container.created->time_since_epoch()).count()},
                {"Labels", container.labels},
                {"State", ContainerStateName(container.state)},
                {"Status", container.state == ContainerState::kExited ? StrCat("Exited (", container.exit_code, ") 3 seconds ago") : "Up 3 seconds"},
                {"HostConfig", {{"NetworkMode", "default"}}},
                {"NetworkSettings", NetworksOf(container)},
                {"Ports", Json::array()}};
  for (const PortMapping& port : container.ports)
    entry["Ports"].push_back({{"PrivatePort", port.container_port}, {"PublicPort", port.host_port}, {"Type", port.protocol}});
  return entry;
}

Json Inspected(const Container& container) {
  Json document = {{"Id", container.id},
                   {"Name", "/" + container.name},
                   {"Created", TimeOf(container.created)},
                   {"Image", container.image_id},
                   {"RestartCount", container.restarts},
                   {"Config", {{"Image", container.image}, {"Labels", container.labels}}},
                   {"State",
                    {{"Status", ContainerStateName(container.state)},
                     {"ExitCode", container.exit_code},
                     {"OOMKilled", container.oom_killed},
                     {"Error", container.error},
                     {"StartedAt", TimeOf(container.started)},
                     {"FinishedAt", TimeOf(container.finished ? container.finished : container.previous_end)}}},
                   {"HostConfig", {{"NetworkMode", "default"}}},
                   {"NetworkSettings", NetworksOf(container)}};
  if (container.allowance) {
    document["HostConfig"]["Memory"] = container.allowance->memory_bytes;
    document["HostConfig"]["NanoCpus"] = container.allowance->nano_cpus;
  }
  Json& ports = document["NetworkSettings"]["Ports"] = Json::object();
  for (const PortMapping& port : container.ports) {
    Json& bindings = ports[StrCat(port.container_port, "/", port.protocol)];
    if (port.host_port != 0) bindings.push_back({{"HostIp", port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
  }
  return document;
}

// What of a request the FakeRuntime looks at.
ContainerSpec SpecOf(const std::string& name, const Json& body) {
  ContainerSpec spec;
  spec.name = name;
  spec.image = FindString(body, {"Image"});
  spec.labels = body["Labels"].get<std::map<std::string, std::string>>();
  spec.memory_bytes = FindInt(body, {"HostConfig", "Memory"});
  spec.nano_cpus = FindInt(body, {"HostConfig", "NanoCpus"});
  spec.network = FindString(body, {"HostConfig", "NetworkMode"});
  spec.restart_policy = FindString(body, {"HostConfig", "RestartPolicy", "Name"});
  for (const Json& variable : body["Env"]) {
    const std::string text = variable.get<std::string>();
    spec.env.emplace_back(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
  }
  for (const auto& [key, nothing] : body["ExposedPorts"].items()) {
    PortMapping port{static_cast<int>(*ParseInt(key.substr(0, key.find('/')))), key.substr(key.find('/') + 1), 0, ""};
    if (const Json* bindings = Find(body, {"HostConfig", "PortBindings", key}); bindings && !bindings->empty())
      port.host_port = static_cast<int>(ParseInt(FindString(bindings->front(), {"HostPort"})).value_or(0));
    spec.ports.push_back(port);
  }
  return spec;
}

bool Carries(const Container& container, const Json& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const Json& label) {
    const std::string text = label.get<std::string>();
    const auto found = container.labels.find(text.substr(0, text.find('=')));
    return found != container.labels.end() && found->second == text.substr(text.find('=') + 1);
  });
}

std::vector<std::string> StepsOf(const std::string& url) {
  auto steps = Split(url.substr(1, url.find('?') == std::string::npos ? std::string::npos : url.find('?') - 1), '/');
  if (!steps.empty() && steps[0].starts_with("v1.")) steps.erase(steps.begin());
  return steps;
}

std::string EventLine(const RuntimeEvent& event) {
  return DumpJson({{"Type", "container"},
                   {"Action", event.action},
                   {"Actor", {{"ID", event.container_id}, {"Attributes", {{kLabelOwnerUid, event.owner_uid}}}}}}) +
         "\n";
}

}  // namespace

FakeEngine::FakeEngine(FakeRuntime& truth, const std::string& socket)
    : truth_(truth), socket_(socket), server_("unix:" + socket, [this](const http::Call& call) { return Serve(call); }) {}

Reply FakeEngine::Serve(const http::Call& call) {
  const auto steps = StepsOf(call.url);
  const auto mark = call.url.find('?');
  const auto query = *http::Query::Parse(mark == std::string::npos ? "" : call.url.substr(mark + 1));
  if (steps[0] == "version")
    return Say(200, {{"Version", "20.10.24"}, {"ApiVersion", "1.41"}, {"MinAPIVersion", "1.12"}, {"Components", Json::array({{{"Name", "Engine"}}})}});
  if (steps[0] == "info") return Say(200, {{"ID", "FAKE:ENGINE"}});
  if (steps[0] == "events") return Tell(query);
  if (steps[0] == "containers") return ServeContainer(call, steps, query);
  if (steps[0] == "images") return ServeImage(call, steps, query);
  return Say(501, {{"message", StrCat("not imitated: ", call.method, " ", call.url)}});
}

Reply FakeEngine::ServeContainer(const http::Call& call, const std::vector<std::string>& steps, const http::Query& query) {
  if (steps.back() == "json") return steps.size() == 2 ? List(query) : Inspect(steps[1]);
  if (steps.back() == "create") return Create(std::string(query.Get("name")), call.body);
  const auto all = truth_.All();
  const auto seen = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.id == steps[1] || c.name == steps[1]; });
  if (seen == all.end()) return NoSuchContainer(steps[1]);
  Result<void> done;
  if (steps.back() == "archive") ++*copies_.Lock();
  else if (steps.back() == "start") done = truth_.Start(seen->id);
  else if (steps.back() == "stop") done = truth_.Stop(seen->id, std::chrono::seconds(ParseInt(query.Get("t")).value_or(10)));
  else if (call.method == "DELETE") done = truth_.Remove(seen->id);
  else return Say(501, {{"message", StrCat("not imitated: ", call.method, " ", call.url)}});
  if (!done.ok()) return Refuse(done.error());
  return steps.back() == "archive" ? Say(200, Json::object()) : Done();
}

Reply FakeEngine::List(const http::Query& query) {
  if (const auto error = truth_.faults().Enter(RuntimeCall::kList, "")) return Refuse(*error);
  const auto filters = ParseJson(query.Get("filters"));
  const Json* labels = filters.ok() ? Find(*filters, {"label"}) : nullptr;
  Json list = Json::array();
  for (const Container& container : truth_.All())
    if (labels == nullptr || Carries(container, *labels)) list.push_back(Listed(container));
  if (const auto garble = list_.Copy()) list = garble(std::move(list));
  return Say(200, list);
}

Reply FakeEngine::Inspect(const std::string& id) {
  const auto seen = truth_.Inspect(id);
  return seen.ok() ? Say(200, Inspected(*seen)) : Refuse(seen.error());
}

Reply FakeEngine::Create(const std::string& name, const std::string& body) {
  for (const Container& container : truth_.All())
    if (container.name == name)
      return Say(409, {{"message", StrCat("Conflict. The container name \"/", name, "\" is already in use by container \"", container.id,
                                          "\". You have to remove (or rename) that container to be able to reuse that name.")}});
  const auto parsed = ParseJson(body);
  if (!parsed.ok()) return Refuse(parsed.error());
  const auto id = truth_.Create(SpecOf(name, *parsed));
  return id.ok() ? Say(201, {{"Id", *id}, {"Warnings", Json::array()}}) : Refuse(id.error());
}

// A pull answers 200 and tells of a failure in a line of its progress.
Reply FakeEngine::ServeImage(const http::Call& call, const std::vector<std::string>& steps, const http::Query& query) {
  if (call.method == "POST") {
    const auto pulled = truth_.Pull(StrCat(query.Get("fromImage"), ":", query.Get("tag")), {});
    std::string progress = "{\"status\":\"Pulling from library\"}\r\n";
    if (!pulled.ok())
      progress += DumpJson({{"errorDetail", {{"message", pulled.error().message}}}, {"error", pulled.error().message}}) + "\r\n";
    return {Answer{200, {}, progress}};
  }
  const std::string name = Join({steps.begin() + 1, steps.end() - 1}, "/");
  const auto has = truth_.HasImage(name);
  if (!has.ok()) return Refuse(has.error());
  const auto id = truth_.ImageId(name);
  if (!id.ok()) return Refuse(id.error());
  return *has ? Say(200, {{"Id", *id}}) : Say(404, {{"message", StrCat("No such image: ", name)}});
}

Reply FakeEngine::Tell(const http::Query& query) {
  const double since = std::stod(std::string(query.Get("since")));
  const WallTime from{std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(since))};
  return {Answer{200, {}, ""}, [this, from](http::FaultyServer::Wire& wire) {
            const auto tell = [this, &wire](const RuntimeEvent& event) {
              const auto garble = garble_.Copy();
              for (const RuntimeEvent& each : garble ? garble(event) : std::vector<RuntimeEvent>{event})
                if (each.of != RuntimeEvent::Of::kImage) wire.Send(EventLine(each));
            };
            const auto watch = truth_.Watch(from, tell, [&wire](Result<void>) { wire.Cut(); });
            if (watch.ok()) wire.AwaitGone();
          }};
}

}  // namespace patchbay::driver
