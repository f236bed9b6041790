// What the transport itself writes: heads of responses, and the answers to requests that no handler sees.
#pragma once

#include <cstddef>
#include <string>

#include "http/message.h"

namespace patchbay::http {

enum class BodyFraming {
  kLength,  // Content-Length
  kChunked,
  kUntilClose,  // a stream for HTTP/1.0
  kNone,        // 204, 304: no body and nothing said about it
};

// Status line and fields up to and with the empty line, Date included. Content-Length, Transfer-Encoding, Connection
// and Date of `response` are not used; line ends within its values become spaces.
std::string WriteHead(const Response& response, BodyFraming framing, std::size_t length, bool keep_alive,
                      int minor_version);

// A Kubernetes Status, as kubectl expects of every error.
Response RefusalResponse(int status, const std::string& message);

// True when a response of this status never has a body.
bool IsBodiless(int status);

}  // namespace patchbay::http
