#include "base/random.h"

#include <openssl/rand.h>

#include <string_view>

#include "base/text.h"

namespace patchbay {
namespace {

std::uint64_t MachineSeed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

}  // namespace

Random::Random() : from_machine_(true), engine_(std::mt19937_64(MachineSeed())) {}
Random::Random(std::uint64_t seed) : from_machine_(false), engine_(std::mt19937_64(seed)) {}

std::uint64_t Random::Next() { return (*engine_.Lock())(); }
double Random::Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
std::uint64_t Random::Below(std::uint64_t bound) { return Next() % bound; }

std::string Random::Uuid() {
  std::string bytes = Bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  std::string text = EncodeHex(bytes);
  for (const int at : {8, 13, 18, 23}) text.insert(static_cast<std::size_t>(at), 1, '-');
  return text;
}

std::string Random::Suffix(int length) {
  constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  for (int i = 0; i < length; ++i) out += alphabet[Below(alphabet.size())];
  return out;
}

std::string Random::Bytes(int count) {
  std::string bytes(static_cast<std::size_t>(count), '\0');
  if (from_machine_ && RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), count) == 1) return bytes;
  for (char& byte : bytes) byte = static_cast<char>(Next());
  return bytes;
}

std::chrono::milliseconds Random::Backoff(int attempt, std::chrono::milliseconds first, std::chrono::milliseconds most) {
  auto full = first;
  for (int i = 0; i < attempt && full < most; ++i) full *= 2;
  full = std::min(full, most);
  return full / 2 + std::chrono::milliseconds(static_cast<long>(Unit() * static_cast<double>(full.count()) / 2));
}

}  // namespace patchbay
