// Writes a POSIX ustar archive in memory, as much of it as putting files into a container needs. A value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::driver {

struct TarOwner {
  std::int64_t uid = 0;
  std::int64_t gid = 0;
};

class TarWriter {
 public:
  // A regular file, modified at the epoch. `path` is relative to where the archive is unpacked; names that do not fit
  // ustar's 255 characters go into a pax record. kInvalid: empty, absolute, or with a ".." segment.
  Result<void> AddFile(std::string_view path, std::string_view content, int mode, TarOwner owner);
  // The whole archive with its end mark; the writer is empty afterwards.
  std::string Finish();

 private:
  void AddEntry(std::string_view path, std::string_view content, int mode, TarOwner owner, char type);

  std::string archive_;
};

}  // namespace patchbay::driver
