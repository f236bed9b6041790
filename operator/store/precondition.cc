#include "store/precondition.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace patchbay::store {
namespace {

Error Invalid(const std::string& message) { return {Code::kInvalid, message}; }

bool IsText(std::string_view text) { return text.find('\0') == std::string_view::npos && IsUtf8(text); }

std::optional<Error> CheckWrite(const Write& write) {
  const Key& key = write.key;
  if (key.resource.empty() || key.name.empty()) return Invalid("an object without a resource or a name");
  if (key.resource.size() + key.ns.size() + key.name.size() > 1024) return Invalid("an object's name is too long");
  if (!IsText(key.resource) || !IsText(key.ns) || !IsText(key.name) || !IsText(write.uid))
    return Invalid("an object's name is not UTF-8 text");
  if (write.body.empty()) return Invalid(StrCat(key.ToString(), " has no body"));
  if (!IsText(write.body)) return Invalid(StrCat(key.ToString(), ": the body is not UTF-8 text without U+0000"));
  return std::nullopt;
}

std::optional<Error> CheckDelivery(const NewDelivery& message) {
  for (const auto* text : {&message.webhook_uid, &message.webhook_ns, &message.webhook_name, &message.message_id,
                           &message.type, &message.payload})
    if (!IsText(*text)) return Invalid("a delivery is not UTF-8 text without U+0000");
  if (message.webhook_uid.empty()) return Invalid("a delivery without a webhook");
  return std::nullopt;
}

}  // namespace

std::optional<Error> CheckUnitForm(const Unit& unit) {
  if (unit.writes.empty()) return Invalid("a unit without a write");
  std::size_t bytes = 0;
  std::vector<const Key*> keys;
  for (const Write& write : unit.writes) {
    if (auto error = CheckWrite(write)) return error;
    bytes += write.body.size();
    keys.push_back(&write.key);
  }
  const auto by_key = [](const Key* a, const Key* b) { return *a < *b; };
  std::sort(keys.begin(), keys.end(), by_key);
  const auto same = [](const Key* a, const Key* b) { return *a == *b; };
  if (std::adjacent_find(keys.begin(), keys.end(), same) != keys.end())
    return Invalid("a unit writes one object twice");
  for (const NewDelivery& message : unit.deliveries) {
    if (auto error = CheckDelivery(message)) return error;
    bytes += message.payload.size();
  }
  if (bytes > kMostUnitBytes) return Error{Code::kTooLarge, StrCat("a commit of ", bytes, " bytes is too large")};
  return std::nullopt;
}

std::optional<Error> CheckPrecondition(const Write& write, Revision present) {
  const std::string name = write.key.ToString();
  if (write.expected == 0 && present != 0) return Error{Code::kAlreadyExists, StrCat(name, " already exists")};
  const bool needed = write.expected.value_or(0) > 0 || (write.op == Write::Op::kDelete && !write.expected);
  if (needed && present == 0) return Error{Code::kNotFound, StrCat(name, " not found")};
  if (write.expected.value_or(0) > 0 && write.expected != present)
    return Error{Code::kConflict, StrCat(name, " is at revision ", present, ", not at ", *write.expected)};
  return std::nullopt;
}

std::optional<Error> CheckPosition(Revision after, Revision oldest_kept, Revision counter) {
  if (after < oldest_kept)
    return Error{Code::kExpired, StrCat("revision ", after, " is no longer kept; the oldest is ", oldest_kept)};
  if (after > counter)
    return Error{Code::kExpired, StrCat("revision ", after, " is not of this database; it is at ", counter)};
  return std::nullopt;
}

}  // namespace patchbay::store
