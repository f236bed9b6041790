// What a webhook is sent: {"type","timestamp","data":{"object":{..},"reason","message","status":{..}}}. Pure.
#pragma once

#include <string>

#include "cache/committer.h"

namespace patchbay::cache {

inline constexpr std::size_t kMostPayload = 20'000;  // bytes; Standard Webhooks advises below 20 kB

// `note` may be null. Labels, then the message, are left out when it would grow too large.
std::string WebhookPayload(const std::string& topic, const Key& key, const Json& object, const EventNote* note,
                           WallTime now);

}  // namespace patchbay::cache
