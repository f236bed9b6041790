#include "kong.h"

#include <fstream>
#include <utility>

#include "base/text.h"
#include "driver/gateway/kong_gateway.h"

namespace patchbay {
namespace {

constexpr std::string_view kScheme = "kong=";

Result<std::string> ReadToken(const std::string& file) {
  if (file.empty()) return std::string();
  std::ifstream lines(file);
  std::string line;
  std::getline(lines, line);
  std::string token(Trim(line));
  if (token.empty())
    return Error{Code::kInvalid, StrCat("--gateway-token-file ", file,
                                        ": the first line must be the token; the file is empty or cannot be read")};
  return token;
}

}  // namespace

bool IsKong(const std::string& gateway) { return gateway.starts_with(kScheme); }

Result<std::unique_ptr<driver::Gateway>> MakeKong(const cli::OperatorFlags& flags, const std::string& installation,
                                                  std::shared_ptr<http::HttpClient> client, Meter& meter) {
  driver::KongOptions options;
  options.admin = flags.gateway.substr(kScheme.size());
  options.installation = installation;
  options.meter = &meter;
  PATCHBAY_TRY(options.token, ReadToken(flags.gateway_token_file));
  auto made = driver::KongGateway::New(std::move(client), std::move(options));
  if (!made.ok()) return made.error().Within("--gateway");
  return std::unique_ptr<driver::Gateway>(*std::move(made));
}

}  // namespace patchbay
