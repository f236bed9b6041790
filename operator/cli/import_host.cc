#include "cli/import_host.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

constexpr std::int64_t kUsualShm = 64 * 1024 * 1024;
constexpr std::int64_t kSharesOfACore = 1024;

// HostConfig fields that a Plugin has no word for, when they say anything.
constexpr std::array kUnknown{"BlkioDeviceReadBps",
                              "BlkioDeviceReadIOps",
                              "BlkioDeviceWriteBps",
                              "BlkioDeviceWriteIOps",
                              "BlkioWeight",
                              "BlkioWeightDevice",
                              "CgroupParent",
                              "CpuRealtimePeriod",
                              "CpuRealtimeRuntime",
                              "CpusetCpus",
                              "CpusetMems",
                              "DeviceCgroupRules",
                              "DeviceRequests",
                              "Devices",
                              "Dns",
                              "DnsOptions",
                              "DnsSearch",
                              "ExtraHosts",
                              "GroupAdd",
                              "Init",
                              "KernelMemory",
                              "Links",
                              "OomKillDisable",
                              "OomScoreAdj",
                              "PidMode",
                              "PublishAllPorts",
                              "StorageOpt",
                              "Sysctls",
                              "UTSMode",
                              "Ulimits",
                              "UsernsMode",
                              "VolumesFrom"};

class HostReader {
 public:
  HostReader(const Json& container, Imported& imported) : container_(container), imported_(imported) {
    const Json* host = Find(container, {"HostConfig"});
    host_ = host != nullptr ? *host : Json::object();
  }

  void Run() {
    ReadMounts();
    ReadLimits();
    ReadNetworks();
    ReadRights();
    ReadRestart();
    NoteUnknown();
  }

 private:
  Json& spec() { return imported_.object["spec"]; }
  void Note(std::string note) { imported_.notes.push_back(std::move(note)); }

  void ReadMounts() {
    if (const Json* mounts = Find(container_, {"Mounts"}); mounts != nullptr && mounts->is_array())
      for (const Json& mount : *mounts) ReadMount(mount);
    if (const Json* tmpfs = Find(host_, {"Tmpfs"}); tmpfs != nullptr && tmpfs->is_object())
      for (const auto& [path, options] : tmpfs->items())
        AddTmpfs(path, options.is_string() ? options.get<std::string>() : "");
  }
  void ReadMount(const Json& mount) {
    const std::string type = FindString(mount, {"Type"});
    const std::string target = FindString(mount, {"Destination"});
    if (type == "tmpfs") return AddTmpfs(target, "");
    Json volume = {{"mountPath", target}};
    if (!FindBool(mount, {"RW"}, true)) volume["readOnly"] = true;
    if (type == "volume") {
      const std::string name = FindString(mount, {"Name"});
      volume["volume"] = name;
      if (name.size() == 64)
        Note(StrCat("the unnamed volume at ", target,
                    " is kept by its id, so that the next container finds what is in it"));
      if (const std::string driver = FindString(mount, {"Driver"}, "local"); driver != "local")
        Note(StrCat("the volume at ", target, " is of the driver ", driver,
                    ": it is used as it is, and not made anew where it is missing"));
    } else if (type == "bind") {
      volume["hostPath"] = FindString(mount, {"Source"});
      const std::string propagation = FindString(mount, {"Propagation"}, "rprivate");
      if (!propagation.empty() && propagation != "rprivate")
        Note(StrCat("propagation ", propagation, " of ", target, " is not carried"));
    } else {
      return Note(StrCat("the mount at ", target, " is not carried: it is of type ", type));
    }
    spec()["volumes"].push_back(std::move(volume));
  }
  void AddTmpfs(const std::string& path, const std::string& options) {
    for (const Json& present : spec().value("volumes", Json::array()))
      if (FindString(present, {"mountPath"}) == path) return;
    spec()["volumes"].push_back({{"mountPath", path}, {"tmpfs", Json::object()}});
    if (!options.empty()) Note(StrCat("options of the tmpfs at ", path, " are not carried: ", options));
  }

  void ReadLimits() {
    const auto memory = FindInt(host_, {"Memory"});
    if (memory > 0) spec()["resources"]["limits"]["memory"] = MakeBytes(memory);
    auto nano = FindInt(host_, {"NanoCpus"});
    if (const auto quota = FindInt(host_, {"CpuQuota"}); nano == 0 && quota > 0)
      nano = quota * 1'000'000'000 /
             std::max<std::int64_t>(1, FindInt(host_, {"CpuPeriod"}) > 0 ? FindInt(host_, {"CpuPeriod"}) : 100'000);
    if (nano > 0)
      spec()["resources"]["limits"]["cpu"] =
          nano % 1'000'000'000 == 0 ? StrCat(nano / 1'000'000'000) : StrCat(nano / 1'000'000, "m");
    if (const auto reserved = FindInt(host_, {"MemoryReservation"}); reserved > 0)
      spec()["resources"]["requests"]["memory"] = MakeBytes(reserved);
    if (const auto shares = FindInt(host_, {"CpuShares"}); shares > 0)
      spec()["resources"]["requests"]["cpu"] = StrCat((shares * 1000 + kSharesOfACore - 1) / kSharesOfACore, "m");
    if (const auto swap = FindInt(host_, {"MemorySwap"}); swap != 0 && swap != 2 * memory)
      Note("HostConfig.MemorySwap is not carried");
    if (const auto swappiness = FindInt(host_, {"MemorySwappiness"}, -1); swappiness >= 0)
      Note("HostConfig.MemorySwappiness is not carried");
    if (FindInt(host_, {"PidsLimit"}) > 0) Note("HostConfig.PidsLimit is not carried");
    if (const auto shm = FindInt(host_, {"ShmSize"}, kUsualShm); shm != 0 && shm != kUsualShm)
      Note("HostConfig.ShmSize is not carried");
  }

  void ReadNetworks() {
    const std::string mode = FindString(host_, {"NetworkMode"}, "default");
    const bool usual = mode == "default" || mode == "bridge" || mode.empty();
    if (mode.starts_with("container:"))
      return Note(StrCat("network ", mode, " is not carried: the next container gets the engine's own"));
    if (!usual) spec()["network"] = mode;
    const Json* networks = Find(container_, {"NetworkSettings", "Networks"});
    if (networks == nullptr || !networks->is_object()) return;
    for (const auto& [name, network] : networks->items()) {
      const bool main = name == mode || (usual && name == "bridge");
      if (!main && networks->size() > 1)
        Note(StrCat("network ", name, " is not carried: a Plugin joins one, ", usual ? "the engine's own" : mode));
      else
        NoteNames(name, network);
    }
  }
  void NoteNames(const std::string& name, const Json& network) {
    if (name == "bridge" || name == "host" || name == "none") return;
    std::vector<std::string> names{FindString(container_, {"Name"}).substr(1)};
    const std::string id = FindString(container_, {"Id"});
    for (const std::string& alias : Strings(Find(network, {"Aliases"})))
      if (!id.starts_with(alias) && std::find(names.begin(), names.end(), alias) == names.end()) names.push_back(alias);
    Note(StrCat("in network ", name, " others know it as ", Join(names, ", "),
                ": the next container is not found by that"));
    if (!IsNothing(Find(network, {"IPAMConfig"})))
      Note(StrCat("the fixed address in network ", name, " is not carried"));
  }

  void ReadRights() {
    Json& context = spec()["securityContext"];
    if (FindBool(host_, {"Privileged"})) context["privileged"] = true;
    if (FindBool(host_, {"ReadonlyRootfs"})) context["readOnlyRootFilesystem"] = true;
    bool may_gain = true;
    for (const std::string& option : Strings(Find(host_, {"SecurityOpt"}))) {
      if (option == "no-new-privileges" || option == "no-new-privileges:true" || option == "no-new-privileges=true")
        may_gain = false;
      else if (!FindBool(host_, {"Privileged"}) || option != "label=disable")
        Note(StrCat("security option ", option, " is not carried"));
    }
    if (may_gain && !FindBool(host_, {"Privileged"})) context["allowPrivilegeEscalation"] = true;
    FillCapabilities(Strings(Find(host_, {"CapAdd"})), Strings(Find(host_, {"CapDrop"})), context);
    if (context.empty()) spec().erase("securityContext");
  }

  void ReadRestart() {
    const std::string policy = FindString(host_, {"RestartPolicy", "Name"});
    if (policy == "always" || policy == "unless-stopped") return;
    if (policy == "on-failure") {
      spec()["restartPolicy"] = "OnFailure";
      if (const auto most = FindInt(host_, {"RestartPolicy", "MaximumRetryCount"}); most > 0)
        Note(StrCat("the limit of ", most, " restarts is not carried"));
    } else {
      spec()["restartPolicy"] = "Never";
      Note("restartPolicy is Never, as the container's: write Always to have it started again when it ends");
    }
  }

  void NoteUnknown() {
    for (const char* field : kUnknown)
      if (!IsNothing(Find(host_, {field})))
        Note(StrCat("HostConfig.", field, " is not carried: ", DumpJson(*Find(host_, {field})).substr(0, 80)));
    const std::string ipc = FindString(host_, {"IpcMode"}, "private");
    if (!ipc.empty() && ipc != "private" && ipc != "shareable")
      Note(StrCat("HostConfig.IpcMode is not carried: ", ipc));
    const std::string runtime = FindString(host_, {"Runtime"}, "runc");
    if (!runtime.empty() && runtime != "runc" && runtime != "oci")
      Note(StrCat("HostConfig.Runtime is not carried: ", runtime));
    const std::string log = FindString(host_, {"LogConfig", "Type"}, "json-file");
    if ((!log.empty() && log != "json-file") || !IsNothing(Find(host_, {"LogConfig", "Config"})))
      Note(StrCat("HostConfig.LogConfig is not carried: ", log,
                  " (the next container's logs are json-file, 10 MiB in three files)"));
    if (FindBool(host_, {"AutoRemove"}))
      Note("--rm is not carried: the container goes when it ends, and another one is made");
  }

  const Json& container_;
  Json host_;
  Imported& imported_;
};

}  // namespace

void FillHostConfig(const Json& container, Imported& imported) { HostReader(container, imported).Run(); }

}  // namespace patchbay::cli
