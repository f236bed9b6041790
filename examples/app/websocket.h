// A WebSocket (RFC 6455) that answers each frame with itself.
#pragma once

#include <cstdint>
#include <string>

#include "digest.h"
#include "server.h"

namespace example {

// Until the client closes, breaks a rule, or the server stops (then with status 1001).
inline void EchoWebSocket(Connection& connection, const Request& request) {
  const std::string key = request.Header("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  if (!connection.Write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: " +
                        EncodeBase64(Sha1(key)) + "\r\n\r\n"))
    return;
  const auto write_frame = [&](unsigned char first, const std::string& text) {
    std::string frame(1, static_cast<char>(first));
    if (text.size() < 126) {
      frame.push_back(static_cast<char>(text.size()));
    } else {
      const bool large = text.size() > 0xffff;
      frame.push_back(static_cast<char>(large ? 127 : 126));
      for (int shift = large ? 56 : 8; shift >= 0; shift -= 8)
        frame.push_back(static_cast<char>(std::uint64_t{text.size()} >> shift));
    }
    return connection.Write(frame + text);
  };
  while (true) {
    std::string head;
    if (!connection.ReadExactly(2, head, true)) break;
    const auto first = static_cast<unsigned char>(head[0]);
    std::uint64_t size = head[1] & 0x7f;
    if ((head[1] & 0x80) == 0) break;
    if (size >= 126) {
      std::string length;
      if (!connection.ReadExactly(size == 126 ? 2 : 8, length)) return;
      size = 0;
      for (const char c : length) size = size << 8 | static_cast<unsigned char>(c);
    }
    std::string mask;
    std::string text;
    if (!connection.ReadExactly(4, mask) || !connection.ReadExactly(size, text)) return;
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(text[i] ^ mask[i % 4]);
    const int opcode = first & 0x0f;
    if (opcode == 8) {
      write_frame(0x88, text);
      return;
    }
    if (opcode == 10) continue;
    if (!write_frame(opcode == 9 ? 0x8a : first, text)) return;
  }
  write_frame(0x88, std::string("\x03\xe9", 2));
}

}  // namespace example
