#include "store/binary_array.h"

#include <charconv>

namespace patchbay::store {
namespace {

constexpr std::size_t kHeader = 20;  // dimensions, has-null flag, element type, then size and lower bound of the one
constexpr std::size_t kCountAt = 12;

template <class T>
void Put(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T) - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xFF));
}

}  // namespace

BinaryArray::BinaryArray(Type type) {
  bytes_.reserve(kHeader + 64);
  Put<std::int32_t>(bytes_, 1);
  Put<std::int32_t>(bytes_, 0);
  Put<std::uint32_t>(bytes_, static_cast<std::uint32_t>(type));
  Put<std::int32_t>(bytes_, 0);
  Put<std::int32_t>(bytes_, 1);
}

void BinaryArray::AddBool(bool value) {
  Put<std::int32_t>(bytes_, 1);
  bytes_.push_back(value ? 1 : 0);
  ++count_;
}

void BinaryArray::AddInt4(std::int32_t value) {
  Put<std::int32_t>(bytes_, 4);
  Put<std::int32_t>(bytes_, value);
  ++count_;
}

void BinaryArray::AddInt8(std::int64_t value) {
  Put<std::int32_t>(bytes_, 8);
  Put<std::int64_t>(bytes_, value);
  ++count_;
}

void BinaryArray::AddText(std::string_view value) {
  Put<std::int32_t>(bytes_, static_cast<std::int32_t>(value.size()));
  bytes_.append(value);
  ++count_;
}

const std::string& BinaryArray::Encode() {
  std::string count;
  Put<std::int32_t>(count, count_);
  bytes_.replace(kCountAt, count.size(), count);
  return bytes_;
}

BinaryArray TextArray(const std::vector<std::string>& values) {
  BinaryArray array(BinaryArray::Type::kText);
  for (const auto& value : values) array.AddText(value);
  return array;
}

std::vector<std::int64_t> ParseIntArray(std::string_view text) {
  std::vector<std::int64_t> values;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    std::int64_t value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error == std::errc()) values.push_back(value);
    at = error == std::errc() ? next : at + 1;
  }
  return values;
}

}  // namespace patchbay::store
