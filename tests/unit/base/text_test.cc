#include "base/text.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/random.h"

namespace patchbay {
namespace {

TEST(Redact, HidesThePasswordOfAUrl) {
  EXPECT_EQ(Redact("postgres://u:p@ss@h:5/db?sslmode=require&password=x"),
            "postgres://u:***@h:5/db?sslmode=require&password=***");
}
TEST(Redact, HidesThePasswordOfAConnectionString) {
  EXPECT_EQ(Redact("host=h password='a b' user=u"), "host=h password=*** user=u");
  EXPECT_EQ(Redact("password=secret"), "password=***");
}
TEST(Redact, LeavesAUrlWithoutPasswordAlone) {
  EXPECT_EQ(Redact("postgres://u@h/db"), "postgres://u@h/db");
  EXPECT_EQ(Redact("postgres:///db?host=/run"), "postgres:///db?host=/run");
}

TEST(Base64, ComesBackAsItWent) {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
    EXPECT_EQ(DecodeBase64(EncodeBase64(text)), text);
  EXPECT_EQ(EncodeBase64("fooba"), "Zm9vYmE=");  // RFC 4648
}
TEST(Base64, RefusesWhatIsNot) {
  for (const std::string text : {"Zg", "Zg=", "Z===", "====", "Zm9v!A==", "Zm==Zm=="})
    EXPECT_FALSE(DecodeBase64(text)) << text;
}

TEST(Url, DecodesWhatItEncodes) {
  EXPECT_EQ(DecodeUrl(EncodeUrl("a b/ü%")), "a b/ü%");
  EXPECT_FALSE(DecodeUrl("%4"));
  EXPECT_FALSE(DecodeUrl("%zz"));
}

TEST(QuoteJson, EscapesControlsAndReplacesBrokenUtf8) {
  EXPECT_EQ(QuoteJson("a\"\\\n\x01"), "\"a\\\"\\\\\\n\\u0001\"");
  EXPECT_EQ(QuoteJson("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Time, ReadsWhatItWrites) {
  const auto time = ParseTime("2026-11-21T08:32:05Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(FormatTime(*time), "2026-11-21T08:32:05Z");
  EXPECT_EQ(FormatMicroTime(*ParseTime("2026-11-21T10:32:05.123456+02:00")), "2026-11-21T08:32:05.123456Z");
  for (const char* bad : {"", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01"})
    EXPECT_FALSE(ParseTime(bad)) << bad;
}

TEST(Duration, ReadsGoSyntax) {
  using std::chrono::milliseconds;
  EXPECT_EQ(ParseDuration("1m30s"), milliseconds(90'000));
  EXPECT_EQ(ParseDuration("250ms"), milliseconds(250));
  EXPECT_EQ(ParseDuration("1.5s"), milliseconds(1500));
  for (const char* bad : {"", "5", "s", "-1s", "1x", "1s2"}) EXPECT_FALSE(ParseDuration(bad)) << bad;
}

TEST(Age, ReadsAsKubectlPrintsIt) {
  using std::chrono::seconds;
  EXPECT_EQ(FormatAge(seconds(45)), "45s");
  EXPECT_EQ(FormatAge(seconds(150)), "2m30s");
  EXPECT_EQ(FormatAge(seconds(3600 * 3)), "3h");
  EXPECT_EQ(FormatAge(seconds(86400 * 12)), "12d");
}

TEST(Digest, MatchesThePublishedVectors) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
  EXPECT_EQ(EncodeHex(HmacSha256("Jefe", "what do ya want for nothing?")),                          // RFC 4231
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Random, ReplaysFromItsSeed) {
  Random a(7);
  Random b(7);
  EXPECT_EQ(a.Uuid(), b.Uuid());
  EXPECT_EQ(a.Suffix(5), b.Suffix(5));
}
TEST(Random, BacksOffBetweenHalfAndWhole) {
  Random random(1);
  using std::chrono::milliseconds;
  for (int i = 0; i < 100; ++i) {
    const auto wait = random.Backoff(3, milliseconds(100), milliseconds(10'000));
    EXPECT_GE(wait, milliseconds(400));
    EXPECT_LT(wait, milliseconds(800));
    EXPECT_LT(random.Backoff(60, milliseconds(100), milliseconds(10'000)), milliseconds(10'000));
  }
}

}  // namespace
}  // namespace patchbay
