// The order and the wire form of a batch. Pure.
#pragma once

#include <functional>
#include <unordered_set>
#include <vector>

#include "store/binary_array.h"
#include "store/key_ring.h"
#include "store/store.h"

namespace patchbay::store {

// Which units may share a statement: no key twice, and a unit that waits holds back those that share a key with it, so
// that the order per key is the order of arrival.
class KeySet {
 public:
  // Whether none of the unit's keys was seen; they are seen from now on. The unit must stay where it is in memory
  // (its writes must).
  bool Add(const Unit& unit);

 private:
  struct Hash {
    std::size_t operator()(const Key* key) const { return std::hash<Key>()(*key); }
  };
  struct Equal {
    bool operator()(const Key* a, const Key* b) const { return *a == *b; }
  };
  std::unordered_set<const Key*, Hash, Equal> keys_;
};

std::size_t SizeOf(const Unit& unit);  // bytes on the wire, about

// The parameters of store.commit_batch.
class BatchArrays {
 public:
  // Secrets are sealed with `keys`, if any, which outlive this.
  explicit BatchArrays(const KeyRing* keys = nullptr) : keys_(keys) {}
  void Add(const Unit& unit);
  std::int32_t writes() const { return unit_.size(); }
  // In the statement's order.
  std::vector<BinaryArray*> All();

 private:
  using Type = BinaryArray::Type;
  const KeyRing* const keys_;
  int units_ = 0;
  BinaryArray unit_{Type::kInt4}, deleted_{Type::kBool}, expected_{Type::kInt8}, resource_{Type::kText},
      ns_{Type::kText}, name_{Type::kText}, uid_{Type::kText}, generation_{Type::kInt8}, body_{Type::kText};
  BinaryArray d_unit_{Type::kInt4}, d_webhook_uid_{Type::kText}, d_webhook_ns_{Type::kText},
      d_webhook_name_{Type::kText}, d_message_id_{Type::kText}, d_type_{Type::kText}, d_payload_{Type::kText};
};

// What watchers see of a committed write.
Change MakeChange(const Write& write, Revision revision);

}  // namespace patchbay::store
