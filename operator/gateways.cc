#include "gateways.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "driver/gateway/caddy_gateway.h"
#include "driver/gateway/gateway_group.h"
#include "driver/gateway/kong_gateway.h"

namespace patchbay {
namespace {

using Made = Result<std::unique_ptr<driver::Gateway>>;

struct Word {
  std::string kind;
  std::string url;
};

Error Wrong(const std::string& words, const std::string& why) {
  return Error{Code::kInvalid, StrCat("--gateway ", words, ": ", why)};
}

// A flag, or the environment's variable, may hold several.
std::vector<std::string> SplitWords(const std::vector<std::string>& given) {
  std::vector<std::string> words;
  for (std::string text : given) {
    std::replace(text.begin(), text.end(), ',', ' ');
    for (std::string& word : Split(text, ' '))
      if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

Result<std::vector<Word>> ReadWords(const cli::OperatorFlags& flags) {
  const std::vector<std::string> words = SplitWords(flags.gateways);
  std::vector<Word> read;
  bool none = false;
  for (const std::string& word : words) {
    if (word == "none") {
      none = true;
      continue;
    }
    const auto equals = word.find('=');
    const std::string kind = word.substr(0, equals);
    if (equals == std::string::npos || (kind != "caddy" && kind != "kong"))
      return Wrong(word, "write caddy=URL, kong=URL or none");
    for (const Word& other : read)
      if (other.kind == kind)
        return Wrong(word, StrCat("there is ", kind, "=", other.url, " already; one gateway of each kind can be given"));
    read.push_back({kind, word.substr(equals + 1)});
  }
  if (none && !read.empty())
    return Wrong(Join(words, " --gateway "), "none stands alone: leave it out, or the gateway");
  return read;
}

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

Made MakeKong(const cli::OperatorFlags& flags, driver::KongOptions options, std::shared_ptr<http::HttpClient> client) {
  PATCHBAY_TRY(options.token, ReadToken(flags.gateway_token_file));
  const std::string given = options.admin;
  auto made = driver::KongGateway::New(std::move(client), std::move(options));
  if (!made.ok()) return made.error().Within(StrCat("--gateway kong=", given));
  return std::unique_ptr<driver::Gateway>(*std::move(made));
}

Made MakeCaddy(driver::CaddyOptions options, std::shared_ptr<http::HttpClient> client) {
  const std::string given = options.admin;
  if (given.starts_with("unix:/")) options.admin = "unix/" + given.substr(5);
  auto made = driver::CaddyGateway::New(std::move(client), std::move(options));
  if (!made.ok()) return made.error().Within(StrCat("--gateway caddy=", given));
  return std::unique_ptr<driver::Gateway>(*std::move(made));
}

// "127.0.0.1:5391"; a port of -1 is refused by whoever listens there.
std::pair<std::string, int> SplitAddress(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto port = ParseInt(colon == std::string::npos ? "" : address.substr(colon + 1));
  return {address.substr(0, colon), port ? static_cast<int>(*port) : -1};
}

Result<void> Listen(const cli::OperatorFlags& flags, Gateways& gateways) {
  if (!flags.gateway_dns.empty()) {
    const auto [host, port] = SplitAddress(flags.gateway_dns);
    PATCHBAY_TRY(gateways.answerer, driver::DnsAnswerer::Listen(host, port, SystemClock()));
  }
  if (!flags.gateway_journal.empty()) {
    const auto [host, port] = SplitAddress(flags.gateway_journal);
    PATCHBAY_TRY(gateways.journal, driver::CaddyJournal::Listen(host, port));
  }
  return {};
}

using Members = std::vector<std::unique_ptr<driver::Gateway>>;

Result<Members> MakeAll(const cli::OperatorFlags& flags, const std::vector<Word>& words,
                        const std::string& installation, const Gateways& beside,
                        const std::shared_ptr<http::HttpClient>& client, Meter& meter) {
  Members all;
  for (const Word& word : words) {
    if (word.kind == "kong") {
      driver::KongOptions kong;
      kong.admin = word.url;
      kong.installation = installation;
      kong.meter = &meter;
      PATCHBAY_TRY(all.emplace_back(), MakeKong(flags, std::move(kong), client));
      continue;
    }
    driver::CaddyOptions caddy;
    caddy.admin = word.url;
    caddy.installation = installation;
    caddy.listen = flags.gateway_listen;
    caddy.shared = !flags.caddy_server.empty();
    if (caddy.shared) caddy.server = flags.caddy_server;
    caddy.meter = &meter;
    caddy.answerer = beside.answerer.get();
    caddy.journal = beside.journal.get();
    PATCHBAY_TRY(all.emplace_back(), MakeCaddy(std::move(caddy), client));
  }
  return all;
}

}  // namespace

Result<void> CheckGateways(const cli::OperatorFlags& flags) {
  PATCHBAY_TRY(const auto words, ReadWords(flags));
  const auto is_caddy = [](const Word& word) { return word.kind == "caddy"; };
  if (!flags.caddy_server.empty() && std::none_of(words.begin(), words.end(), is_caddy))
    return Error{Code::kInvalid, StrCat("--caddy-server ", flags.caddy_server, ": there is no --gateway caddy=URL")};
  const auto made = MakeAll(flags, words, "check", {}, http::NewCurlClient(), NullMeter());
  return made.ok() ? Result<void>() : made.error();
}

Result<Gateways> MakeGateways(const cli::OperatorFlags& flags, const std::string& installation,
                              std::shared_ptr<http::HttpClient> client, Meter& meter) {
  Gateways gateways;
  PATCHBAY_TRY(const auto words, ReadWords(flags));
  if (words.empty()) return gateways;
  if (std::any_of(words.begin(), words.end(), [](const Word& word) { return word.kind == "caddy"; }))
    PATCHBAY_CHECK(Listen(flags, gateways));
  PATCHBAY_TRY(auto all, MakeAll(flags, words, installation, gateways, client, meter));
  gateways.gateway = std::make_unique<driver::GatewayGroup>(std::move(all), meter);
  return gateways;
}

}  // namespace patchbay
