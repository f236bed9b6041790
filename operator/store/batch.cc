#include "store/batch.h"

#include "store/sealing.h"

namespace patchbay::store {

bool KeySet::Add(const Unit& unit) {
  bool free = true;
  for (const Write& write : unit.writes) free &= keys_.insert(&write.key).second;
  return free;
}

std::size_t SizeOf(const Unit& unit) {
  std::size_t bytes = 0;
  for (const Write& write : unit.writes) bytes += write.body.size() + 200;
  for (const NewDelivery& message : unit.deliveries) bytes += message.payload.size() + 200;
  return bytes;
}

void BatchArrays::Add(const Unit& unit) {
  const int number = units_++;
  for (const Write& write : unit.writes) {
    unit_.AddInt4(number);
    deleted_.AddBool(write.op == Write::Op::kDelete);
    expected_.AddInt8(write.expected.value_or(-1));
    resource_.AddText(write.key.resource);
    ns_.AddText(write.key.ns);
    name_.AddText(write.key.name);
    uid_.AddText(write.uid);
    generation_.AddInt8(write.generation);
    if (keys_ != nullptr && IsKeptSealed(write.key))
      body_.AddText(SealBody(*keys_, write.key, write.uid, write.body));
    else
      body_.AddText(write.body);
  }
  for (const NewDelivery& message : unit.deliveries) {
    d_unit_.AddInt4(number);
    d_webhook_uid_.AddText(message.webhook_uid);
    d_webhook_ns_.AddText(message.webhook_ns);
    d_webhook_name_.AddText(message.webhook_name);
    d_message_id_.AddText(message.message_id);
    d_type_.AddText(message.type);
    d_payload_.AddText(message.payload);
  }
}

std::vector<BinaryArray*> BatchArrays::All() {
  return {&unit_,       &deleted_,  &expected_, &resource_,      &ns_,           &name_,           &uid_,
          &generation_, &body_,     &d_unit_,   &d_webhook_uid_, &d_webhook_ns_, &d_webhook_name_, &d_message_id_,
          &d_type_,     &d_payload_};
}

Change MakeChange(const Write& write, Revision revision) {
  Change change;
  change.revision = revision;
  change.type = write.op == Write::Op::kPut ? ChangeType::kPut : ChangeType::kDelete;
  change.key = write.key;
  change.uid = write.uid;
  change.generation = write.generation;
  change.bytes = std::make_shared<const std::string>(SpliceRevision(write.body, revision));
  return change;
}

}  // namespace patchbay::store
