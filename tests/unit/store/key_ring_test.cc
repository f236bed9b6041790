#include "store/key_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "store/sealing.h"

namespace patchbay::store {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string KeyLine(const std::string& id, char fill) { return StrCat(id, ":", EncodeBase64(std::string(32, fill)), "\n"); }

KeyRing RingOf(const std::string& text) {
  auto ring = KeyRing::Parse(text, "keys");
  EXPECT_TRUE(ring.ok()) << (ring.ok() ? "" : ring.error().message);
  return *std::move(ring);
}

std::string WhyNot(const std::string& text) {
  const auto ring = KeyRing::Parse(text, "keys");
  EXPECT_FALSE(ring.ok());
  return ring.ok() ? "" : ring.error().message;
}

TEST(KeyRing, OpensWhatItSealed) {
  const KeyRing ring = RingOf(KeyLine("k1", 'a'));
  for (const std::string& text : {std::string(), std::string("{\"a\":1}"), std::string(1'000'000, 'x')}) {
    const std::string sealed = ring.Seal(text, "here");
    EXPECT_TRUE(IsSealed(sealed));
    EXPECT_EQ(KeyIdOf(sealed), "k1");
    const auto opened = ring.Open(sealed, "here");
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_TRUE(*opened == text);
  }
}

TEST(KeyRing, SealsTheSameTextDifferentlyEveryTime) {
  const KeyRing ring = RingOf(KeyLine("k1", 'a'));
  EXPECT_NE(ring.Seal("password", "here"), ring.Seal("password", "here"));
  EXPECT_THAT(ring.Seal("password", "here"), Not(HasSubstr("password")));
}

TEST(KeyRing, OpensNothingThatWasChangedAnywhere) {
  const KeyRing ring = RingOf(KeyLine("k1", 'a'));
  const std::string sealed = ring.Seal("password", "here");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ring.Open(changed, "here").ok()) << at;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) EXPECT_FALSE(ring.Open(sealed.substr(0, size), "here").ok());
  EXPECT_EQ(ring.Open(sealed, "there").error().code, Code::kForbidden);
}

TEST(KeyRing, EncryptsWithTheFirstKeyAndOpensWithAll) {
  const KeyRing before = RingOf(KeyLine("k1", 'a'));
  const KeyRing after = RingOf(KeyLine("k2", 'b') + KeyLine("k1", 'a'));
  const std::string old = before.Seal("password", "here");
  EXPECT_EQ(*after.Open(old, "here"), "password");
  EXPECT_EQ(KeyIdOf(after.Seal("password", "here")), "k2");
}

TEST(KeyRing, NamesTheKeyThatIsMissingAndTheKeyThatIsAnother) {
  const std::string sealed = RingOf(KeyLine("k1", 'a')).Seal("password", "here");
  EXPECT_THAT(RingOf(KeyLine("k2", 'b')).Open(sealed, "here").error().message, HasSubstr("\"k1\", and keys has only k2"));
  EXPECT_THAT(RingOf(KeyLine("k1", 'b')).Open(sealed, "here").error().message, HasSubstr("\"k1\" of keys"));
}

TEST(KeyRing, SaysWhichLineIsWrongAndNeverTellsTheKey) {
  EXPECT_THAT(WhyNot(""), HasSubstr("holds no key"));
  EXPECT_THAT(WhyNot("# only words\n\nnonsense"), HasSubstr("keys:3: no ':'"));
  EXPECT_THAT(WhyNot("a b:" + EncodeBase64(std::string(32, 'a'))), HasSubstr("keys:1: the ID"));
  EXPECT_THAT(WhyNot(KeyLine("k1", 'a') + KeyLine("k1", 'b')), HasSubstr("keys:2: the ID k1 stands here twice"));
  EXPECT_THAT(WhyNot("k1:c2hvcnQ="), testing::AllOf(HasSubstr("keys:1: the key k1"), Not(HasSubstr("c2hvcnQ"))));
}

TEST(KeyRing, MakesAFileThatOnlyItsOwnerReadsAndKeepsIt) {
  char folder[] = "/tmp/patchbay-keys-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/keys";
  EXPECT_EQ(KeyRing::Read(path).error().code, Code::kInvalid);
  const auto made = KeyRing::ReadOrMake(path);
  ASSERT_TRUE(made.ok()) << made.error().message;
  struct stat state {};
  ASSERT_EQ(stat(path.c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600U);
  const auto again = KeyRing::ReadOrMake(path);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*(*again)->Open((*made)->Seal("password", "here"), "here"), "password");
  std::filesystem::remove_all(folder);
}

TEST(Sealing, BindsABodyToItsObject) {
  const KeyRing ring = RingOf(KeyLine("k1", 'a'));
  const Key key{"secrets", "default", "token"};
  const std::string sealed = SealBody(ring, key, "uid-1", "{}");
  EXPECT_TRUE(OpenBody(&ring, key, "uid-1", sealed).ok());
  EXPECT_FALSE(OpenBody(&ring, key, "uid-2", sealed).ok());
  EXPECT_FALSE(OpenBody(&ring, {"secrets", "default", "other"}, "uid-1", sealed).ok());
  EXPECT_FALSE(OpenBody(&ring, {"secrets", "defaul", "ttoken"}, "uid-1", sealed).ok());
  EXPECT_THAT(OpenBody(nullptr, key, "uid-1", sealed).error().message,
              testing::AllOf(HasSubstr("default/token"), HasSubstr("\"k1\""), HasSubstr("--encryption-key-file")));
}

}  // namespace
}  // namespace patchbay::store
