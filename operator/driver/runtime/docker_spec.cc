#include "driver/runtime/docker_spec.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "driver/runtime/tar_writer.h"

namespace patchbay::driver {
namespace {

constexpr int kLogFiles = 3;

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool IsMounted(const ContainerSpec& spec, const std::string& folder) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(), [&](const Mount& mount) {
    return !mount.read_only && (folder == mount.target || folder.starts_with(mount.target + "/"));
  });
}

// A read-only root takes no files: their folders become volumes.
std::set<std::string> FoldersToMount(const ContainerSpec& spec) {
  std::set<std::string> folders;
  if (!spec.read_only_root) return folders;
  for (const auto& file : spec.files)
    if (const std::string folder = FolderOf(file.path); !folder.empty() && !IsMounted(spec, folder))
      folders.insert(folder);
  return folders;
}

Json BuildMounts(const ContainerSpec& spec, const std::string& installation) {
  Json mounts = Json::array();
  for (const auto& mount : spec.mounts) {
    Json entry = {{"Target", mount.target}, {"ReadOnly", mount.read_only}};
    switch (mount.type) {
      case Mount::Type::kVolume:
        entry["Type"] = "volume";
        entry["VolumeOptions"] = {{"Labels", {{kLabelInstallation, installation}}}};
        break;
      case Mount::Type::kBind: entry["Type"] = "bind"; break;
      case Mount::Type::kTmpfs: entry["Type"] = "tmpfs"; break;
    }
    if (mount.type != Mount::Type::kTmpfs) entry["Source"] = mount.source;
    mounts.push_back(std::move(entry));
  }
  for (const auto& folder : FoldersToMount(spec)) mounts.push_back({{"Type", "volume"}, {"Target", folder}});
  return mounts;
}

Json BuildPortBindings(const ContainerSpec& spec) {
  Json bindings = Json::object();
  for (const auto& port : spec.ports) {
    if (port.host_port == 0) continue;
    const std::string key = StrCat(port.container_port, "/", port.protocol);
    bindings[key].push_back({{"HostIp", port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
  }
  return bindings;
}

Json BuildHostConfig(const ContainerSpec& spec, const std::string& installation) {
  Json host = {
      {"PortBindings", BuildPortBindings(spec)},
      {"Mounts", BuildMounts(spec, installation)},
      {"RestartPolicy", {{"Name", spec.restart_policy}}},
      {"Privileged", spec.privileged},
      {"ReadonlyRootfs", spec.read_only_root},
      {"LogConfig",
       {{"Type", "json-file"},
        {"Config", {{"max-size", std::to_string(spec.log_max_bytes)}, {"max-file", std::to_string(kLogFiles)}}}}}};
  if (spec.memory_bytes > 0) host["Memory"] = spec.memory_bytes;
  if (spec.memory_reservation > 0) host["MemoryReservation"] = spec.memory_reservation;
  if (spec.nano_cpus > 0) host["NanoCpus"] = spec.nano_cpus;
  if (spec.cpu_shares > 0) host["CpuShares"] = spec.cpu_shares;
  if (!spec.network.empty()) host["NetworkMode"] = spec.network;
  if (spec.no_new_privileges) host["SecurityOpt"] = Json::array({"no-new-privileges"});
  if (!spec.cap_add.empty()) host["CapAdd"] = spec.cap_add;
  if (!spec.cap_drop.empty()) host["CapDrop"] = spec.cap_drop;
  return host;
}

// Files belong to the user who reads them, when it is told by number.
TarOwner OwnerOf(const ContainerSpec& spec) {
  const auto parts = Split(spec.user, ':');
  const auto uid = ParseInt(parts[0]);
  if (!uid) return {};
  const auto gid = parts.size() > 1 ? ParseInt(parts[1]) : std::nullopt;
  return {*uid, gid.value_or(0)};
}

}  // namespace

Json BuildCreateBody(const ContainerSpec& spec, const std::string& installation) {
  Json body = {{"Image", spec.image}};
  if (!spec.entrypoint.empty()) body["Entrypoint"] = spec.entrypoint;
  if (!spec.args.empty()) body["Cmd"] = spec.args;
  if (!spec.working_dir.empty()) body["WorkingDir"] = spec.working_dir;
  if (!spec.user.empty()) body["User"] = spec.user;
  body["Env"] = Json::array();
  for (const auto& [name, value] : spec.env) body["Env"].push_back(StrCat(name, "=", value));
  body["Labels"] = spec.labels;
  body["Labels"][kLabelInstallation] = installation;
  body["Labels"][kLabelImage] = spec.image;
  body["ExposedPorts"] = Json::object();
  for (const auto& port : spec.ports)
    body["ExposedPorts"][StrCat(port.container_port, "/", port.protocol)] = Json::object();
  body["StopTimeout"] = spec.stop_timeout_seconds;
  body["HostConfig"] = BuildHostConfig(spec, installation);
  if (!spec.network.empty() && !spec.network_aliases.empty())
    body["NetworkingConfig"]["EndpointsConfig"][spec.network]["Aliases"] = spec.network_aliases;
  return body;
}

Result<std::vector<FileArchive>> BuildArchives(const ContainerSpec& spec) {
  std::map<std::string, TarWriter> writers;
  for (const auto& file : spec.files) {
    if (!file.path.starts_with('/'))
      return Error{Code::kInvalid, StrCat("the file path \"", file.path, "\" must be absolute")};
    const std::string folder = spec.read_only_root ? FolderOf(file.path) : "/";
    if (folder.empty())
      return Error{Code::kInvalid,
                   StrCat("the file \"", file.path, "\" must be in a folder, for the root file system is read-only")};
    const auto name = std::string_view(file.path).substr(folder == "/" ? 1 : folder.size() + 1);
    PATCHBAY_CHECK(writers[folder].AddFile(name, file.content, file.mode, OwnerOf(spec)));
  }
  std::vector<FileArchive> archives;
  for (auto& [folder, writer] : writers) archives.push_back({folder, writer.Finish()});
  return archives;
}

}  // namespace patchbay::driver
