// From the command line's words to a gateway on Kong.
#pragma once

#include <memory>
#include <string>

#include "base/meter.h"
#include "base/result.h"
#include "cli/flags.h"
#include "driver/gateway/gateway.h"
#include "http/client.h"

namespace patchbay {

// "--gateway kong=URL".
bool IsKong(const std::string& gateway);
// Does not call Kong. kInvalid names the flag: the address is none, the token file cannot be read or is empty.
Result<std::unique_ptr<driver::Gateway>> MakeKong(const cli::OperatorFlags& flags, const std::string& installation,
                                                  std::shared_ptr<http::HttpClient> client, Meter& meter);

}  // namespace patchbay
