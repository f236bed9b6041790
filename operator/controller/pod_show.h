// The Pods that are shown: each plugin's, put into the mirror when they changed. Thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "cache/mirror.h"
#include "controller/pods.h"
#include "object/json.h"
#include "object/key.h"

namespace patchbay::controller {

class PodShow {
 public:
  // `mirror` may be nullptr: nobody looks.
  PodShow(cache::Mirror* mirror, std::string node) : mirror_(mirror), node_(std::move(node)) {}

  bool shown() const { return mirror_ != nullptr; }
  const std::string& node() const { return node_; }

  // The mirror opens when these have been shown, or were forgotten. Once.
  void Await(std::set<Key> plugins);
  // These are the plugin's pods, by name. `all`: and no others; else only those of its others that have a container
  // (status.containerStatuses[].containerID) go. A pod that is the same piece of memory as the last one is the same pod.
  void Show(const Key& plugin, const std::map<std::string, PodPtr>& pods, bool all);
  void Forget(const Key& plugin);

 private:
  struct State {
    std::map<Key, std::map<std::string, PodPtr>> shown;  // by plugin
    std::set<Key> awaited;
    bool waiting = false;
  };
  void Arrived(const Key& plugin);

  cache::Mirror* const mirror_;
  const std::string node_;
  Guarded<State> state_;
};

}  // namespace patchbay::controller
