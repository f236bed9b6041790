#include "harness/gateway/fake_kong_schema.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

#include "base/text.h"

namespace patchbay::driver::fake_kong {
namespace {

// Nothing when it is fine; a sentence, or an object or list of them by member.
using Rule = std::function<std::optional<Json>(const Json& value)>;

struct Field {
  std::string name;
  Rule rule;
  Json preset = nullptr;
  bool required = false;
};
using Fields = std::vector<Field>;

bool Consists(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || more.find(c) != std::string_view::npos;
  });
}

Rule Text(std::function<std::string(const std::string&)> complain = nullptr) {
  return [complain](const Json& value) -> std::optional<Json> {
    if (!value.is_string()) return "expected a string";
    if (value.get_ref<const std::string&>().empty()) return "length must be at least 1";
    const std::string error = complain ? complain(value.get<std::string>()) : "";
    return error.empty() ? std::nullopt : std::optional<Json>(error);
  };
}
Rule AnyText() {
  return [](const Json& value) -> std::optional<Json> { return value.is_string() ? std::nullopt : std::optional<Json>("expected a string"); };
}
Rule Whole(long least, long most) {
  return [=](const Json& value) -> std::optional<Json> {
    if (!value.is_number_integer()) return "expected an integer";
    if (value.get<long>() < least || value.get<long>() > most) return StrCat("value should be between ", least, " and ", most);
    return std::nullopt;
  };
}
Rule Positive() {
  return [](const Json& value) -> std::optional<Json> {
    if (!value.is_number()) return "expected a number";
    return value.get<double>() > 0 ? std::nullopt : std::optional<Json>("value must be greater than 0");
  };
}
Rule Bool() {
  return [](const Json& value) -> std::optional<Json> { return value.is_boolean() ? std::nullopt : std::optional<Json>("expected a boolean"); };
}
Rule OneOf(std::vector<std::string> words) {
  return [words](const Json& value) -> std::optional<Json> {
    if (!value.is_string()) return "expected a string";
    if (std::find(words.begin(), words.end(), value.get<std::string>()) != words.end()) return std::nullopt;
    return StrCat("expected one of: ", Join(words, ", "));
  };
}
Rule ListOf(Rule rule) {
  return [rule](const Json& value) -> std::optional<Json> {
    if (!value.is_array()) return "expected an array";
    Json errors = Json::array();
    bool bad = false;
    for (const auto& entry : value) {
      const auto error = rule(entry);
      errors.push_back(error.value_or(nullptr));
      bad |= error.has_value();
    }
    return bad ? std::optional(errors) : std::nullopt;
  };
}
Rule Foreign() {
  return [](const Json& value) -> std::optional<Json> {
    if (!value.is_object() || value.size() != 1 || !value.contains("id")) return Json{{"id", "missing primary key"}};
    return std::nullopt;
  };
}

Json CheckFields(const Fields& fields, const Json& given, Json& errors) {
  Json entity = Json::object();
  for (const auto& field : fields) {
    const Json* value = Find(given, {field.name});
    Json taken = value == nullptr || value->is_null() ? field.preset : *value;
    if (taken.is_null() && field.required) errors[field.name] = "required field missing";
    if (!taken.is_null() && field.rule)
      if (auto error = field.rule(taken)) errors[field.name] = std::move(*error);
    entity[field.name] = std::move(taken);
  }
  for (const auto& [name, value] : given.items())
    if (std::none_of(fields.begin(), fields.end(), [&](const auto& field) { return field.name == name; }))
      errors[name] = "unknown field";
  return entity;
}

std::string ComplainOfName(const std::string& name) {
  if (Consists(name, ".-_~")) return "";
  return StrCat("invalid value '", name, "': it must only contain alphanumeric and '., -, _, ~' characters");
}

std::string ComplainOfHost(const std::string& host) {
  const std::string plain = host.starts_with("*.") ? host.substr(2) : host.ends_with(".*") ? host.substr(0, host.size() - 2) : host;
  if (plain.find('*') != std::string::npos) return "invalid wildcard: must be placed at leftmost or rightmost label";
  return Consists(plain, ".-_") ? "" : StrCat("invalid value: ", host);
}

std::string ComplainOfHostName(const std::string& host) {
  return Consists(host, ".-_") && host.find_first_not_of("0123456789.") != std::string::npos ? "" : "Invalid name; must be a valid hostname";
}

std::string ComplainOfTarget(const std::string& target) {
  const auto colon = target.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : ParseInt(target.substr(colon + 1));
  if (port && *port > 0 && *port < 65536 && Consists(target.substr(0, colon), ".-_[]:")) return "";
  return StrCat("Invalid target ('", target, "'); not a valid hostname or ip address");
}

// As far as parentheses go; PCRE's words.
std::string ComplainOfRegex(const std::string& regex) {
  int depth = 0;
  for (std::size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '\\') ++i;
    else if (regex[i] == '(') ++depth;
    else if (regex[i] == ')' && --depth < 0) return StrCat("invalid regex: '", regex, "' (PCRE returned: unmatched closing parenthesis)");
  }
  return depth == 0 ? "" : StrCat("invalid regex: '", regex, "' (PCRE returned: missing closing parenthesis)");
}

std::string ComplainOfPath(const std::string& path, int major) {
  const bool tilde = major >= 3 && path.starts_with('~');
  const std::string rest = tilde ? path.substr(1) : path;
  if (!rest.starts_with('/')) return major >= 3 ? "should start with: / (fixed path) or ~/ (regex path)" : "should start with: /";
  if (rest.find("//") != std::string::npos) return "must not have empty segments";
  const bool plain = Consists(rest, ".-_~/%");
  if (tilde || (major < 3 && !plain)) return ComplainOfRegex(rest);
  return plain ? "" : StrCat("invalid path: '", path, "' (characters outside of the reserved list of RFC 3986 found)");
}

std::string ComplainOfTag(const std::string& tag) {
  const bool bad = std::any_of(tag.begin(), tag.end(), [](char c) { return c == ',' || c == '/' || (c >= 0 && c < ' ') || c == 0x7f; });
  return bad ? StrCat("invalid tag '", tag, "': expected printable ascii (except `,` and `/`) or valid utf-8 sequences") : "";
}

std::string ComplainOfUuid(const std::string& id) {
  bool good = id.size() == 36;
  for (std::size_t i = 0; good && i < id.size(); ++i)
    good = i == 8 || i == 13 || i == 18 || i == 23 ? id[i] == '-' : std::string_view("0123456789abcdef").find(id[i]) != std::string_view::npos;
  return good ? "" : "expected a valid UUID";
}

std::string ComplainOfPair(const std::string& line) {
  const auto colon = line.find(':');
  return colon != std::string::npos && colon > 0 ? "" : StrCat("invalid value: ", line);
}

std::string ComplainOfMethod(const std::string& method) {
  return std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) ? "" : StrCat("invalid value: ", method);
}

Rule Record(Fields fields) {
  return [fields](const Json& value) -> std::optional<Json> {
    if (!value.is_object()) return "expected a record";
    Json errors = Json::object();
    CheckFields(fields, value, errors);
    return errors.empty() ? std::nullopt : std::optional(errors);
  };
}

Fields TransformerFields(bool request) {
  const auto record = [&](bool pairs, std::vector<std::string> names) {
    Fields fields;
    for (auto& name : names) fields.push_back({name, ListOf(Text(pairs ? ComplainOfPair : nullptr)), Json::array()});
    return Record(fields);
  };
  const std::vector<std::string> names = request ? std::vector<std::string>{"body", "headers", "querystring"} : std::vector<std::string>{"json", "headers"};
  Fields fields;
  for (const char* part : {"remove", "rename", "replace", "add", "append"})
    fields.push_back({part, record(std::string_view(part) != "remove", names), Json::object()});
  if (request) fields.push_back({"http_method", Text(ComplainOfMethod)});
  return fields;
}

const std::vector<std::string> kMethods = {"GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT"};

const std::map<std::string, Fields>& Plugins() {
  static const std::map<std::string, Fields> kPlugins = {
      {"request-termination",
       {{"status_code", Whole(100, 599), 503}, {"message", Text()}, {"content_type", Text()}, {"body", Text()}, {"echo", Bool(), false}, {"trigger", Text()}}},
      {"request-transformer", TransformerFields(true)},
      {"response-transformer", TransformerFields(false)},
      {"rate-limiting",
       {{"second", Positive()}, {"minute", Positive()}, {"hour", Positive()}, {"day", Positive()}, {"month", Positive()}, {"year", Positive()},
        {"limit_by", OneOf({"consumer", "credential", "ip", "service", "header", "path"}), "consumer"}, {"header_name", Text()}, {"path", Text()},
        {"policy", OneOf({"local", "cluster", "redis"}), "local"}, {"fault_tolerant", Bool(), true}, {"hide_client_headers", Bool(), false}}},
      {"cors",
       {{"origins", ListOf(Text())}, {"headers", ListOf(Text())}, {"exposed_headers", ListOf(Text())}, {"methods", ListOf(OneOf(kMethods)), kMethods},
        {"max_age", Positive()}, {"credentials", Bool(), false}, {"preflight_continue", Bool(), false}}},
      {"key-auth",
       {{"key_names", ListOf(Text()), Json::array({"apikey"}), true}, {"hide_credentials", Bool(), false}, {"anonymous", Text()}, {"key_in_header", Bool(), true},
        {"key_in_query", Bool(), true}, {"key_in_body", Bool(), false}, {"run_on_preflight", Bool(), true}}},
      {"basic-auth", {{"hide_credentials", Bool(), false}, {"anonymous", Text()}}},
      {"jwt",
       {{"uri_param_names", ListOf(Text()), Json::array({"jwt"})}, {"cookie_names", ListOf(Text()), Json::array()}, {"key_claim_name", Text(), "iss"},
        {"secret_is_base64", Bool(), false}, {"claims_to_verify", ListOf(OneOf({"exp", "nbf"}))}, {"anonymous", Text()}, {"run_on_preflight", Bool(), true},
        {"maximum_expiration", Whole(0, 31536000), 0}, {"header_names", ListOf(Text()), Json::array({"authorization"})}}},
      {"acl", {{"allow", ListOf(Text())}, {"deny", ListOf(Text())}, {"hide_groups_header", Bool(), false}}},
  };
  return kPlugins;
}

Field Id() { return {"id", Text(ComplainOfUuid)}; }
Field Tags() { return {"tags", ListOf(Text(ComplainOfTag))}; }

Fields FieldsOf(const std::string& kind, int major) {
  const Rule timeout = Whole(1, 2147483646);
  if (kind == "services")
    return {Id(), {"name", Text(ComplainOfName)}, {"retries", Whole(0, 32767), 5},
            {"protocol", OneOf({"http", "https", "tcp", "tls", "udp", "grpc", "grpcs"}), "http", true}, {"host", Text(ComplainOfHost), nullptr, true},
            {"port", Whole(0, 65535), 80, true}, {"path", Text()}, {"connect_timeout", timeout, 60000}, {"write_timeout", timeout, 60000},
            {"read_timeout", timeout, 60000}, {"client_certificate", Foreign()}, {"tls_verify", Bool()}, {"tls_verify_depth", Whole(0, 64)},
            {"ca_certificates", ListOf(Text())}, {"enabled", Bool(), true}, Tags()};
  if (kind == "routes")
    return {Id(), {"name", Text(ComplainOfName)}, {"protocols", ListOf(OneOf({"http", "https", "tcp", "tls", "udp", "grpc", "grpcs"})), Json::array({"http", "https"}), true},
            {"methods", ListOf(Text(ComplainOfMethod))}, {"hosts", ListOf(Text(ComplainOfHost))},
            {"paths", ListOf(Text([major](const std::string& path) { return ComplainOfPath(path, major); }))},
            {"headers", [](const Json& value) -> std::optional<Json> { return value.is_object() ? std::nullopt : std::optional<Json>("expected a map"); }},
            {"https_redirect_status_code", Whole(301, 426), 426}, {"regex_priority", Whole(-2147483648L, 2147483647L), 0}, {"strip_path", Bool(), true},
            {"path_handling", OneOf({"v0", "v1"}), "v0"}, {"preserve_host", Bool(), false}, {"request_buffering", Bool(), true},
            {"response_buffering", Bool(), true}, {"snis", ListOf(Text())}, {"sources", ListOf(nullptr)}, {"destinations", ListOf(nullptr)},
            {"service", Foreign()}, Tags()};
  if (kind == "upstreams")
    return {Id(), {"name", Text(ComplainOfHostName), nullptr, true}, {"algorithm", OneOf({"round-robin", "consistent-hashing", "least-connections"}), "round-robin"},
            {"hash_on", OneOf({"none", "consumer", "ip", "header", "cookie"}), "none"}, {"slots", Whole(10, 65536), 10000}, {"host_header", Text(ComplainOfHost)}, Tags()};
  if (kind == "targets")
    return {Id(), {"upstream", Foreign(), nullptr, true}, {"target", Text(ComplainOfTarget), nullptr, true}, {"weight", Whole(0, 65535), 100}, Tags()};
  if (kind == "plugins")
    return {Id(), {"name", Text(), nullptr, true}, {"service", Foreign()}, {"route", Foreign()}, {"consumer", Foreign()}, {"config", nullptr, Json::object()},
            {"protocols", ListOf(OneOf({"http", "https", "grpc", "grpcs"})), Json::array({"grpc", "grpcs", "http", "https"})}, {"enabled", Bool(), true}, Tags()};
  if (kind == "consumers") return {Id(), {"username", Text()}, {"custom_id", Text()}, Tags()};
  if (kind == "keyauth_credentials") return {Id(), {"consumer", Foreign(), nullptr, true}, {"key", Text(), nullptr, true}, {"ttl", Whole(0, 100000000)}, Tags()};
  if (kind == "basicauth_credentials")
    return {Id(), {"consumer", Foreign(), nullptr, true}, {"username", Text(), nullptr, true}, {"password", AnyText(), nullptr, true}, Tags()};
  if (kind == "jwt_secrets")
    return {Id(), {"consumer", Foreign(), nullptr, true}, {"key", Text(), nullptr, true}, {"secret", Text()}, {"rsa_public_key", Text()},
            {"algorithm", OneOf({"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384"}), "HS256"}, Tags()};
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
  if (name == "rate-limiting" && std::all_of(plugin->second.begin(), plugin->second.begin() + 6, [&](const auto& period) { return config[period.name].is_null(); }))
    errors["@entity"] = {"at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'"};
  if (name == "rate-limiting" && config["limit_by"] == "header" && config["header_name"].is_null()) faults["header_name"] = "required field missing";
  if (name == "acl" && config["allow"].is_null() == config["deny"].is_null()) errors["@entity"] = {"only one of these fields must be non-empty: 'config.allow', 'config.deny'"};
  if (name == "request-termination" && config["message"].is_string() && (config["content_type"].is_string() || config["body"].is_string()))
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
      {"plugins", "plugins", "/plugins", "", {{"name", "service", "route", "consumer"}},
       {{"service", "services", true}, {"route", "routes", true}, {"consumer", "consumers", true}}},
      {"consumers", "consumers", "/consumers", "username", {{"username"}, {"custom_id"}}, {}},
      {"keyauth_credentials", "key-auth", "/key-auths", "key", {{"key"}}, {{"consumer", "consumers", true}}},
      {"basicauth_credentials", "basic-auth", "/basic-auths", "username", {{"username"}}, {{"consumer", "consumers", true}}},
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
    if (entity["methods"].is_null() && entity["hosts"].is_null() && entity["paths"].is_null() && entity["headers"].is_null())
      checked.fields["@entity"] = {"must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'"};
  }
  if (kind == "jwt_secrets" && FindString(checked.entity, {"algorithm"}).starts_with("RS") && checked.entity["rsa_public_key"].is_null())
    checked.fields["rsa_public_key"] = "required field missing";
  return checked;
}

std::string PrintLua(const Json& value) {
  if (!value.is_structured()) return DumpJson(value);
  std::vector<std::string> parts;
  for (const auto& [key, member] : value.items()) parts.push_back(value.is_array() ? PrintLua(member) : StrCat(key, "=", PrintLua(member)));
  return StrCat("{", Join(parts, ","), "}");
}

Json SchemaViolation(const Json& fields) {
  std::vector<std::string> lines;
  for (const auto& [name, error] : fields.items()) {
    if (error.is_string()) lines.push_back(StrCat(name, ": ", error.get<std::string>()));
    if (!error.is_structured()) continue;
    std::size_t place = 0;
    for (const auto& [member, fault] : error.items()) {
      ++place;
      if (fault.is_null()) continue;
      const std::string said = fault.is_string() ? fault.get<std::string>() : PrintLua(fault);
      lines.push_back(name == "@entity" ? said : StrCat(name, ".", error.is_array() ? StrCat(place) : member, ": ", said));
    }
  }
  const std::string all = Join(lines, "; ");
  return {{"code", 2}, {"name", "schema violation"},
          {"message", lines.size() == 1 ? StrCat("schema violation (", all, ")") : StrCat(lines.size(), " schema violations (", all, ")")},
          {"fields", fields}};
}

Json UniqueViolation(const Json& key) {
  return {{"code", 5}, {"name", "unique constraint violation"}, {"message", StrCat("UNIQUE violation detected on '", PrintLua(key), "'")}, {"fields", key}};
}

Json ForeignViolation(const std::string& field, const Json& value, const std::string& to) {
  return {{"code", 4}, {"name", "foreign key violation"},
          {"message", StrCat("the foreign key '", PrintLua(value), "' does not reference an existing '", to, "' entity.")}, {"fields", {{field, value}}}};
}

Json RestrictedViolation(const std::string& parent, const std::string& child) {
  return {{"code", 4}, {"name", "foreign key violation"},
          {"message", StrCat("an existing '", child, "' entity references this '", parent, "' entity")}, {"fields", {{"@referenced_by", child}}}};
}

}  // namespace patchbay::driver::fake_kong
