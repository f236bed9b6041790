// From the command line's words to the gateways: --gateway caddy=URL, --gateway kong=URL, or both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/meter.h"
#include "base/result.h"
#include "cli/flags.h"
#include "driver/gateway/caddy_journal.h"
#include "driver/gateway/dns_answerer.h"
#include "driver/gateway/gateway.h"
#include "http/client.h"

namespace patchbay {

struct Gateways {
  std::unique_ptr<driver::DnsAnswerer> answerer;
  std::unique_ptr<driver::CaddyJournal> journal;
  std::unique_ptr<driver::Gateway> gateway;  // all of them as one; nullptr for none. It uses those above
};

// Would MakeGateways understand these flags? Opens nothing. kInvalid names the flag: a word that is none, "none" beside
// a gateway, two of one kind, an address that is none, a token file that cannot be read or is empty.
Result<void> CheckGateways(const cli::OperatorFlags& flags);
// Opens the sockets on which Caddy asks and tells; calls no gateway. Errors as above, and kUnavailable.
Result<Gateways> MakeGateways(const cli::OperatorFlags& flags, const std::string& installation,
                              std::shared_ptr<http::HttpClient> client, Meter& meter);

}  // namespace patchbay
