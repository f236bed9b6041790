#include "driver/runtime/image_reference.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay::driver {
namespace {

constexpr std::size_t kMaxRepository = 255;
constexpr std::size_t kMaxTag = 128;

bool IsLower(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsWord(char c) { return IsLower(c) || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Lower-case words joined by one '.', one or two '_', or any number of '-'.
bool IsPathComponent(std::string_view part) {
  if (part.empty() || !IsLower(part.front()) || !IsLower(part.back())) return false;
  for (std::size_t i = 0; i < part.size();) {
    if (IsLower(part[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    while (i < part.size() && part[i] == part[start]) ++i;
    const std::size_t length = i - start;
    const bool fine = part[start] == '-' || (part[start] == '.' && length == 1) || (part[start] == '_' && length <= 2);
    if (!fine || !IsLower(part[i])) return false;
  }
  return true;
}

bool IsPath(std::string_view path) {
  const auto parts = Split(path, '/');
  return std::all_of(parts.begin(), parts.end(), [](const auto& part) { return IsPathComponent(part); });
}

bool IsDomain(std::string_view domain) {
  return !domain.empty() && std::all_of(domain.begin(), domain.end(), [](char c) {
    return (IsWord(c) && c != '_') || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
  });
}

bool IsTag(std::string_view tag) {
  return !tag.empty() && tag.size() <= kMaxTag && IsWord(tag[0]) &&
         std::all_of(tag.begin(), tag.end(), [](char c) { return IsWord(c) || c == '.' || c == '-'; });
}

bool IsDigest(std::string_view digest) {
  const auto colon = digest.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto hex = digest.substr(colon + 1);
  return hex.size() >= 32 && std::all_of(hex.begin(), hex.end(), IsHex);
}

Error Invalid(std::string_view text, std::string_view why) {
  return Error{Code::kInvalid, StrCat("\"", text, "\" is not an image reference: ", why)};
}

}  // namespace

std::string ImageReference::Repository() const { return StrCat(domain, "/", path); }

std::string ImageReference::Version() const { return digest.empty() ? tag : digest; }

std::string ImageReference::Canonical() const {
  return digest.empty() ? StrCat(Repository(), ":", tag) : StrCat(Repository(), "@", digest);
}

bool IsImageId(std::string_view text) {
  if (text.starts_with("sha256:")) text.remove_prefix(7);
  return text.size() == 64 && std::all_of(text.begin(), text.end(), IsHex);
}

Result<ImageReference> ParseImageReference(std::string_view text) {
  ImageReference reference;
  std::string_view rest = text;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!IsDigest(reference.digest)) return Invalid(text, "the digest must be like sha256:<hex>");
  }
  const auto slash = rest.rfind('/');
  const auto colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!IsTag(reference.tag)) return Invalid(text, "the tag must be 1 to 128 of letters, digits, '_', '.', '-'");
  } else if (reference.digest.empty()) {
    reference.tag = "latest";
  }
  const auto first = rest.find('/');
  const std::string_view head = rest.substr(0, first);
  const bool has_domain = first != std::string_view::npos &&
                          (head == "localhost" || head.find_first_of(".:") != std::string_view::npos ||
                           std::any_of(head.begin(), head.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
  reference.domain = has_domain ? std::string(head) : "docker.io";
  reference.path = has_domain ? rest.substr(first + 1) : rest;
  if (reference.domain == "index.docker.io") reference.domain = "docker.io";
  if (reference.domain == "docker.io" && reference.path.find('/') == std::string::npos)
    reference.path.insert(0, "library/");
  if (!IsDomain(reference.domain)) return Invalid(text, "the registry is not a host name");
  if (!IsPath(reference.path))
    return Invalid(text, "the repository must be lower-case words joined by '/', '.', '_' or '-'");
  if (reference.Repository().size() > kMaxRepository) return Invalid(text, "the repository is over 255 characters");
  return reference;
}

}  // namespace patchbay::driver
