// The targets of our upstreams. Kong lists them for one upstream at a time only, which is too much to ask every second
// of thousands: so what was read is remembered, and asked again where it may have changed.
//
// With more than kFew upstreams an upstream is asked when it is new, when we wrote to it, when one of its targets is
// not there any more or an unknown one is (GET /tags tells), and kInTurn others each time: a weight that a hand changed
// is noticed when its turn comes. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "driver/gateway/kong_admin.h"
#include "driver/gateway/kong_entities.h"

namespace patchbay::driver {

class KongTargets {
 public:
  static constexpr std::size_t kFew = 64;
  static constexpr std::size_t kInTurn = 16;

  using Targets = std::shared_ptr<const std::vector<KongEntity>>;
  // Those of these upstreams, by upstream's id. Every target, whoever made it: it gets requests of ours.
  Result<std::map<std::string, Targets>> Read(const KongAdmin& admin, const std::string& mark,
                                              const std::map<std::string, KongEntity>& upstreams);
  // It was written to, or may have been.
  void Forget(const std::string& upstream) { known_.Lock()->targets.erase(upstream); }

 private:
  struct Known {
    std::map<std::string, Targets> targets;
    std::string turn;  // the upstream asked last in turn
  };
  static Result<void> Ask(const KongAdmin& admin, const KongEntity& upstream, std::map<std::string, Targets>& targets);
  std::vector<std::string> TakeTurns(const std::map<std::string, KongEntity>& upstreams);

  Guarded<Known> known_;
};

}  // namespace patchbay::driver
