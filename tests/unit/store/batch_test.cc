#include "store/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "harness/store/writes.h"

namespace patchbay::store {
namespace {

TEST(BinaryArray, IsWhatPostgresReads) {
  BinaryArray array(BinaryArray::Type::kInt8);
  array.AddInt8(1);
  array.AddInt8(-2);
  EXPECT_EQ(EncodeHex(array.Encode()),
            "00000001"
            "00000000"
            "00000014"
            "00000002"
            "00000001"
            "00000008"
            "0000000000000001"
            "00000008"
            "fffffffffffffffe");
  EXPECT_EQ(EncodeHex(TextArray({"ab", ""}).Encode()),
            "00000001"
            "00000000"
            "00000019"
            "00000002"
            "00000001"
            "00000002"
            "6162"
            "00000000");
}

TEST(BinaryArray, ReadsPrintedNumbers) {
  EXPECT_THAT(ParseIntArray("{1,-22,333}"), testing::ElementsAre(1, -22, 333));
  EXPECT_THAT(ParseIntArray("{}"), testing::IsEmpty());
  EXPECT_THAT(ParseIntArray(""), testing::IsEmpty());
}

TEST(KeySet, HoldsBackUnitsThatShareAKeyWithOneThatWaits) {
  const Unit first = UnitOf({PutOf("a", "x")});
  const Unit second = UnitOf({PutOf("a", "x"), PutOf("b", "x")});
  const Unit third = UnitOf({PutOf("b", "x")});
  const Unit fourth = UnitOf({PutOf("c", "x")});
  KeySet keys;
  EXPECT_TRUE(keys.Add(first));
  EXPECT_FALSE(keys.Add(second));
  EXPECT_FALSE(keys.Add(third));
  EXPECT_TRUE(keys.Add(fourth));
}

TEST(BatchArrays, CountsItsWrites) {
  BatchArrays arrays;
  arrays.Add(UnitOf({PutOf("a", "x"), PutOf("b", "x")}));
  arrays.Add(UnitOf({DeleteOf("c")}));
  EXPECT_EQ(arrays.writes(), 3);
  EXPECT_EQ(arrays.All().size(), 16u);
}

}  // namespace
}  // namespace patchbay::store
