// Hashes and keyed hashes, from libcrypto. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace patchbay {

std::string Sha256(std::string_view bytes);      // 32 raw bytes
std::string Sha256Hex(std::string_view bytes);   // 64 hex digits
std::string HmacSha256(std::string_view key, std::string_view bytes);  // 32 raw bytes
// Equal without telling by its time where they differ.
bool EqualsConstantTime(std::string_view a, std::string_view b);

}  // namespace patchbay
