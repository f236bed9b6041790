// Large answers in gzip. Pure; thread-safe.
#pragma once

#include "http/message.h"

namespace patchbay::api {

// Compresses a body of more than 128 KiB (Kubernetes' threshold and level: 1) when Accept-Encoding names gzip, and says
// so in the headers. Everything else stays as it is. About 10 ms per MiB.
void CompressAnswer(const http::Request& request, http::Response& response);

// Whether an Accept-Encoding value takes gzip.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace patchbay::api
