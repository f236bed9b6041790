// All bytes to a socket, however often it takes.
#pragma once

#include <sys/socket.h>

#include <string_view>

namespace patchbay {

// False when the other side is gone.
inline bool SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace patchbay
