#include "base/digest.h"
#include "base/text.h"
#include "driver/notifier/notifier.h"

namespace patchbay::driver {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kLeastBytes = 24;
constexpr std::size_t kMostBytes = 64;

Result<std::string> DecodeSecret(const std::string& secret) {
  if (!secret.starts_with(kPrefix)) {
    if (secret.empty()) return Error{Code::kInvalid, "the webhook's secret is empty"};
    return secret;
  }
  const auto key = DecodeBase64(std::string_view(secret).substr(kPrefix.size()));
  if (!key) return Error{Code::kInvalid, "the webhook's secret begins with whsec_ but is not base64 after it"};
  if (key->size() < kLeastBytes || key->size() > kMostBytes)
    return Error{Code::kInvalid,
                 StrCat("the webhook's secret holds ", key->size(), " bytes, not ", kLeastBytes, " to ", kMostBytes)};
  return *key;
}

}  // namespace

Result<std::string> SignV1(const std::string& secret, const std::string& id, long timestamp_seconds,
                           const std::string& payload) {
  if (id.empty() || id.find('.') != std::string::npos)
    return Error{Code::kInvalid, StrCat("a webhook id is not empty and has no '.': ", QuoteJson(id))};
  PATCHBAY_TRY(const auto key, DecodeSecret(secret));
  return StrCat("v1,", EncodeBase64(HmacSha256(key, StrCat(id, '.', timestamp_seconds, '.', payload))));
}

}  // namespace patchbay::driver
