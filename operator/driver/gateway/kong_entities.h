// What Kong's Admin API calls entities, as we write and compare them. Pure values and functions; thread-safe.
//
// An entity of ours has two tags: the mark, and the mark with the Route's id. Its id is made from these, so that a PUT
// says the same however often it is sent. Two entities are the same when the fields that we write are the same;
// defaults that Kong fills in are not looked at.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "object/json.h"

namespace patchbay::driver {

// In the order in which they are made; unmade the other way round. A service's plugins stand before its routes, so
// that no request slips past them.
enum class KongKind { kUpstream, kTarget, kConsumer, kKeyAuth, kBasicAuth, kJwt, kAcl, kService, kPlugin, kRoute };
inline constexpr int kKongKinds = 10;

struct KongEntity {
  KongKind kind = KongKind::kUpstream;
  std::string id;      // UUID
  std::string parent;  // id of a target's upstream, of a credential's consumer; "" for all others
  std::string route;   // id of the Route it belongs to; "" for consumers and credentials, which routes share
  Json body;           // as it is sent, without "id"
  std::string text;    // PrintKongEntity(kind, body): equal texts, equal entities
};

// "services", "acls", ...: the collection's path, and the name in declarative configuration.
const char* KongCollection(KongKind kind);
// "services", "keyauth_credentials", ...: the name in /tags, and in nested declarative configuration.
const char* KongEntityName(KongKind kind);
// The collection a parent's children stand in: "/consumers/ID/key-auth". For kinds with a parent.
std::string KongChildrenPath(KongKind kind, std::string_view parent);
// Where this entity is read, replaced and deleted.
std::string KongPath(const KongEntity& entity);

// "patchbay-<8 digits of the installation>". Of one length, so that no mark begins another.
std::string MakeKongMark(std::string_view installation);
std::string RouteTag(std::string_view mark, std::string_view route);
// The Route's id of an entity's tags; "" when there is none.
std::string RouteOfTags(const Json& entity, std::string_view mark);
bool HasTag(const Json& entity, std::string_view tag);

// A name-based UUID (RFC 9562, version 8) of SHA-256.
std::string MakeKongId(std::string_view mark, KongKind kind, std::string_view route, std::string_view detail);

// The fields that we write, in one spelling, whatever Kong version printed them.
std::string PrintKongEntity(KongKind kind, const Json& entity);

KongEntity NewKongEntity(KongKind kind, std::string id, std::string route, Json body, std::string parent = "");

// What tells one set of a route's entities from another. In any order.
std::string DigestKongEntities(std::vector<const KongEntity*> entities);

}  // namespace patchbay::driver
