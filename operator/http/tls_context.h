// TLS material for asio. Included by transport.cc only.
#pragma once

#include <boost/asio/ssl.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/server.h"

namespace patchbay::http {

using TlsContext = boost::asio::ssl::context;

// TLS 1.2 and later, ALPN "http/1.1". kInvalid names the file that cannot be used.
Result<std::shared_ptr<TlsContext>> LoadTls(const TlsFiles& files);

// The peer's verified certificate's subject as RFC 2253 writes it ("CN=alice,O=dev"), or "".
std::string PeerSubject(SSL* connection);

}  // namespace patchbay::http
