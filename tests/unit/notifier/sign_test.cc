#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "driver/notifier/notifier.h"

namespace patchbay::driver {
namespace {

// The example that the Standard Webhooks reference libraries test themselves with.
TEST(SignV1, AgreesWithTheReferenceLibraries) {
  EXPECT_EQ(*SignV1("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                    R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(SignV1, TakesPlainTextAsItsBytes) {
  const std::string bytes = "0123456789abcdef01234567";
  EXPECT_EQ(*SignV1(bytes, "id", 1, "{}"), *SignV1("whsec_" + EncodeBase64(bytes), "id", 1, "{}"));
}

TEST(SignV1, ChangesWithEveryPart) {
  const auto sign = [](const char* id, long time, const char* payload) { return *SignV1("secret", id, time, payload); };
  EXPECT_NE(sign("a", 1, "{}"), sign("b", 1, "{}"));
  EXPECT_NE(sign("a", 1, "{}"), sign("a", 2, "{}"));
  EXPECT_NE(sign("a", 1, "{}"), sign("a", 1, "{} "));
}

TEST(SignV1, RefusesAMalformedSecretWithoutShowingIt) {
  for (const std::string& secret :
       {std::string(), std::string("whsec_?secret?"), "whsec_" + EncodeBase64(std::string(23, 'x')),
        "whsec_" + EncodeBase64(std::string(65, 'x'))}) {
    const auto signature = SignV1(secret, "id", 1, "{}");
    ASSERT_FALSE(signature.ok()) << secret;
    EXPECT_EQ(signature.error().code, Code::kInvalid);
    EXPECT_THAT(signature.error().message, testing::Not(testing::HasSubstr("?secret?")));
  }
  EXPECT_TRUE(SignV1("whsec_" + EncodeBase64(std::string(24, 'x')), "id", 1, "{}").ok());
  EXPECT_TRUE(SignV1("whsec_" + EncodeBase64(std::string(64, 'x')), "id", 1, "{}").ok());
}

TEST(SignV1, RefusesAnIdThatWouldMakeTheContentAmbiguous) {
  EXPECT_FALSE(SignV1("secret", "a.b", 1, "{}").ok());
  EXPECT_FALSE(SignV1("secret", "", 1, "{}").ok());
}

}  // namespace
}  // namespace patchbay::driver
