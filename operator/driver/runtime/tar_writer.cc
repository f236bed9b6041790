#include "driver/runtime/tar_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace patchbay::driver {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameSize = 100;
constexpr std::int64_t kMostOctal7 = 07777777;  // seven octal digits, ustar's uid and gid

// Offsets and sizes of the ustar header (POSIX.1-1988, pax).
struct Field {
  std::size_t offset;
  std::size_t size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kMtime{136, 12},
    kChecksum{148, 8}, kType{156, 1}, kMagic{257, 8};

using Header = std::array<char, kBlock>;

void PutText(Header& header, Field field, std::string_view text) {
  std::memcpy(header.data() + field.offset, text.data(), std::min(text.size(), field.size));
}

void PutOctal(Header& header, Field field, std::uint64_t value) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%0*llo", static_cast<int>(field.size) - 1,
                static_cast<unsigned long long>(value));
  PutText(header, field, digits.data());
}

// "LENGTH key=value\n", where LENGTH counts itself.
std::string PaxRecord(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) length = std::to_string(length).size() + rest;
  return StrCat(length, " ", key, "=", value, "\n");
}

}  // namespace

Result<void> TarWriter::AddFile(std::string_view path, std::string_view content, int mode, TarOwner owner) {
  const auto segments = Split(path, '/');
  const bool bad = path.empty() || path.front() == '/' || path.back() == '/' ||
                   path.find('\0') != std::string_view::npos ||
                   std::find(segments.begin(), segments.end(), "..") != segments.end();
  if (bad) return Error{Code::kInvalid, StrCat("\"", path, "\" is not the path of a file to put into a container")};
  std::string pax;
  if (path.size() > kNameSize) pax += PaxRecord("path", path);
  if (owner.uid > kMostOctal7) pax += PaxRecord("uid", std::to_string(owner.uid));
  if (owner.gid > kMostOctal7) pax += PaxRecord("gid", std::to_string(owner.gid));
  if (!pax.empty()) AddEntry("pax", pax, 0644, {}, 'x');
  AddEntry(path.substr(0, kNameSize), content, mode,
           {owner.uid > kMostOctal7 ? 0 : owner.uid, owner.gid > kMostOctal7 ? 0 : owner.gid}, '0');
  return {};
}

void TarWriter::AddEntry(std::string_view path, std::string_view content, int mode, TarOwner owner, char type) {
  Header header{};
  PutText(header, kName, path);
  PutOctal(header, kMode, static_cast<unsigned>(mode) & 07777);
  PutOctal(header, kUid, static_cast<std::uint64_t>(owner.uid));
  PutOctal(header, kGid, static_cast<std::uint64_t>(owner.gid));
  PutOctal(header, kSize, content.size());
  PutOctal(header, kMtime, 0);
  PutText(header, kType, std::string_view(&type, 1));
  PutText(header, kMagic, std::string_view("ustar\00000", 8));
  PutText(header, kChecksum, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::array<char, 9> digits{};
  std::snprintf(digits.data(), digits.size(), "%06o", sum);
  PutText(header, kChecksum, std::string_view(digits.data(), 7));
  archive_.append(header.data(), header.size());
  archive_.append(content);
  archive_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
}

std::string TarWriter::Finish() {
  archive_.append(2 * kBlock, '\0');
  return std::exchange(archive_, {});
}

}  // namespace patchbay::driver
