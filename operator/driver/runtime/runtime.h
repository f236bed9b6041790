// Seam: containers. DockerRuntime talks to Docker Engine or Podman over their API; tests/harness/runtime/fake_runtime.h
// is the fake; both pass tests/contract/runtime_contract.h. Everything made here carries our marks, and only what carries
// them (and this installation's id) is listed or touched.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace patchbay::driver {

// Labels on every container of ours. The prefix is this group's.
inline constexpr const char* kLabelInstallation = "patchbay.dev/installation";  // Store::InstallationId
inline constexpr const char* kLabelOwnerUid = "patchbay.dev/owner-uid";
inline constexpr const char* kLabelNamespace = "patchbay.dev/namespace";
inline constexpr const char* kLabelPlugin = "patchbay.dev/plugin";
inline constexpr const char* kLabelSpecHash = "patchbay.dev/spec-hash";
inline constexpr const char* kLabelOrdinal = "patchbay.dev/ordinal";
// Only shown, never on a container: somebody else made it (Runtime::Claim).
inline constexpr const char* kLabelClaimed = "patchbay.dev/adopted";

struct PortMapping {
  int container_port = 0;
  std::string protocol = "tcp";  // tcp, udp, sctp
  int host_port = 0;             // 0: not published
  std::string host_ip;           // "" for all addresses
  friend bool operator==(const PortMapping&, const PortMapping&) = default;
};

// Two containers cannot have both on one host. An address that means all of them overlaps every other.
bool Overlap(const PortMapping& a, const PortMapping& b);

struct Mount {
  enum class Type { kVolume, kBind, kTmpfs } type = Type::kVolume;
  std::string source;  // volume name or host path
  std::string target;
  bool read_only = false;
  friend bool operator==(const Mount&, const Mount&) = default;
};

struct ContainerFile {  // written into the container before it starts
  std::string path;
  std::string content;
  int mode = 0444;
};

// What a container should be. A value; equal specs make equal containers.
struct ContainerSpec {
  std::string name;
  std::string image;
  std::vector<std::string> entrypoint;  // empty: the image's
  std::vector<std::string> args;        // empty: the image's
  std::string working_dir;
  std::vector<std::pair<std::string, std::string>> env;
  std::map<std::string, std::string> labels;
  std::vector<PortMapping> ports;
  std::vector<Mount> mounts;
  std::vector<ContainerFile> files;
  std::int64_t memory_bytes = 0;  // 0: no limit
  std::int64_t memory_reservation = 0;
  std::int64_t nano_cpus = 0;  // 1e9 is one core; 0: no limit
  std::int64_t cpu_shares = 0;
  std::string restart_policy = "no";  // Docker's: no, always, unless-stopped, on-failure
  std::string network;                // "" for the engine's default
  std::vector<std::string> network_aliases;
  std::string user;  // "uid[:gid]"
  bool read_only_root = false;
  bool privileged = false;
  bool no_new_privileges = true;
  std::vector<std::string> cap_add;
  std::vector<std::string> cap_drop;
  int stop_timeout_seconds = 10;
  std::int64_t log_max_bytes = 10 * 1024 * 1024;  // per file, three files
};

enum class ContainerState { kCreated, kRunning, kPaused, kRestarting, kRemoving, kExited, kDead };
const char* ContainerStateName(ContainerState state);

// What a container may use, as it is now: others may change it while it runs.
struct Allowance {
  std::int64_t memory_bytes = 0;  // 0: no limit
  std::int64_t nano_cpus = 0;
  std::vector<std::string> networks;  // names
  friend bool operator==(const Allowance&, const Allowance&) = default;
};

// Of what a container was made that nobody can change while it is there; but somebody may have made it anew.
struct Makeup {
  std::vector<std::string> env;     // "NAME=value", the image's own among them
  std::vector<Mount> mounts;        // the image's own volumes among them
  std::vector<PortMapping> ports;   // on the host
  friend bool operator==(const Makeup&, const Makeup&) = default;
};

// What a container is, as last observed.
struct Container {
  std::string id;
  std::string name;
  std::string image;     // as asked for
  std::string image_id;  // digest of the image's configuration
  std::map<std::string, std::string> labels;
  ContainerState state = ContainerState::kCreated;
  int exit_code = 0;
  bool oom_killed = false;
  std::string error;  // the engine's own
  std::string ip;     // on its network; "" when not running
  std::vector<PortMapping> ports;
  std::optional<Allowance> allowance;  // a list does not tell
  std::optional<Makeup> makeup;        // a list does not tell
  int restarts = 0;  // by the engine
  std::optional<WallTime> created;
  std::optional<WallTime> started;
  std::optional<WallTime> finished;
  std::optional<WallTime> previous_end;  // of one that was started again: when its run before this one ended
  friend bool operator==(const Container&, const Container&) = default;
};

// A container that somebody else made and a person put into our care.
struct Claimed {
  std::string id;                             // in full
  std::map<std::string, std::string> labels;  // shown beside its own: an engine cannot label what is there
};

// As whom a registry is asked for an image; all empty: as nobody. Never logged.
struct RegistryLogin {
  std::string server;          // the registry, as the Secret names it
  std::string username;
  std::string password;
  std::string identity_token;  // instead of a password
  std::string registry_token;  // sent as it is
  bool empty() const {
    return username.empty() && password.empty() && identity_token.empty() && registry_token.empty();
  }
  friend bool operator==(const RegistryLogin&, const RegistryLogin&) = default;
};

// An image that the engine has.
struct Image {
  std::string id;                       // digest of its configuration
  std::vector<std::string> references;  // its tags and digests, "app:1"
  bool used = false;                    // by a container, ours or not, running or not
};

// What a running container used up to a moment, and uses.
struct Usage {
  WallTime at;
  std::chrono::nanoseconds cpu{0};  // CPU time since it began; a rate needs two
  std::int64_t memory_bytes = 0;    // its working set: without what the kernel would give up at once (inactive files)
};

struct RuntimeVersion {
  std::string engine;       // "Docker Engine", "Podman"
  std::string version;      // "20.10.24"
  std::string api_version;  // negotiated, "1.41"
  std::string id;           // changes when it is another engine
};

struct LogOptions {
  bool follow = false;
  bool timestamps = false;
  int tail = -1;  // -1 for all
  std::optional<WallTime> since = std::nullopt;
  std::optional<WallTime> until = std::nullopt;  // not with `tail`: an engine counts the lines after it too
};

// A hint that something happened; List() is the truth.
struct RuntimeEvent {
  // Of a container of ours; of one of others: "die" alone, for it lets go of what it held; of an image.
  enum class Of { kOwn, kForeign, kImage };
  std::string container_id;
  std::string owner_uid;
  std::string action;  // "die", "start", "destroy", ...
  Of of = Of::kOwn;
  std::string image = {};  // as the engine names it: "app:1", or an id
};

// A stream under way; destroying it ends it, and no callback runs afterwards.
class RuntimeStream {
 public:
  virtual ~RuntimeStream() = default;
};

// Thread-safe; calls block, for at most their own deadline. Errors: kUnavailable (no engine: nothing happened),
// kInDoubt (cut or timed out after sending), kNotFound, kConflict (name taken; host port taken: message names it),
// kInvalid (the engine refuses the spec), kTooManyRequests (registry, with retry_after), kForbidden (registry).
class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual Result<RuntimeVersion> Version() = 0;
  // All of this installation, running or not, by creation. One call to the engine whatever their number, so without
  // what a list does not tell: oom_killed, error, restarts, started, finished are as in an empty Container (previous_end too).
  virtual Result<std::vector<Container>> List() = 0;
  // Those of one owner (kLabelOwnerUid), by creation, with every field. For one object's work: does not grow with the
  // installation.
  virtual Result<std::vector<Container>> ListOf(const std::string& owner_uid) = 0;
  virtual Result<Container> Inspect(const std::string& id_or_name) = 0;  // ours or not: look at its labels

  // From now on these count as ours and as this owner's, instead of those named for it before: they are listed, watched
  // and acted on like what was made here, and carry kLabelClaimed. Known to this object alone, until one is removed
  // (which leaves its unnamed volumes). kConflict: one is claimed for another owner; nothing changes. One with the mark
  // of an installation stays whose it is. No call to the engine.
  virtual Result<void> Claim(const std::string& owner_uid, const std::vector<Claimed>& containers) = 0;

  // Performs create and copies the files in; returns the id. A container of ours with the same name and spec hash is
  // adopted: its id is returned. The same name on anything else is kConflict and is not touched. One that is still
  // kCreated may lack its files (its maker died): Create it again, which completes it, before Start.
  virtual Result<std::string> Create(const ContainerSpec& spec) = 0;
  virtual Result<void> Start(const std::string& id) = 0;  // running already is fine
  // SIGTERM, then SIGKILL after `grace`; stopped or gone already is fine.
  virtual Result<void> Stop(const std::string& id, std::chrono::seconds grace) = 0;
  virtual Result<void> Remove(const std::string& id) = 0;  // kills when running; gone already is fine. Volumes stay

  virtual Result<bool> HasImage(const std::string& image) = 0;
  virtual Result<void> Pull(const std::string& image, const RegistryLogin& login) = 0;  // blocks until pulled
  // All of the engine, with or without tags. Two calls to the engine, whatever their number.
  virtual Result<std::vector<Image>> ListImages() = 0;
  // Takes the tag away, and the image when that was its last. kConflict when a container uses it; gone already is fine.
  virtual Result<void> RemoveImage(const std::string& reference) = 0;

  // Exit code of `command` run inside; output is dropped. kTimeout when it takes longer.
  virtual Result<int> Exec(const std::string& id, const std::vector<std::string>& command,
                           std::chrono::milliseconds timeout) = 0;
  // kConflict when it is not running. Asks the engine's kernel: for one who asks, not for every container at all times.
  virtual Result<Usage> MeasureUsage(const std::string& id) = 0;
  // on_line gets whole lines without the newline; false ends it. on_end once, last.
  virtual Result<std::unique_ptr<RuntimeStream>> Logs(const std::string& id, const LogOptions& options,
                                                      std::function<bool(bool stderr_line, std::string_view)> on_line,
                                                      std::function<void(Result<void>)> on_end) = 0;
  // Events of this installation's containers, ends of others' and changes of images from now on (from `since` when given).
  // on_end once: subscribe again.
  virtual Result<std::unique_ptr<RuntimeStream>> Watch(std::optional<WallTime> since,
                                                       std::function<void(const RuntimeEvent&)> on_event,
                                                       std::function<void(Result<void>)> on_end) = 0;

  // All running containers of the engine that have a port of the host, ours or not: look at their labels. One call; as List.
  virtual Result<std::vector<Container>> ListPublishing() = 0;
  // Whether some program, a container or not, has this port of the host now. False when that cannot be told (an engine on
  // another host). Does not block.
  virtual bool IsHostPortTaken(const PortMapping& port) = 0;
  // The id (Container::image_id) that the reference means now; "" when it is not here.
  virtual Result<std::string> ImageId(const std::string& image) = 0;
};

}  // namespace patchbay::driver
