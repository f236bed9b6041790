#include "driver/runtime/docker_runtime.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "driver/runtime/docker_engine.h"
#include "driver/runtime/docker_error.h"
#include "driver/runtime/docker_spec.h"
#include "driver/runtime/docker_view.h"
#include "driver/runtime/image_reference.h"

namespace patchbay::driver {
namespace {

constexpr std::chrono::milliseconds kLookAgain{50};

std::string LabelOf(const Container& container, const char* name) {
  const auto found = container.labels.find(name);
  return found == container.labels.end() ? "" : found->second;
}

void SortByCreation(std::vector<Container>& containers) {
  std::sort(containers.begin(), containers.end(), [](const Container& a, const Container& b) {
    return std::tie(a.created, a.name) < std::tie(b.created, b.name);
  });
}

std::string Target(const std::string& id, std::string_view rest) { return StrCat("/containers/", EncodeUrl(id), rest); }

bool IsNameConflict(const Error& error) {
  return (error.code == Code::kConflict || error.code == Code::kInternal) &&
         error.message.find("already in use") != std::string::npos && !IsPortConflict(error.message);
}

bool IsImageName(const std::string& image) { return IsImageId(image) || ParseImageReference(image).ok(); }

// Tells whether `text` holds `number` as a whole number.
bool Mentions(const std::string& text, int number) {
  const std::string word = std::to_string(number);
  const auto is_digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    if (!is_digit(at + word.size()) && (at == 0 || !is_digit(at - 1))) return true;
  return false;
}

// The host ports that a container asked for, those that `message` names before the others.
std::vector<std::string> AskedPorts(const Json& document, const std::string& message) {
  std::vector<std::string> named;
  std::vector<std::string> all;
  const Json* bindings = Find(document, {"HostConfig", "PortBindings"});
  if (bindings == nullptr || !bindings->is_object()) return all;
  for (const auto& [key, list] : bindings->items()) {
    if (!list.is_array()) continue;
    for (const auto& binding : list) {
      const std::string port = FindString(binding, {"HostPort"});
      const std::string text = StrCat(port, key.substr(std::min(key.find('/'), key.size())));
      all.push_back(text);
      if (Mentions(message, static_cast<int>(ParseInt(port).value_or(-1)))) named.push_back(text);
    }
  }
  return named.empty() ? all : named;
}

}  // namespace

std::string DockerHostFromEnvironment() {
  const char* host = std::getenv("DOCKER_HOST");
  return host != nullptr && *host != '\0' ? host : DockerOptions().host;
}

Result<std::unique_ptr<Runtime>> NewDockerRuntime(DockerOptions options, http::HttpClient& http, Meter& meter,
                                                  Clock& clock) {
  if (options.installation.empty()) return Error{Code::kInvalid, "a Runtime needs the id of its installation"};
  PATCHBAY_TRY(auto endpoint, ParseDockerHost(options.host));
  return std::unique_ptr<Runtime>(
      std::make_unique<DockerRuntime>(std::move(options), std::move(endpoint), http, meter, clock));
}

DockerRuntime::DockerRuntime(DockerOptions options, DockerEndpoint endpoint, http::HttpClient& http, Meter& meter,
                             Clock& clock)
    : options_(std::move(options)),
      here_(!endpoint.unix_socket.empty()),
      claims_(std::make_shared<Claims>(options_.installation)),
      client_(std::move(endpoint), http, options_.timeout, meter, clock),
      pulls_(client_, options_.pull_quiet, options_.pull_timeout),
      slots_(std::max(1, options_.concurrency)) {}

bool DockerRuntime::IsOurs(const Container& container) const {
  return LabelOf(container, kLabelInstallation) == options_.installation;
}

Result<std::vector<Container>> DockerRuntime::ListFiltered(const Json& filters) {
  PATCHBAY_TRY(const auto entries,
               client_.GetJson("list", StrCat("/containers/json?all=1&filters=", EncodeUrl(DumpJson(filters)))));
  if (!entries.is_array()) return Error{Code::kInternal, "the container engine's list is not a list"};
  std::vector<Container> containers;
  containers.reserve(entries.size());
  for (const auto& entry : entries) {
    PATCHBAY_TRY(auto container, ReadListed(entry));
    claims_->Mark(container);
    // A filter that an engine does not understand must not show us what is not ours.
    if (IsOurs(container)) containers.push_back(std::move(container));
  }
  return containers;
}

Result<std::vector<Container>> DockerRuntime::List() {
  PATCHBAY_TRY(auto containers, ListFiltered({{"label", {StrCat(kLabelInstallation, "=", options_.installation)}}}));
  std::set<std::string> ids;
  for (const auto& container : containers) ids.insert(container.id);
  if (const auto claimed = claims_->IdsOf(); !claimed.empty()) {
    PATCHBAY_TRY(auto more, ListFiltered({{"id", claimed}}));
    for (auto& container : more)
      if (ids.insert(container.id).second) containers.push_back(std::move(container));
  }
  *own_ids_.Lock() = std::move(ids);
  SortByCreation(containers);
  return containers;
}

Result<std::vector<Container>> DockerRuntime::ListOf(const std::string& owner_uid) {
  PATCHBAY_TRY(const auto listed, ListFiltered({{"label", {StrCat(kLabelInstallation, "=", options_.installation),
                                                           StrCat(kLabelOwnerUid, "=", owner_uid)}}}));
  std::vector<std::string> ids = claims_->IdsOf(owner_uid);
  for (const auto& entry : listed)
    if (!claims_->Contains(entry.id)) ids.push_back(entry.id);
  std::vector<Container> containers;
  for (const auto& id : ids) {
    auto container = Inspect(id);
    if (container.ok() && LabelOf(*container, kLabelOwnerUid) == owner_uid && IsOurs(*container))
      containers.push_back(*std::move(container));
    if (!container.ok() && container.error().code != Code::kNotFound) return std::move(container).error();
  }
  SortByCreation(containers);
  return containers;
}

Result<Container> DockerRuntime::Inspect(const std::string& id_or_name) {
  PATCHBAY_TRY(const auto document, client_.GetJson("inspect", Target(id_or_name, "/json")));
  PATCHBAY_TRY(auto container, ReadInspected(document));
  claims_->Mark(container);
  return container;
}

Result<std::vector<Container>> DockerRuntime::ListPublishing() {
  PATCHBAY_TRY(const auto entries, client_.GetJson("list", "/containers/json"));
  if (!entries.is_array()) return Error{Code::kInternal, "the container engine's list is not a list"};
  std::vector<Container> containers;
  for (const auto& entry : entries) {
    PATCHBAY_TRY(auto container, ReadListed(entry));
    const auto on_host = [](const PortMapping& port) { return port.host_port != 0; };
    if (std::none_of(container.ports.begin(), container.ports.end(), on_host)) continue;
    claims_->Mark(container);
    containers.push_back(std::move(container));
  }
  return containers;
}

Result<void> DockerRuntime::Claim(const std::string& owner_uid, const std::vector<Claimed>& containers) {
  PATCHBAY_TRY(const auto given_up, claims_->Set(owner_uid, containers));
  auto known = own_ids_.Lock();
  for (const auto& id : given_up) known->erase(id);
  return {};
}

Result<void> DockerRuntime::CheckOurs(const std::string& id) {
  if (own_ids_.Lock()->contains(id)) return {};
  PATCHBAY_TRY(const auto container, Inspect(id));
  if (!IsOurs(container))
    return Error{Code::kForbidden,
                 StrCat("container ", container.name, " (", container.id, ") is not of this installation")};
  own_ids_.Lock()->insert(container.id);
  return {};
}

Result<std::string> DockerRuntime::Create(const ContainerSpec& spec) {
  if (!IsImageName(spec.image)) return ParseImageReference(spec.image).error();
  // Bad files are found before anything is made.
  PATCHBAY_TRY(const auto archives, BuildArchives(spec));
  slots_.acquire();
  auto answer = client_.Send({"create", "POST", StrCat("/containers/create?name=", EncodeUrl(spec.name)),
                              DumpJson(BuildCreateBody(spec, options_.installation)), "application/json",
                              options_.action_timeout});
  slots_.release();
  if (!answer.ok()) return IsNameConflict(answer.error()) ? Adopt(spec, answer.error()) : std::move(answer).error();
  const auto document = ParseJson(answer->body);
  const std::string id = document.ok() ? FindString(*document, {"Id"}) : "";
  if (id.empty()) return Error{Code::kInDoubt, "the container engine made a container and did not tell its id"};
  own_ids_.Lock()->insert(id);
  PATCHBAY_CHECK(CopyFiles(id, spec));
  return id;
}

Result<std::string> DockerRuntime::Adopt(const ContainerSpec& spec, const Error& conflict) {
  const auto holder = Inspect(spec.name);
  // Held by nothing (moby#23371), or gone in between: the engine's own words.
  if (!holder.ok() && holder.error().code == Code::kNotFound)
    return Error{Code::kConflict, StrCat("the name \"", spec.name, "\" is taken: ", conflict.message)};
  if (!holder.ok()) return holder.error();
  if (!IsOurs(*holder))
    return Error{Code::kConflict, StrCat("the name \"", spec.name, "\" is taken by container ", holder->id, " (image ",
                                         holder->image, "), which is not of this installation")};
  const auto wanted = spec.labels.find(kLabelSpecHash);
  if (wanted == spec.labels.end() || LabelOf(*holder, kLabelSpecHash) != wanted->second)
    return Error{Code::kConflict,
                 StrCat("the name \"", spec.name, "\" is taken by container ", holder->id,
                        " of this installation with another spec (owner uid ", LabelOf(*holder, kLabelOwnerUid), ")")};
  own_ids_.Lock()->insert(holder->id);
  // Who made it may have died before its files were in.
  if (holder->state == ContainerState::kCreated) PATCHBAY_CHECK(CopyFiles(holder->id, spec));
  return holder->id;
}

Result<void> DockerRuntime::CopyFiles(const std::string& id, const ContainerSpec& spec) {
  PATCHBAY_TRY(auto archives, BuildArchives(spec));
  for (auto& archive : archives) {
    auto copied = client_.Send({"copy", "PUT", Target(id, StrCat("/archive?path=", EncodeUrl(archive.folder))),
                                std::move(archive.tar), "application/x-tar", options_.action_timeout});
    if (!copied.ok()) return copied.error().Within(StrCat("cannot put files into container ", spec.name));
  }
  return {};
}

Result<void> DockerRuntime::Start(const std::string& id) {
  PATCHBAY_CHECK(CheckOurs(id));
  slots_.acquire();
  auto answer = client_.Send({"start", "POST", Target(id, "/start"), "", "application/json", options_.action_timeout});
  slots_.release();
  if (answer.ok()) return {};
  if (IsPortConflict(answer.error().message)) return ExplainPortConflict(id, std::move(answer).error());
  return std::move(answer).error();
}

Error DockerRuntime::ExplainPortConflict(const std::string& id, Error error) {
  const auto document = client_.GetJson("inspect", Target(id, "/json"));
  const auto ports = document.ok() ? AskedPorts(*document, error.message) : std::vector<std::string>();
  error.code = Code::kConflict;
  error.message = StrCat(ports.size() > 1 ? "one of the host ports " : "host port ", Join(ports, ", "),
                         " is taken: ", error.message);
  return error;
}

Result<void> DockerRuntime::Stop(const std::string& id, std::chrono::seconds grace) {
  const auto ours = CheckOurs(id);
  if (!ours.ok() && ours.error().code == Code::kNotFound) return {};
  PATCHBAY_CHECK(ours);
  auto stopped = client_.SendLong({"stop", "POST", Target(id, StrCat("/stop?t=", grace.count())), "",
                                   "application/json", grace + options_.action_timeout});
  if (stopped.ok() || stopped.error().code == Code::kNotFound) return {};
  if (stopped.error().code == Code::kTimeout) return Error{Code::kInDoubt, stopped.error().message};
  return stopped;
}

Result<void> DockerRuntime::Remove(const std::string& id) {
  const auto ours = CheckOurs(id);
  if (!ours.ok() && ours.error().code == Code::kNotFound) return {};
  PATCHBAY_CHECK(ours);
  slots_.acquire();
  // v=1 takes the unnamed volumes only. What others made may keep what they need there.
  const char* how = claims_->Contains(id) ? "?force=1" : "?force=1&v=1";
  const auto answer = client_.Send({"remove", "DELETE", Target(id, how), "", "", options_.action_timeout});
  slots_.release();
  if (!answer.ok() && answer.error().code == Code::kConflict &&
      answer.error().message.find("already in progress") != std::string::npos)
    return AwaitRemoval(id);
  if (!answer.ok() && answer.error().code != Code::kNotFound) return answer.error();
  claims_->Drop(id);
  own_ids_.Lock()->erase(id);
  return {};
}

Result<void> DockerRuntime::AwaitRemoval(const std::string& id) {
  const MonoTime deadline = client_.clock().Mono() + options_.action_timeout;
  while (client_.clock().Mono() < deadline) {
    const auto seen = Inspect(id);
    if (!seen.ok() && seen.error().code == Code::kNotFound) return {};
    client_.clock().SleepFor(kLookAgain, {});
  }
  return Error{Code::kTimeout, StrCat("the removal of container ", id, " does not end")};
}

}  // namespace patchbay::driver
