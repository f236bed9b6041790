#include "driver/runtime/tar_writer.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace patchbay::driver {
namespace {

long Octal(const std::string& archive, std::size_t offset, std::size_t size) {
  return std::strtol(archive.substr(offset, size).c_str(), nullptr, 8);
}

long Checksum(const std::string& header) {
  long sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  return sum;
}

TEST(TarWriter, WritesAHeaderTheContentAndTheEnd) {
  TarWriter tar;
  ASSERT_TRUE(tar.AddFile("etc/app.conf", "hello", 0640, {1000, 2000}).ok());
  const std::string archive = tar.Finish();
  ASSERT_EQ(archive.size(), 512u * 4);
  EXPECT_STREQ(archive.c_str(), "etc/app.conf");
  EXPECT_EQ(Octal(archive, 100, 8), 0640);
  EXPECT_EQ(Octal(archive, 108, 8), 1000);
  EXPECT_EQ(Octal(archive, 116, 8), 2000);
  EXPECT_EQ(Octal(archive, 124, 12), 5);
  EXPECT_EQ(Octal(archive, 148, 8), Checksum(archive));
  EXPECT_EQ(archive.substr(156, 1), "0");
  EXPECT_EQ(archive.substr(257, 8), std::string("ustar\00000", 8));
  EXPECT_EQ(archive.substr(512, 5), "hello");
  EXPECT_EQ(archive.substr(1024), std::string(1024, '\0'));
}

TEST(TarWriter, IsEmptyAfterFinish) {
  TarWriter tar;
  ASSERT_TRUE(tar.AddFile("a", "", 0444, {}).ok());
  EXPECT_EQ(tar.Finish().size(), 512u * 3);
  EXPECT_EQ(tar.Finish().size(), 512u * 2);
}

TEST(TarWriter, PutsLongNamesIntoAPaxRecord) {
  const std::string path = std::string(98, 'd') + "/file";
  TarWriter tar;
  ASSERT_TRUE(tar.AddFile(path, "x", 0444, {}).ok());
  const std::string archive = tar.Finish();
  EXPECT_EQ(archive.substr(156, 1), "x");
  const std::string record = "113 path=" + path + "\n";
  ASSERT_EQ(record.size(), 113u);
  EXPECT_EQ(archive.substr(512, record.size()), record);
  EXPECT_EQ(archive.substr(1024 + 156, 1), "0");
}

TEST(TarWriter, PutsLargeOwnersIntoAPaxRecord) {
  TarWriter tar;
  ASSERT_TRUE(tar.AddFile("a", "", 0444, {3'000'000'000, 0}).ok());
  EXPECT_NE(tar.Finish().find("18 uid=3000000000\n"), std::string::npos);
}

TEST(TarWriter, RefusesPathsThatLeadElsewhere) {
  TarWriter tar;
  for (const std::string path : {"", "/etc/passwd", "../x", "a/../../x", "a/", ".."})
    EXPECT_EQ(tar.AddFile(path, "x", 0444, {}).error().code, Code::kInvalid) << path;
  EXPECT_EQ(tar.AddFile(std::string_view("a\0b", 3), "x", 0444, {}).error().code, Code::kInvalid);
  EXPECT_EQ(tar.Finish().size(), 1024u);
}

}  // namespace
}  // namespace patchbay::driver
