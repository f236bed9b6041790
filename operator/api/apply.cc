#include <utility>

#include "api/applying.h"
#include "api/change.h"
#include "api/event_view.h"
#include "api/last_applied.h"
#include "api/mutations.h"
#include "api/patching.h"
#include "object/object.h"

namespace patchbay::api {

Answer<WriteOrder> Mutations::OrderApply(const CallPtr& call) {
  PATCHBAY_TRY(const WriteOptions options, ParseApplyOptions(call->request().query));
  const bool refreshes = options.field_manager == kKubectl;  // what it says it applied last
  const ConfigurationFor target{*call->kind, PartOf(*call), call->path.ns, call->path.name, refreshes};
  PATCHBAY_TRY(Configuration configuration, DecodeConfiguration(target, call->request().body, options.fields));
  call->Warn(configuration.findings);
  if (refreshes) configuration.sent = ToStored(*call->kind, std::move(configuration.sent));
  configuration.object = ToStored(*call->kind, std::move(configuration.object));
  WriteOrder order;
  order.key = call->key();
  order.dry_run = options.dry_run;
  order.creates = true;
  order.compute = [this, call, options, part = target.part, configuration = std::move(configuration)](
                      const cache::EntryPtr& current) -> Answer<std::optional<cache::Intent>> {
    const Author author = AuthorOf(*call, options);
    if (!current) return CreateApplied(call, author, configuration);
    const Json live = ParseOwned(*current->bytes);
    PATCHBAY_TRY(Applied applied, ApplyTo(*call->stored, author, options.force, live, configuration));
    return ReplaceOwned({*call->stored, *current, live, part, true, author}, std::move(applied.object),
                        std::move(applied.managed_fields));
  };
  return order;
}

Answer<std::optional<cache::Intent>> Mutations::CreateApplied(const CallPtr& call, const Author& author,
                                                              const Configuration& configuration) const {
  const Kind& kind = *call->stored;
  const ConfigurationFor target{kind, PartOf(*call), call->path.ns, call->path.name};
  if (target.part == Part::kStatus) return NotFound(kind, target.name);
  PATCHBAY_CHECK(CheckNamespace(kind, target.ns, target.name));
  PATCHBAY_TRY(Applied applied, ApplyNew(target, author, configuration));
  PATCHBAY_CHECK(AdmitCreate(kind, target.ns, author.now, random_, applied.object));
  if (!applied.managed_fields.is_null()) {
    applied.object["metadata"]["managedFields"] = std::move(applied.managed_fields);
  }
  return std::optional(MakeCreate(kind, std::move(applied.object)));
}

}  // namespace patchbay::api
