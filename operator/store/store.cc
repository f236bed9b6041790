#include "store/store.h"

#include <future>
#include <utility>

namespace patchbay::store {

Result<std::vector<Change>> CommitAndWait(Store& store, Unit unit) {
  // Shared: the store's thread may still be inside set_value when we have already left.
  auto answer = std::make_shared<std::promise<Result<std::vector<Change>>>>();
  auto result = answer->get_future();
  store.Commit(std::move(unit),
               [answer](Result<std::vector<Change>> outcome) { answer->set_value(std::move(outcome)); });
  return result.get();
}

}  // namespace patchbay::store
