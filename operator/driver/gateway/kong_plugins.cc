#include "driver/gateway/kong_plugins.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "driver/gateway/route_rules.h"

namespace patchbay::driver {
namespace {

// request-transformer fills values in as templates, with access to the request: "$(...)", and '#' for a statement.
bool IsTemplate(std::string_view value) {
  return value.find("$(") != std::string_view::npos || Trim(value).starts_with('#');
}

Result<void> CheckTemplates(const HeaderEdits& edits) {
  for (const auto* list : {&edits.set, &edits.add})
    for (const auto& [name, value] : *list)
      if (IsTemplate(value))
        return Error{Code::kInvalid, StrCat("request header ", QuoteJson(name), " has a value that Kong would evaluate: ",
                                            "\"$(\" and a '#' at the beginning cannot be sent")};
  return {};
}

Json PrintPairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json lines = Json::array();
  for (const auto& [name, value] : pairs) lines.push_back(StrCat(name, ":", value));
  return Json{{"headers", std::move(lines)}};
}

// Kong's "replace" is for a header that is there, its "add" for one that is not; its "append" is our add.
Json MapHeaders(const HeaderEdits& edits) {
  Json config = Json::object();
  if (!edits.remove.empty()) config["remove"] = {{"headers", edits.remove}};
  if (!edits.set.empty()) config["replace"] = config["add"] = PrintPairs(edits.set);
  if (!edits.add.empty()) config["append"] = PrintPairs(edits.add);
  return config;
}

Result<Json> MapRateLimit(const RateLimit& limit) {
  Json config{
      {limit.per, limit.requests}, {"policy", "local"}, {"fault_tolerant", true}, {"hide_client_headers", false}};
  if (limit.key == "client-ip") {
    config["limit_by"] = "ip";
  } else if (limit.key == "consumer") {
    config["limit_by"] = "consumer";
  } else if (limit.key.starts_with("header:")) {
    config["limit_by"] = "header";
    config["header_name"] = limit.key.substr(7);
  } else {
    return Error{Code::kInvalid, StrCat("Kong cannot count requests by ", QuoteJson(limit.key))};
  }
  return config;
}

// Kong reads an origin as a regular expression when it has other characters than these.
std::string MapOrigin(const std::string& origin) {
  const bool plain = std::all_of(origin.begin(), origin.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(".:/-").find(c) != std::string_view::npos;
  });
  if (plain || origin == "*") return origin;
  std::string out = "^";
  for (const char c : origin) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out + "$";
}

Json MapCors(const CrossOrigin& cors) {
  static const std::vector<std::string> kEvery = {"GET",    "HEAD",    "PUT",   "PATCH",  "POST",
                                                  "DELETE", "OPTIONS", "TRACE", "CONNECT"};
  Json config{{"credentials", cors.allow_credentials}, {"preflight_continue", false}};
  for (const auto& origin : cors.allow_origins) config["origins"].push_back(MapOrigin(origin));
  config["methods"] = cors.allow_methods.empty() ? kEvery : cors.allow_methods;
  if (!cors.allow_headers.empty()) config["headers"] = cors.allow_headers;
  if (!cors.expose_headers.empty()) config["exposed_headers"] = cors.expose_headers;
  if (cors.max_age.count() > 0) config["max_age"] = cors.max_age.count() / 1'000;
  return config;
}

// Kong lets in every caller that it knows, whoever made it, unless the acl plugin asks for a group.
void AddCallerCheck(const CallerCheck& check, const std::string& group, Json& plugins) {
  switch (check.type) {
    case CallerCheck::Type::kKey:
      plugins["key-auth"] = {{"key_names", {check.header}}, {"key_in_header", true},     {"key_in_query", false},
                             {"key_in_body", false},        {"hide_credentials", false}, {"run_on_preflight", true}};
      break;
    case CallerCheck::Type::kBasic: plugins["basic-auth"] = {{"hide_credentials", false}}; break;
    case CallerCheck::Type::kJwt:
      plugins["jwt"] = {{"key_claim_name", "iss"},          {"claims_to_verify", {"exp"}},
                        {"secret_is_base64", false},        {"header_names", {"authorization"}},
                        {"uri_param_names", Json::array()}, {"cookie_names", Json::array()},
                        {"run_on_preflight", true}};
      break;
  }
  plugins["acl"] = {{"allow", {group}}, {"hide_groups_header", true}};
}

}  // namespace

Result<Json> MapKongPlugins(const GatewayRoute& route, const std::string& group, bool has_targets) {
  PATCHBAY_CHECK(CheckHeaders(route.request_headers, "request"));
  PATCHBAY_CHECK(CheckHeaders(route.response_headers, "response"));
  PATCHBAY_CHECK(CheckTemplates(route.request_headers));
  Json plugins = Json::object();
  if (route.auth) AddCallerCheck(*route.auth, group, plugins);
  if (route.cors) plugins["cors"] = MapCors(*route.cors);
  if (route.rate_limit) {
    PATCHBAY_TRY(plugins["rate-limiting"], MapRateLimit(*route.rate_limit));
  }
  HeaderEdits response = route.response_headers;
  if (!has_targets) {
    plugins["request-termination"] = {{"status_code", 503},
                                      {"content_type", "text/plain; charset=utf-8"},
                                      {"body", "no backend of this route is ready\n"}};
    response.set.emplace_back("Retry-After", "1");
  }
  if (route.request_headers != HeaderEdits{}) plugins["request-transformer"] = MapHeaders(route.request_headers);
  if (response != HeaderEdits{}) plugins["response-transformer"] = MapHeaders(response);
  return plugins;
}

}  // namespace patchbay::driver
