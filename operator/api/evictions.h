// The verbs delete and deletecollection of Pods, which nobody stores: the wish to have a container replaced is written
// into its Plugin's status.evictions, where it survives whatever happens until the controllers have done it.
// Thread-safe; nothing blocks.
#pragma once

#include <string>
#include <vector>

#include "api/call.h"
#include "api/options.h"
#include "api/render.h"
#include "api/writes.h"

namespace patchbay::api {

class Evictions {
 public:
  Evictions(Writes& writes, const Kinds& kinds, const Renderer& renderer, Clock& clock);

  // Answers with the Pod as it is now on its way out. gracePeriodSeconds=0: without waiting for the new one.
  void Delete(const CallPtr& call);
  // Answers with the list of what was selected.
  void DeleteCollection(const CallPtr& call);

 private:
  // Containers of one plugin.
  struct Wish {
    Key plugin;
    std::string plugin_uid;
    std::vector<std::string> ids;
    std::vector<std::string> pods;
  };
  Answer<Wish> MakeWish(const Kind& kind, const cache::Entry& pod) const;
  WriteOrder MakeOrder(const Kind& kind, Wish wish, const DeleteOptions& options) const;
  Writes& writes_;
  const Kinds& kinds_;
  const Renderer& renderer_;
  Clock& clock_;
};

}  // namespace patchbay::api
