// An engine in memory that passes tests/contract/runtime_contract.h. Everything happens on the caller's thread, at
// once and in order; ids ("00..01"), addresses (172.17.0.2 ...) and start times are deterministic. Callbacks (events,
// log lines) run on the thread that caused them, with no lock of the fake's state held. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "driver/runtime/claims.h"
#include "driver/runtime/runtime.h"
#include "harness/runtime/fake_stream.h"
#include "harness/runtime/runtime_faults.h"

namespace patchbay::driver {

// What the containers of an image do.
struct FakeBehaviour {
  std::optional<Error> create_error;  // refused for ever
  std::optional<Error> start_error;   // start fails; the container stays created
  std::optional<int> exits_with;      // exits at once after start
  std::vector<std::string> prints;    // on every start, before the exit; to stdout
  bool ignores_term = false;          // stop ends it with 137 instead of stop_code
  int stop_code = 0;
  // Exit code of an exec; unset: 0. kTimeout may be answered too. Never ready: return 1.
  std::function<Result<int>(const ContainerSpec& spec, const std::vector<std::string>& command)> exec;
};

class FakeRuntime : public Runtime {
 public:
  explicit FakeRuntime(std::string installation = "test", Clock& clock = SystemClock());

  RuntimeFaults& faults() { return faults_; }
  const std::string& installation() const { return installation_; }

  // For the containers of this name, else of this image; counts from the next call on. Last call wins.
  void Script(const std::string& name_or_image, FakeBehaviour behaviour);
  void Script(const std::string& name_or_image, std::function<FakeBehaviour(const ContainerSpec& spec)> play);
  void AddImage(const std::string& image);                                  // is here
  void DropImage(const std::string& image);                                 // is not here; can be pulled
  // Pulls of it ask for this name and password; others are refused as a registry refuses them.
  void SetPullLogin(const std::string& image, const std::string& username, const std::string& password);
  void SetPullError(const std::string& image, std::optional<Error> error);  // nothing: pulls work (as at first)

  // A container that is not ours, running. Returns its id.
  std::string AddForeign(const std::string& name, std::map<std::string, std::string> labels = {},
                         const std::string& image = "foreign");
  void Publish(const std::string& id_or_name, PortMapping port);  // it has had this port all the time
  // The tag means another image from now on: somebody built or pulled it again.
  void Retag(const std::string& image, const std::string& id);
  // By a program outside the engine; `seen`: IsHostPortTaken() can tell, as on an engine's own host.
  void HoldHostPort(int port, bool seen = false);
  void ReleaseHostPort(int port);
  // Behind the operator's back: the program ends (and comes back when its restart policy says so); the container
  // is deleted; is paused.
  void Die(const std::string& id_or_name, int exit_code, bool oom_killed = false);
  void Vanish(const std::string& id_or_name);
  void Pause(const std::string& id_or_name);
  void Update(const std::string& id_or_name, std::int64_t memory_bytes);  // as `docker update`
  void SetLabel(const std::string& id_or_name, const std::string& label, const std::string& value);
  void DropLabel(const std::string& id_or_name, const std::string& label);
  // It is made anew by hand under its name and labels, as another tool does: with another environment, say.
  void Remake(const std::string& id_or_name, const std::function<void(Makeup& makeup)>& change);
  // What it uses from now on: cores, and bytes. At first 0.1 and 10 MiB.
  void SetUsage(const std::string& id_or_name, double cores, std::int64_t memory_bytes);
  void Print(const std::string& id_or_name, const std::string& line, bool to_stderr = false);
  // Events until MuteEvents(false) are lost; BreakStreams ends all watches and followed logs with kUnavailable.
  void MuteEvents(bool mute);
  void BreakStreams();
  // The engine is restarted: streams break and, unless `live_restore`, running containers exit with 255; those whose
  // restart policy says so come back.
  void RestartEngine(bool live_restore);

  // All there are, foreign ones too, by creation.
  std::vector<Container> All() const;
  std::vector<std::string> RunningNames() const;  // ours, sorted
  std::optional<ContainerSpec> Spec(const std::string& id_or_name) const;

  Result<RuntimeVersion> Version() override;
  Result<std::vector<Container>> List() override;
  Result<std::vector<Container>> ListOf(const std::string& owner_uid) override;
  Result<Container> Inspect(const std::string& id_or_name) override;
  Result<std::vector<Container>> ListPublishing() override;
  bool IsHostPortTaken(const PortMapping& port) override;
  Result<void> Claim(const std::string& owner_uid, const std::vector<Claimed>& containers) override;
  Result<std::string> Create(const ContainerSpec& spec) override;
  Result<void> Start(const std::string& id) override;
  Result<void> Stop(const std::string& id, std::chrono::seconds grace) override;
  Result<void> Remove(const std::string& id) override;
  Result<bool> HasImage(const std::string& image) override;
  Result<std::string> ImageId(const std::string& image) override;
  Result<void> Pull(const std::string& image, const RegistryLogin& login) override;
  Result<std::vector<Image>> ListImages() override;
  Result<void> RemoveImage(const std::string& reference) override;
  Result<int> Exec(const std::string& id, const std::vector<std::string>& command,
                   std::chrono::milliseconds timeout) override;
  Result<Usage> MeasureUsage(const std::string& id) override;
  Result<std::unique_ptr<RuntimeStream>> Logs(const std::string& id, const LogOptions& options,
                                              std::function<bool(bool stderr_line, std::string_view)> on_line,
                                              std::function<void(Result<void>)> on_end) override;
  Result<std::unique_ptr<RuntimeStream>> Watch(std::optional<WallTime> since,
                                               std::function<void(const RuntimeEvent&)> on_event,
                                               std::function<void(Result<void>)> on_end) override;

 private:
  struct Line {
    WallTime at;
    bool to_stderr = false;
    std::string text;
  };
  struct Item {
    Container seen;
    ContainerSpec spec;
    std::vector<Line> lines;
    double cores = 0.1;
    std::int64_t memory_bytes = 10 * 1024 * 1024;
  };
  struct PastEvent {
    WallTime at;
    RuntimeEvent event;
  };
  struct State {
    std::vector<Item> items;
    std::map<std::string, std::function<FakeBehaviour(const ContainerSpec&)>> plays;
    std::set<std::string> images;
    std::map<std::string, std::string> image_ids;  // of those that were tagged again
    std::map<std::string, Error> pull_errors;
    std::map<std::string, std::pair<std::string, std::string>> pull_logins;
    std::map<int, bool> held_ports;  // and whether that is seen
    std::vector<PastEvent> past;
    std::vector<std::weak_ptr<FakeStream>> streams;
    bool muted = false;
    int made = 0;
    int engine = 1;
  };
  // Streams with something to deliver when the lock is gone.
  using News = std::vector<std::shared_ptr<FakeStream>>;

  // Runs `act(state, news)` under the lock and delivers the news after it.
  template <class Do>
  auto Change(Do act);
  // The same as a call of the seam, with its faults.
  template <class Do>
  auto Serve(RuntimeCall call, const std::string& subject, Do act);
  // As it is shown: with the labels of a claim.
  Container Show(const Item& item) const;
  static Item* FindItem(State& state, const std::string& id_or_name);
  static FakeBehaviour BehaviourOf(const State& state, const ContainerSpec& spec);
  static std::optional<Error> FindPortConflict(const State& state, const Item& item);
  static std::string IdOf(const State& state, const std::string& canonical_image);
  void Broadcast(State& state, News& news, const RuntimeEvent& event);
  static std::string FreeAddress(const State& state);  // the lowest that nobody has
  static std::vector<std::shared_ptr<FakeStream>> LogStreams(const State& state, const std::string& id);
  std::string NameOf(const std::string& id) const;
  Result<std::string> MakeContainer(State& state, News& news, const ContainerSpec& spec);
  Result<std::string> Adopt(const Item& item, const ContainerSpec& spec) const;
  Result<void> StartContainer(State& state, News& news, const std::string& id);
  void Run(State& state, News& news, Item& item);
  void End(State& state, News& news, Item& item, int exit_code, bool may_restart);
  void Tell(State& state, News& news, const Item& item, const std::string& action);
  void Write(State& state, News& news, Item& item, bool to_stderr, const std::string& text);

  const std::string installation_;
  Clock& clock_;
  RuntimeFaults faults_;
  Claims claims_;
  mutable Guarded<State> state_;
};

}  // namespace patchbay::driver
