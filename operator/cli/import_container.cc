#include "cli/import_container.h"

#include <algorithm>

#include "base/text.h"
#include "cli/import_host.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

// One container on its way to a manifest.
struct Work {
  const Json& container;
  const Json& image;
  Imported imported;

  Json& spec() { return imported.object["spec"]; }
  void Note(std::string note) { imported.notes.push_back(std::move(note)); }
  std::string Own(const char* field) const { return FindString(container, {"Config", field}); }
  std::string Given(const char* field) const { return FindString(image, {"Config", field}); }
};

bool IsHexId(const std::string& text) {
  return text.size() >= 12 && std::all_of(text.begin(), text.end(),
                                          [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
}

void FillImage(Work& work) {
  const std::string name = work.Own("Image");
  const std::string id = FindString(work.container, {"Image"});
  if (name.starts_with("sha256:") || IsHexId(name)) {
    work.spec()["image"] = id.empty() ? name : id;
    return work.Note("image is an id, not a name: no other engine can pull it");
  }
  work.spec()["image"] = name;
  const bool versioned =
      name.find(':', name.rfind('/') == std::string::npos ? 0 : name.rfind('/')) != std::string::npos;
  const std::string tag = versioned ? name : name + ":latest";
  const auto tags = Strings(Find(work.image, {"RepoTags"}));
  const auto digests = Strings(Find(work.image, {"RepoDigests"}));
  const auto ends = [&](const std::string& each) {
    return each == tag || each.ends_with("/" + tag) || tag.ends_with("/" + each);
  };
  if (!work.image.empty() && std::none_of(tags.begin(), tags.end(), ends) &&
      std::none_of(digests.begin(), digests.end(), ends))
    work.Note(
        StrCat("image: ", name, " names another image by now than the one that runs; the next rollout takes that one"));
}

void FillCommand(Work& work) {
  const auto entrypoint = Strings(Find(work.container, {"Config", "Entrypoint"}));
  const auto args = Strings(Find(work.container, {"Config", "Cmd"}));
  const auto given_entrypoint = Strings(Find(work.image, {"Config", "Entrypoint"}));
  const auto given_args = Strings(Find(work.image, {"Config", "Cmd"}));
  const bool emptied = entrypoint.empty() || entrypoint == std::vector<std::string>{""};
  if (emptied && !given_entrypoint.empty()) {
    if (!args.empty()) work.spec()["command"] = args;
  } else if (entrypoint != given_entrypoint) {
    work.spec()["command"] = entrypoint;
    if (!args.empty()) work.spec()["args"] = args;
  } else if (args != given_args && !args.empty()) {
    work.spec()["args"] = args;
  }
  if (const std::string folder = work.Own("WorkingDir"); !folder.empty() && folder != work.Given("WorkingDir"))
    work.spec()["workingDir"] = folder;
}

bool IsVariable(const std::string& name) {
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), fits);
}

void FillEnv(Work& work) {
  const auto given = Strings(Find(work.image, {"Config", "Env"}));
  for (const std::string& entry : Strings(Find(work.container, {"Config", "Env"}))) {
    if (std::find(given.begin(), given.end(), entry) != given.end()) continue;
    const auto equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    if (IsVariable(name))
      AddEnv(work.imported, name, equals == std::string::npos ? "" : entry.substr(equals + 1));
    else
      work.Note(StrCat("env ", name, " is not carried: a name may have letters, digits and _"));
  }
}

// Where Docker chose a port of the host, nobody relies on it.
void FillHostPort(Work& work, const std::string& key, Json& port) {
  const Json* bindings = Find(work.container, {"HostConfig", "PortBindings", key});
  if (IsNothing(bindings)) return;
  std::set<std::string> hosts;
  for (const Json& binding : *bindings) {
    const auto number = ParseInt(FindString(binding, {"HostPort"}));
    const std::string ip = FindString(binding, {"HostIp"});
    const bool all = ip.empty() || ip == "0.0.0.0" || ip == "::";
    if (!number || *number == 0) {
      work.Note(StrCat("port ", key, " is published on a port of the host by chance: that is not carried"));
    } else if (!port.contains("hostPort")) {
      port["hostPort"] = *number;
      if (!all) port["hostIP"] = ip;
      hosts.insert(StrCat(all ? "" : ip, ":", *number));
    } else if (hosts.insert(StrCat(all ? "" : ip, ":", *number)).second) {
      work.Note(StrCat("port ", key, " is published once only: ", ip, ":", *number, " is not carried"));
    }
  }
  if (port.contains("hostPort"))
    work.Note(StrCat("hostPort ", port["hostPort"].get<std::int64_t>(),
                     ": only one container can have it, so a rollout stops the "
                     "old one before the new one starts; a Route instead of it loses nothing"));
}

void FillPorts(Work& work) {
  std::set<std::string> keys;
  for (const Json* ports :
       {Find(work.container, {"Config", "ExposedPorts"}), Find(work.container, {"HostConfig", "PortBindings"})})
    if (ports != nullptr && ports->is_object())
      for (const auto& [key, value] : ports->items()) keys.insert(key);
  for (const std::string& key : keys) {
    const auto slash = key.find('/');
    const auto number = ParseInt(key.substr(0, slash));
    if (!number) continue;
    Json port = {{"containerPort", *number}};
    const std::string protocol = slash == std::string::npos ? "tcp" : key.substr(slash + 1);
    if (protocol != "tcp") port["protocol"] = protocol == "udp" ? "UDP" : "SCTP";
    FillHostPort(work, key, port);
    work.spec()["ports"].push_back(std::move(port));
  }
}

void FillHealth(Work& work) {
  const Json* check = Find(work.container, {"Config", "Healthcheck"});
  if (check == nullptr) return;
  Json probe = MakeProbe(*check, Strings(Find(work.container, {"Config", "Shell"})));
  if (!probe.is_null()) work.spec()["readinessProbe"] = std::move(probe);
}

void FillLabels(Work& work) {
  const Json* labels = Find(work.container, {"Config", "Labels"});
  if (labels == nullptr || !labels->is_object()) return;
  for (const auto& [name, value] : labels->items()) {
    const bool of_compose = name.starts_with("com.docker.compose.");
    if (of_compose || name.starts_with("patchbay.dev/") ||
        FindString(work.image, {"Config", "Labels", name}, "\n") == value)
      continue;
    if (work.spec().contains("labels") && work.spec()["labels"].size() >= 64) {
      work.Note(StrCat("label ", name, " is not carried: 64 are the most"));
      continue;
    }
    work.spec()["labels"][name] = value;
  }
}

void FillUser(Work& work) {
  const std::string user = work.Own("User");
  if (user.empty() || user == work.Given("User")) return;
  const auto parts = Split(user, ':');
  const auto uid = ParseInt(parts[0]);
  const auto gid = parts.size() > 1 ? ParseInt(parts[1]) : std::nullopt;
  if (!uid || (parts.size() > 1 && !gid))
    return work.Note(
        StrCat("user ", user, " is not carried: securityContext.runAsUser takes numbers (id ", parts[0], ")"));
  work.spec()["securityContext"]["runAsUser"] = *uid;
  if (gid) work.spec()["securityContext"]["runAsGroup"] = *gid;
}

void FillEnd(Work& work) {
  if (const auto seconds = FindInt(work.container, {"Config", "StopTimeout"}, 10); seconds != 10)
    work.spec()["terminationGracePeriodSeconds"] = seconds;
  const std::string signal = work.Own("StopSignal");
  if (!signal.empty() && signal != "SIGTERM" && signal != work.Given("StopSignal"))
    work.Note(StrCat("stop signal ", signal, " is not carried: containers get SIGTERM, or what their image says"));
}

void NoteRest(Work& work) {
  const std::string id = FindString(work.container, {"Id"});
  if (const std::string host = work.Own("Hostname");
      !host.empty() && !id.starts_with(host) && FindString(work.container, {"HostConfig", "NetworkMode"}) != "host")
    work.Note(StrCat("hostname ", host, " is not carried: containers are called by their id"));
  for (const auto& [field, what] : {std::pair{"Tty", "a terminal (-t)"}, std::pair{"OpenStdin", "standard input (-i)"},
                                    std::pair{"Domainname", "a domain name"}, std::pair{"MacAddress", "a MAC address"}})
    if (!IsNothing(Find(work.container, {"Config", field})))
      work.Note(StrCat(what, " is not carried (Config.", field, ")"));
}

void Annotate(Work& work) {
  if (FindString(work.container, {"State", "Status"}) == "running")
    work.imported.object["metadata"]["annotations"][kAdoptAnnotation] = FindString(work.container, {"Id"});
  else
    work.Note("the container does not run: applying this makes a new one beside it");
}

}  // namespace

Json MakeProbe(const Json& check, const std::vector<std::string>& shell) {
  auto test = Strings(Find(check, {"Test"}));
  if (test.size() < 2 || test[0] == "NONE") return nullptr;
  std::vector<std::string> command(test.begin() + 1, test.end());
  if (test[0] == "CMD-SHELL") {
    const std::vector<std::string> usual{"/bin/sh", "-c"};
    command.insert(command.begin(), (shell.empty() ? usual : shell).begin(), (shell.empty() ? usual : shell).end());
  }
  Json probe = {{"exec", {{"command", command}}}};
  probe["periodSeconds"] = MakeSeconds(FindInt(check, {"Interval"}), 30);
  probe["timeoutSeconds"] = MakeSeconds(FindInt(check, {"Timeout"}), 30);
  if (const auto retries = FindInt(check, {"Retries"}); retries > 0) probe["failureThreshold"] = retries;
  return probe;
}

Imported ImportContainer(const Json& container, const Json& image, const std::string& ns,
                         std::set<std::string>& taken) {
  const std::string slashed = FindString(container, {"Name"});
  const std::string name = slashed.starts_with('/') ? slashed.substr(1) : slashed;
  Work work{container, image, {MakeObject("Plugin", MakeName(name, taken), ns), nullptr, {}}};
  if (NameOf(work.imported.object) != name) work.Note(StrCat("made of the container ", name));
  Annotate(work);
  FillImage(work);
  FillCommand(work);
  FillEnv(work);
  FillPorts(work);
  FillHealth(work);
  FillUser(work);
  FillLabels(work);
  FillEnd(work);
  NoteRest(work);
  FillHostConfig(container, work.imported);
  return std::move(work.imported);
}

}  // namespace patchbay::cli
