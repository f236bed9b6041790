#include "harness/gateway/fake_kong_schema.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "base/text.h"
#include "harness/gateway/fake_kong_rules.h"

namespace patchbay::driver::fake_kong {
namespace {

Fields TransformerFields(bool request) {
  const auto record = [&](bool pairs, std::vector<std::string> names) {
    Fields fields;
    for (auto& name : names) fields.push_back({name, ListOf(Text(pairs ? ComplainOfPair : nullptr)), Json::array()});
    return Record(fields);
  };
  const std::vector<std::string> names = request ? std::vector<std::string>{"body", "headers", "querystring"}
                                                 : std::vector<std::string>{"json", "headers"};
  Fields fields;
  for (const char* part : {"remove", "rename", "replace", "add", "append"})
    fields.push_back({part, record(std::string_view(part) != "remove", names), Json::object()});
  if (request) fields.push_back({"http_method", Text(ComplainOfMethod)});
  return fields;
}

const std::vector<std::string> kMethods = {"GET",    "HEAD",    "PUT",   "PATCH",  "POST",
                                           "DELETE", "OPTIONS", "TRACE", "CONNECT"};

const std::map<std::string, Fields>& Plugins() {
  static const std::map<std::string, Fields> kPlugins = {
      {"request-termination",
       {{"status_code", Whole(100, 599), 503},
        {"message", Text()},
        {"content_type", Text()},
        {"body", Text()},
        {"echo", Bool(), false},
        {"trigger", Text()}}},
      {"request-transformer", TransformerFields(true)},
      {"response-transformer", TransformerFields(false)},
      {"rate-limiting",
       {{"second", Positive()},
        {"minute", Positive()},
        {"hour", Positive()},
        {"day", Positive()},
        {"month", Positive()},
        {"year", Positive()},
        {"limit_by", OneOf({"consumer", "credential", "ip", "service", "header", "path"}), "consumer"},
        {"header_name", Text()},
        {"path", Text()},
        {"policy", OneOf({"local", "cluster", "redis"}), "local"},
        {"fault_tolerant", Bool(), true},
        {"hide_client_headers", Bool(), false}}},
      {"cors",
       {{"origins", ListOf(Text())},
        {"headers", ListOf(Text())},
        {"exposed_headers", ListOf(Text())},
        {"methods", ListOf(OneOf(kMethods)), kMethods},
        {"max_age", Positive()},
        {"credentials", Bool(), false},
        {"preflight_continue", Bool(), false}}},
      {"key-auth",
       {{"key_names", ListOf(Text()), Json::array({"apikey"}), true},
        {"hide_credentials", Bool(), false},
        {"anonymous", Text()},
        {"key_in_header", Bool(), true},
        {"key_in_query", Bool(), true},
        {"key_in_body", Bool(), false},
        {"run_on_preflight", Bool(), true}}},
      {"basic-auth", {{"hide_credentials", Bool(), false}, {"anonymous", Text()}}},
      {"jwt",
       {{"uri_param_names", ListOf(Text()), Json::array({"jwt"})},
        {"cookie_names", ListOf(Text()), Json::array()},
        {"key_claim_name", Text(), "iss"},
        {"secret_is_base64", Bool(), false},
        {"claims_to_verify", ListOf(OneOf({"exp", "nbf"}))},
        {"anonymous", Text()},
        {"run_on_preflight", Bool(), true},
        {"maximum_expiration", Whole(0, 31536000), 0},
        {"header_names", ListOf(Text()), Json::array({"authorization"})}}},
      {"acl", {{"allow", ListOf(Text())}, {"deny", ListOf(Text())}, {"hide_groups_header", Bool(), false}}},
  };
  return kPlugins;
}

Field Id() { return {"id", Text(ComplainOfUuid)}; }
Field Tags() { return {"tags", ListOf(Text(ComplainOfTag))}; }

Fields FieldsOf(const std::string& kind, int major) {
  const Rule timeout = Whole(1, 2147483646);
  if (kind == "services")
    return {Id(),
            {"name", Text(ComplainOfName)},
            {"retries", Whole(0, 32767), 5},
            {"protocol", OneOf({"http", "https", "tcp", "tls", "udp", "grpc", "grpcs"}), "http", true},
            {"host", Text(ComplainOfHost), nullptr, true},
            {"port", Whole(0, 65535), 80, true},
            {"path", Text()},
            {"connect_timeout", timeout, 60000},
            {"write_timeout", timeout, 60000},
            {"read_timeout", timeout, 60000},
            {"client_certificate", Foreign()},
            {"tls_verify", Bool()},
            {"tls_verify_depth", Whole(0, 64)},
            {"ca_certificates", ListOf(Text())},
            {"enabled", Bool(), true},
            Tags()};
  if (kind == "routes")
    return {Id(),
            {"name", Text(ComplainOfName)},
            {"protocols", ListOf(OneOf({"http", "https", "tcp", "tls", "udp", "grpc", "grpcs"})),
             Json::array({"http", "https"}), true},
            {"methods", ListOf(Text(ComplainOfMethod))},
            {"hosts", ListOf(Text(ComplainOfHost))},
            {"paths", ListOf(Text([major](const std::string& path) { return ComplainOfPath(path, major); }))},
            {"headers",
             [](const Json& value) -> std::optional<Json> {
               return value.is_object() ? std::nullopt : std::optional<Json>("expected a map");
             }},
            {"https_redirect_status_code", Whole(301, 426), 426},
            {"regex_priority", Whole(-2147483648L, 2147483647L), 0},
            {"strip_path", Bool(), true},
            {"path_handling", OneOf({"v0", "v1"}), "v0"},
            {"preserve_host", Bool(), false},
            {"request_buffering", Bool(), true},
            {"response_buffering", Bool(), true},
            {"snis", ListOf(Text())},
            {"sources", ListOf(nullptr)},
            {"destinations", ListOf(nullptr)},
            {"service", Foreign()},
            Tags()};
  if (kind == "upstreams")
    return {Id(),
            {"name", Text(ComplainOfHostName), nullptr, true},
            {"algorithm", OneOf({"round-robin", "consistent-hashing", "least-connections"}), "round-robin"},
            {"hash_on", OneOf({"none", "consumer", "ip", "header", "cookie"}), "none"},
            {"slots", Whole(10, 65536), 10000},
            {"host_header", Text(ComplainOfHost)},
            Tags()};
  if (kind == "targets")
    return {Id(),
            {"upstream", Foreign(), nullptr, true},
            {"target", Text(ComplainOfTarget), nullptr, true},
            {"weight", Whole(0, 65535), 100},
            Tags()};
  if (kind == "plugins")
    return {Id(),
            {"name", Text(), nullptr, true},
            {"service", Foreign()},
            {"route", Foreign()},
            {"consumer", Foreign()},
            {"config", nullptr, Json::object()},
            {"protocols", ListOf(OneOf({"http", "https", "grpc", "grpcs"})),
             Json::array({"grpc", "grpcs", "http", "https"})},
            {"enabled", Bool(), true},
            Tags()};
  if (kind == "consumers") return {Id(), {"username", Text()}, {"custom_id", Text()}, Tags()};
  if (kind == "keyauth_credentials")
    return {Id(),
            {"consumer", Foreign(), nullptr, true},
            {"key", Text(), nullptr, true},
            {"ttl", Whole(0, 100000000)},
            Tags()};
  if (kind == "basicauth_credentials")
    return {Id(),
            {"consumer", Foreign(), nullptr, true},
            {"username", Text(), nullptr, true},
            {"password", AnyText(), nullptr, true},
            Tags()};
  if (kind == "jwt_secrets")
    return {Id(),
            {"consumer", Foreign(), nullptr, true},
            {"key", Text(), nullptr, true},
            {"secret", Text()},
            {"rsa_public_key", Text()},
            {"algorithm", OneOf({"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384"}), "HS256"},
            Tags()};
  return {Id(), {"consumer", Foreign(), nullptr, true}, {"group", Text(), nullptr, true}, Tags()};
}

void CheckPlugin(Json& entity, Json& errors) {
  const std::string name = FindString(entity, {"name"});
  const auto plugin = Plugins().find(name);
  if (plugin == Plugins().end()) {
    errors["name"] = StrCat("plugin '", name, "' not enabled; add it to the 'plugins' configuration property");
    return;
  }
  Json faults = Json::object();
  const Json given = entity["config"];
  Json config = CheckFields(plugin->second, given, faults);
  if (name == "rate-limiting" && std::all_of(plugin->second.begin(), plugin->second.begin() + 6,
                                             [&](const auto& period) { return config[period.name].is_null(); }))
    errors["@entity"] = {
        "at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', "
        "'config.day', 'config.month', 'config.year'"};
  if (name == "rate-limiting" && config["limit_by"] == "header" && config["header_name"].is_null())
    faults["header_name"] = "required field missing";
  if (name == "acl" && config["allow"].is_null() == config["deny"].is_null())
    errors["@entity"] = {"only one of these fields must be non-empty: 'config.allow', 'config.deny'"};
  if (name == "request-termination" && config["message"].is_string() &&
      (config["content_type"].is_string() || config["body"].is_string()))
    faults["@entity"] = {"message cannot be used with content_type or body"};
  if (!faults.empty()) errors["config"] = faults;
  entity["config"] = std::move(config);
}

}  // namespace

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kKinds = {
      {"services", "services", "/services", "name", {{"name"}}, {}},
      {"routes", "routes", "/routes", "name", {{"name"}}, {{"service", "services", false}}},
      {"upstreams", "upstreams", "/upstreams", "name", {{"name"}}, {}},
      {"targets", "targets", "", "target", {{"upstream", "target"}}, {{"upstream", "upstreams", true}}},
      {"plugins",
       "plugins",
       "/plugins",
       "",
       {{"name", "service", "route", "consumer"}},
       {{"service", "services", true}, {"route", "routes", true}, {"consumer", "consumers", true}}},
      {"consumers", "consumers", "/consumers", "username", {{"username"}, {"custom_id"}}, {}},
      {"keyauth_credentials", "key-auth", "/key-auths", "key", {{"key"}}, {{"consumer", "consumers", true}}},
      {"basicauth_credentials",
       "basic-auth",
       "/basic-auths",
       "username",
       {{"username"}},
       {{"consumer", "consumers", true}}},
      {"jwt_secrets", "jwt", "/jwts", "key", {{"key"}}, {{"consumer", "consumers", true}}},
      {"acls", "acls", "/acls", "group", {{"consumer", "group"}}, {{"consumer", "consumers", true}}},
  };
  return kKinds;
}

const Kind* FindKind(const std::string& name) {
  for (const auto& kind : Kinds())
    if (kind.name == name) return &kind;
  return nullptr;
}

Checked CheckEntity(const std::string& kind, const Json& given, int major) {
  Checked checked{Json::object(), Json::object()};
  checked.entity = CheckFields(FieldsOf(kind, major), given, checked.fields);
  if (kind == "plugins" && checked.fields.empty()) CheckPlugin(checked.entity, checked.fields);
  if (kind == "routes") {
    const Json& entity = checked.entity;
    if (entity["methods"].is_null() && entity["hosts"].is_null() && entity["paths"].is_null() &&
        entity["headers"].is_null())
      checked.fields["@entity"] = {"must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'"};
  }
  if (kind == "jwt_secrets" && FindString(checked.entity, {"algorithm"}).starts_with("RS") &&
      checked.entity["rsa_public_key"].is_null())
    checked.fields["rsa_public_key"] = "required field missing";
  return checked;
}

}  // namespace patchbay::driver::fake_kong
