// The scale subresource: autoscaling/v1 Scale as a window on an object's replicas. Thread-safe; nothing blocks.
#pragma once

#include "api/call.h"
#include "api/options.h"
#include "api/render.h"
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
  void Run(const CallPtr& call, const WriteOptions& options,
           std::function<Answer<Json>(const Json& scale)> change);
  http::Response Show(const Call& call, std::string_view bytes) const;
  Writes& writes_;
  const cache::Cache& cache_;
  const Renderer& renderer_;
  Clock& clock_;
  Kind scale_kind_;  // for rendering
};

}  // namespace patchbay::api
