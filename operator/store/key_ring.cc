#include "store/key_ring.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/log.h"
#include "base/text.h"
#include "object/key.h"

namespace patchbay::store {
namespace {

constexpr std::string_view kForm = "sealed:v1:";
constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* BytesOf(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* BytesOf(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Only the kernel's random source can fail it, and then nothing should go on.
void Begin() {
  static const int begun = sodium_init();
  if (begun < 0) std::abort();
}

void Wipe(std::string& text) { sodium_memzero(text.data(), text.size()); }

Error Bad(const std::string& source, std::size_t line, std::string_view what) {
  return {Code::kInvalid,
          StrCat(source, ":", line, ": ", what, "; write ID:KEY, KEY being what `openssl rand -base64 32` prints")};
}

std::string NewKeyLine() {
  Begin();
  std::string id(4, '\0');
  std::string key(kKeyBytes, '\0');
  randombytes_buf(id.data(), id.size());
  randombytes_buf(key.data(), key.size());
  std::string line =
      StrCat("# Secrets in the database are encrypted with the first key: without this file they are lost.\n", "key-",
             EncodeHex(id), ":", EncodeBase64(key), "\n");
  Wipe(key);
  return line;
}

Result<void> MakeFile(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return Error{Code::kUnavailable, StrCat("cannot make the encryption key file ", path)};
  std::string text = NewKeyLine();
  const bool written = write(file, text.data(), text.size()) == std::ssize(text) && fsync(file) == 0;
  close(file);
  Wipe(text);
  if (written) return {};
  unlink(path.c_str());
  return Error{Code::kUnavailable, StrCat("cannot write the encryption key file ", path)};
}

}  // namespace

KeyRing::~KeyRing() {
  for (NamedKey& key : keys_) Wipe(key.bytes);
}

Result<KeyRing> KeyRing::Parse(std::string_view text, const std::string& source) {
  Begin();
  KeyRing ring(source);
  std::size_t number = 0;
  for (const std::string& line : Split(text, '\n')) {
    ++number;
    const std::string_view trimmed = Trim(line);
    if (trimmed.empty() || trimmed.front() == '#') continue;
    const std::size_t colon = trimmed.find(':');
    if (colon == std::string_view::npos) return Bad(source, number, "no ':' between ID and KEY");
    const std::string id(Trim(trimmed.substr(0, colon)));
    if (id.empty() || !CheckLabelValue(id).empty())
      return Bad(source, number, "the ID must be letters, digits, '-', '_' or '.', at most 63");
    if (ring.Has(id)) return Bad(source, number, StrCat("the ID ", id, " stands here twice"));
    auto key = DecodeBase64(Trim(trimmed.substr(colon + 1)));
    if (!key || key->size() != kKeyBytes)
      return Bad(source, number, StrCat("the key ", id, " is not the base64 of 32 bytes"));
    ring.keys_.push_back({id, *std::move(key)});
  }
  if (ring.keys_.empty()) return Error{Code::kInvalid, StrCat(source, " holds no key; write ID:KEY in a line")};
  return ring;
}

Result<std::shared_ptr<const KeyRing>> KeyRing::Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::kInvalid, StrCat("cannot read the encryption key file ", path)};
  struct stat state {};
  if (stat(path.c_str(), &state) == 0 && (state.st_mode & 0077) != 0)
    LogWarn("store", "others can read the encryption key file", {{"file", path}});
  std::string text{std::istreambuf_iterator<char>(file), {}};
  auto ring = Parse(text, path);
  Wipe(text);
  if (!ring.ok()) return std::move(ring).error();
  return std::shared_ptr<const KeyRing>(std::make_shared<KeyRing>(*std::move(ring)));
}

Result<std::shared_ptr<const KeyRing>> KeyRing::ReadOrMake(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) PATCHBAY_CHECK(MakeFile(path));
  return Read(path);
}

std::string KeyRing::Ids() const {
  std::vector<std::string> ids;
  for (const NamedKey& key : keys_) ids.push_back(key.id);
  return Join(ids, ", ");
}

const KeyRing::NamedKey* KeyRing::Find(std::string_view id) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const NamedKey& key) { return key.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

std::string KeyRing::Seal(std::string_view text, std::string_view binding) const {
  std::string box(kNonceBytes + text.size() + kTagBytes, '\0');
  unsigned char* nonce = BytesOf(box);
  randombytes_buf(nonce, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonceBytes, nullptr, BytesOf(text), text.size(), BytesOf(binding),
                                             binding.size(), nullptr, nonce, BytesOf(keys_.front().bytes));
  return StrCat(kForm, first(), ":", EncodeBase64(box));
}

Result<std::string> KeyRing::Open(std::string_view sealed, std::string_view binding) const {
  const std::string_view id = KeyIdOf(sealed);
  if (id.empty()) return Error{Code::kForbidden, "it is encrypted in a form that this program does not know"};
  const NamedKey* key = Find(id);
  if (key == nullptr)
    return Error{Code::kForbidden,
                 StrCat("it is encrypted with the key \"", id, "\", and ", source_, " has only ", Ids())};
  const auto box = DecodeBase64(sealed.substr(kForm.size() + id.size() + 1));
  if (!box || box->size() < kNonceBytes + kTagBytes) return Error{Code::kForbidden, "what is encrypted is damaged"};
  std::string text(box->size() - kNonceBytes - kTagBytes, '\0');
  const unsigned char* nonce = BytesOf(std::string_view(*box));
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
      BytesOf(text), nullptr, nullptr, nonce + kNonceBytes, box->size() - kNonceBytes, BytesOf(binding), binding.size(),
      nonce, BytesOf(std::string_view(key->bytes)));
  if (opened == 0) return text;
  return Error{Code::kForbidden, StrCat("it does not open with the key \"", id, "\" of ", source_,
                                        ": the key is another one of that name, or the row was changed")};
}

std::string_view KeyIdOf(std::string_view sealed) {
  if (!sealed.starts_with(kForm)) return {};
  const std::size_t end = sealed.find(':', kForm.size());
  return end == std::string_view::npos ? std::string_view() : sealed.substr(kForm.size(), end - kForm.size());
}

}  // namespace patchbay::store
