#include "driver/gateway/kong_entities.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "base/digest.h"
#include "base/text.h"

namespace patchbay::driver {
namespace {

using Names = std::vector<std::string_view>;

struct Shape {
  const char* collection;
  const char* entity_name;
  const char* parents;  // nullptr: stands alone
  Names fields;
};

// What a hand may have changed counts too, though we never write it: "headers" of a route, "anonymous" of a plugin.
const Shape& ShapeOf(KongKind kind) {
  static const std::vector<Shape> kShapes = {
      {"upstreams", "upstreams", nullptr, {"name", "tags"}},
      {"targets", "targets", "upstreams", {"target", "weight", "tags"}},
      {"consumers", "consumers", nullptr, {"username", "tags"}},
      {"key-auth", "keyauth_credentials", "consumers", {"key", "tags"}},
      {"basic-auth", "basicauth_credentials", "consumers", {"username", "tags"}},
      {"jwt", "jwt_secrets", "consumers", {"key", "algorithm", "secret", "rsa_public_key", "tags"}},
      {"acls", "acls", "consumers", {"group", "tags"}},
      {"services",
       "services",
       nullptr,
       {"name", "protocol", "host", "port", "path", "retries", "connect_timeout", "read_timeout", "write_timeout",
        "enabled", "tags"}},
      {"plugins", "plugins", nullptr, {"name", "enabled", "service", "route", "consumer", "config", "tags"}},
      {"routes",
       "routes",
       nullptr,
       {"name", "protocols", "methods", "hosts", "paths", "headers", "snis", "regex_priority", "strip_path",
        "path_handling", "preserve_host", "request_buffering", "response_buffering", "service", "tags"}},
  };
  return kShapes[static_cast<std::size_t>(kind)];
}

const Names& ConfigFields(std::string_view plugin) {
  static const std::map<std::string_view, Names> kFields = {
      {"request-termination", {"status_code", "message", "content_type", "body"}},
      {"request-transformer", {"remove", "rename", "replace", "add", "append"}},
      {"response-transformer", {"remove", "rename", "replace", "add", "append"}},
      {"rate-limiting",
       {"second", "minute", "hour", "day", "month", "year", "limit_by", "header_name", "policy", "fault_tolerant",
        "hide_client_headers"}},
      {"cors", {"origins", "methods", "headers", "exposed_headers", "credentials", "max_age", "preflight_continue"}},
      {"key-auth",
       {"key_names", "key_in_header", "key_in_query", "key_in_body", "hide_credentials", "anonymous",
        "run_on_preflight"}},
      {"basic-auth", {"hide_credentials", "anonymous"}},
      {"jwt",
       {"key_claim_name", "claims_to_verify", "secret_is_base64", "header_names", "uri_param_names", "cookie_names",
        "anonymous", "run_on_preflight"}},
      {"acl", {"allow", "deny", "hide_groups_header"}},
  };
  static const Names kNone;
  const auto found = kFields.find(plugin);
  return found == kFields.end() ? kNone : found->second;
}

// Null, [] and {} are one to Kong's defaults: nothing. Members sorted, whole numbers whole.
Json Clean(const Json& value) {
  if (value.is_number_float() && std::floor(value.get<double>()) == value.get<double>())
    return static_cast<std::int64_t>(value.get<double>());
  if (value.is_number_unsigned()) return static_cast<std::int64_t>(value.get<std::uint64_t>());
  if (value.is_array()) {
    Json list = Json::array();
    for (const auto& entry : value) list.push_back(Clean(entry));
    return list.empty() ? Json() : list;
  }
  if (!value.is_object()) return value;
  std::map<std::string, Json> members;
  for (const auto& [key, member] : value.items())
    if (Json clean = Clean(member); !clean.is_null()) members[key] = std::move(clean);
  Json object;
  for (auto& [key, member] : members) object[key] = std::move(member);
  return object.empty() ? Json() : object;
}

Json Pick(const Json& value, const Names& names) {
  Json picked = Json::object();
  for (const auto name : names) {
    const Json* member = Find(value, {name});
    if (member == nullptr) continue;
    if (Json clean = Clean(*member); !clean.is_null()) picked[std::string(name)] = std::move(clean);
  }
  return picked;
}

std::string FormatUuid(std::string hex) {
  hex.resize(32);
  hex[12] = '8';
  hex[16] = "89ab"[static_cast<std::size_t>(hex[16]) % 4];
  return StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                hex.substr(20));
}

}  // namespace

const char* KongCollection(KongKind kind) { return ShapeOf(kind).collection; }
const char* KongEntityName(KongKind kind) { return ShapeOf(kind).entity_name; }

std::string KongChildrenPath(KongKind kind, std::string_view parent) {
  return StrCat("/", ShapeOf(kind).parents, "/", parent, "/", ShapeOf(kind).collection);
}

std::string KongPath(const KongEntity& entity) {
  if (ShapeOf(entity.kind).parents != nullptr)
    return StrCat(KongChildrenPath(entity.kind, entity.parent), "/", entity.id);
  return StrCat("/", KongCollection(entity.kind), "/", entity.id);
}

std::string MakeKongMark(std::string_view installation) {
  return StrCat("patchbay-", Sha256Hex(installation).substr(0, 8));
}

std::string RouteTag(std::string_view mark, std::string_view route) { return StrCat(mark, ".", route); }

std::string RouteOfTags(const Json& entity, std::string_view mark) {
  const Json* tags = Find(entity, {"tags"});
  if (tags == nullptr || !tags->is_array()) return "";
  for (const auto& tag : *tags) {
    if (!tag.is_string()) continue;
    const auto& text = tag.get_ref<const std::string&>();
    if (text.starts_with(mark) && text.size() > mark.size() && text[mark.size()] == '.')
      return text.substr(mark.size() + 1);
  }
  return "";
}

bool HasTag(const Json& entity, std::string_view tag) {
  const Json* tags = Find(entity, {"tags"});
  return tags != nullptr && tags->is_array() &&
         std::any_of(tags->begin(), tags->end(), [&](const Json& one) { return one.is_string() && one == tag; });
}

std::string MakeKongId(std::string_view mark, KongKind kind, std::string_view route, std::string_view detail) {
  return FormatUuid(Sha256Hex(StrCat(mark, "\n", KongEntityName(kind), "\n", route, "\n", detail)));
}

std::string PrintKongEntity(KongKind kind, const Json& entity) {
  Json picked = Pick(entity, ShapeOf(kind).fields);
  if (const Json* config = Find(entity, {"config"}); config != nullptr && kind == KongKind::kPlugin)
    picked["config"] = Clean(Pick(*config, ConfigFields(FindString(entity, {"name"}))));
  if (Json* paths = Find(picked, {"paths"}); paths != nullptr && paths->is_array())
    for (auto& path : *paths)
      if (path.is_string() && path.get_ref<const std::string&>().starts_with('~'))
        path.get_ref<std::string&>().erase(0, 1);
  if (kind == KongKind::kService && FindBool(picked, {"enabled"})) picked.erase("enabled");  // Kong's default
  // Kong writes an IPv6 address in another way than it was sent; its id tells it.
  if (kind == KongKind::kTarget && FindString(picked, {"target"}).starts_with('[')) picked.erase("target");
  if (Json* tags = Find(picked, {"tags"}); tags != nullptr && tags->is_array()) std::sort(tags->begin(), tags->end());
  return DumpJson(picked);
}

KongEntity NewKongEntity(KongKind kind, std::string id, std::string route, Json body, std::string parent) {
  KongEntity entity{kind, std::move(id), std::move(parent), std::move(route), std::move(body), ""};
  entity.text = PrintKongEntity(kind, entity.body);
  return entity;
}

std::string DigestKongEntities(std::vector<const KongEntity*> entities) {
  std::sort(entities.begin(), entities.end(), [](const auto* a, const auto* b) {
    return std::tuple(a->kind, std::string_view(a->kind == KongKind::kTarget ? a->text : a->id)) <
           std::tuple(b->kind, std::string_view(b->kind == KongKind::kTarget ? b->text : b->id));
  });
  std::string all;
  // A target is its address: one that somebody else made in our upstream may stay.
  for (const auto* entity : entities)
    all += StrCat(entity->kind == KongKind::kTarget ? "" : entity->id, " ", entity->parent, " ", entity->text, "\n");
  return Sha256Hex(all);
}

}  // namespace patchbay::driver
