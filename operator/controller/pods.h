// A plugin's containers as core/v1 Pods: from facts to objects. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "controller/desired.h"
#include "controller/diff.h"
#include "driver/runtime/runtime.h"
#include "object/json.h"

namespace patchbay::controller {

// What a Pod shows and the engine does not keep. All of it can be lost.
struct PodMemory {
  bool ready = false;
  std::string ready_since;    // RFC 3339: since when it is (not) ready
  std::string leaving_since;  // since when it is on its way out; "" when it is not
  std::optional<driver::Container> ended;  // as it was when it last ended
  friend bool operator==(const PodMemory&, const PodMemory&) = default;
};

struct PodFacts {
  const Json& plugin;
  const Desired& desired;
  const driver::Container& container;
  const Replica& replica;
  const PodMemory& memory;
  int restarts = 0;
  std::string node;  // the host's name
};

using PodPtr = std::shared_ptr<const Json>;

// The Pod of one container as it was last built: built again only when what it shows has changed.
class PodPicture {
 public:
  PodPtr Show(const PodFacts& facts);

 private:
  struct Basis {
    std::int64_t generation = 0;
    Labels labels;
    std::string deleted_at;
    std::string evicted_at;
    std::string hash;
    driver::Container container;
    Readiness readiness = Readiness::kUnknown;
    bool held = false;
    bool completed = false;
    PodMemory memory;
    int restarts = 0;
    friend bool operator==(const Basis&, const Basis&) = default;
  };
  Basis basis_;
  PodPtr pod_;
};

// Brings the memory up to date with what is seen now.
void Remember(PodMemory& memory, const Desired& desired, const driver::Container& container, const Replica& replica,
              const std::string& now);

// Named as its container, with a uid made from the container's id. Its spec is the plugin's as far as the container was
// made from it; of an older revision only what the engine tells. Values of Secrets are not in it.
Json BuildPod(const PodFacts& facts);

// What an Event says of the pod that it is about: {"apiVersion","kind","metadata":{"name","uid"}}.
Json PodReference(const std::string& container_name, const std::string& container_id);

// One whose container cannot be made yet.
struct PodToCome {
  std::string name;     // the container's to be
  std::string since;    // RFC 3339
  std::string reason;   // "ImagePullBackOff"
  std::string message;
};
Json BuildPod(const Json& plugin, const Desired& desired, const PodToCome& coming, const std::string& node);

}  // namespace patchbay::controller
