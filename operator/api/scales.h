// The scale subresource: autoscaling/v1 Scale as a window on an object's replicas. Thread-safe; nothing blocks.
#pragma once

#include "api/call.h"
#include "api/options.h"
#include "api/render.h"
#include "api/tracking.h"
#include "api/writes.h"

namespace patchbay::api {

class Scales {
 public:
  Scales(Writes& writes, const cache::Cache& cache, const Renderer& renderer, Clock& clock);

  // REQUIRES: the kind has scale.
  void Get(const CallPtr& call) const;
  void Update(const CallPtr& call);
  void Patch(const CallPtr& call);

 private:
  void Apply(const CallPtr& call);
  // What becomes of the object that is there.
  using Change = std::function<Answer<std::optional<cache::Intent>>(const cache::Entry& current, const Author& author)>;
  void Run(const CallPtr& call, const WriteOptions& options, Change change);
  http::Response Show(const Call& call, std::string_view bytes) const;
  Writes& writes_;
  const cache::Cache& cache_;
  const Renderer& renderer_;
  Clock& clock_;
  const Kind scale_kind_;  // what a client sees of the object
};

}  // namespace patchbay::api
