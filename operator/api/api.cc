#include "api/api.h"

#include <utility>

#include "api/core.h"

namespace patchbay::api {

Api::Api(const Kinds& kinds, cache::Cache& cache, cache::Committer& committer, Clock& clock, Random& random,
         Meter& meter, ApiOptions options, Backstage backstage)
    : core_(std::make_shared<Core>(Foundation{kinds, cache, committer, clock, random, meter}, std::move(options),
                                   std::move(backstage))) {}

Api::~Api() { core_->Stop(); }

void Api::Serve(std::shared_ptr<http::Exchange> exchange) { core_->Serve(std::move(exchange)); }

void Api::EndWatches() { core_->EndWatches(); }

Result<void> Api::EnsureBuiltins(const std::stop_token& stop) { return core_->EnsureBuiltins(stop); }

}  // namespace patchbay::api
