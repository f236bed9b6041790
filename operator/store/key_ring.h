// The keys that Secrets are encrypted with at rest: XChaCha20-Poly1305 (libsodium), a random nonce for every text. The
// first key encrypts, all of them decrypt, so that keys can be changed. Immutable; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace patchbay::store {

class KeyRing {
 public:
  // One key a line, "ID:KEY": ID as a label value (k1, 2026-11), KEY the base64 of 32 random bytes; empty lines and
  // lines that begin with '#' are left out. `source` names the text in errors, which never hold a key.
  static Result<KeyRing> Parse(std::string_view text, const std::string& source);
  static Result<std::shared_ptr<const KeyRing>> Read(const std::string& path);
  // The same, after making a file with one new key (mode 0600) when there is none.
  static Result<std::shared_ptr<const KeyRing>> ReadOrMake(const std::string& path);

  KeyRing(KeyRing&&) noexcept = default;
  KeyRing& operator=(KeyRing&&) = delete;
  ~KeyRing();  // overwrites the keys

  const std::string& first() const { return keys_.front().id; }
  bool Has(std::string_view id) const { return Find(id) != nullptr; }
  std::string Ids() const;  // "k2, k1", for errors

  // "sealed:v1:ID:BASE64". Opens only with the same `binding`, which says where the text belongs.
  std::string Seal(std::string_view text, std::string_view binding) const;
  // kForbidden when the key is not here, is another than it was sealed with, or the text or its place was changed.
  Result<std::string> Open(std::string_view sealed, std::string_view binding) const;

 private:
  struct NamedKey {
    std::string id;
    std::string bytes;
  };
  explicit KeyRing(std::string source) : source_(std::move(source)) {}
  const NamedKey* Find(std::string_view id) const;

  std::string source_;
  std::vector<NamedKey> keys_;
};

// Stored bodies are JSON objects otherwise, which begin with '{'.
inline bool IsSealed(std::string_view text) { return text.starts_with("sealed:"); }
// The ID of a sealed text; "" when it has no form of ours.
std::string_view KeyIdOf(std::string_view sealed);

}  // namespace patchbay::store
