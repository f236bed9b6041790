// Postgres arrays in their binary form (src/backend/utils/adt/arrayfuncs.c: array_recv), to be sent as parameters: no
// quoting, one copy, and no text is cut at a U+0000. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::store {

// One one-dimensional array without NULLs, built element by element.
class BinaryArray {
 public:
  enum class Type : std::uint32_t { kBool = 16, kInt8 = 20, kInt4 = 23, kText = 25 };  // pg_type.dat

  explicit BinaryArray(Type type);
  void Reserve(std::size_t bytes) { bytes_.reserve(bytes_.size() + bytes); }
  // REQUIRES: the type of the array.
  void AddBool(bool value);
  void AddInt4(std::int32_t value);
  void AddInt8(std::int64_t value);
  void AddText(std::string_view value);
  // What to send. Adding after it is allowed.
  const std::string& Encode();
  std::int32_t size() const { return count_; }

 private:
  std::string bytes_;
  std::int32_t count_ = 0;
};

BinaryArray TextArray(const std::vector<std::string>& values);

// "{1,2,3}" as Postgres prints an int array without NULLs.
std::vector<std::int64_t> ParseIntArray(std::string_view text);

}  // namespace patchbay::store
