#include <algorithm>

#include "harness/gateway/fake_kong_place.h"

namespace patchbay::driver {

using fake_kong::FindKind;
using fake_kong::Kinds;

namespace {

// The other entity that has this one's unique key already.
std::optional<Json> FindDouble(const std::map<std::string, Json>& entities, const Kind& kind, const Json& entity) {
  for (const auto& names : kind.unique)
    for (const auto& [id, other] : entities) {
      const bool set = names.size() > 1 || !entity[names[0]].is_null();
      if (id == entity["id"] || !set) continue;
      if (!std::all_of(names.begin(), names.end(),
                       [&](const auto& name) { return EqualJson(entity[name], other[name]); }))
        continue;
      Json key = Json::object();
      for (const auto& name : names) key[name] = entity[name];
      return key;
    }
  return std::nullopt;
}

}  // namespace

http::Answer FakeKong::Write(World& world, const std::string& method, const Place& place,
                             const std::string& body) const {
  const std::string doing = method == "DELETE" ? "delete" : method == "POST" ? "create" : "create or update";
  if (!options_.database) return Unsupported(doing, place.kind->name);
  if (method == "DELETE") return Remove(world, place);
  auto given = ParseJson(body);
  if (!given.ok() || !given->is_object()) return Say(400, {{"message", "Cannot parse JSON body"}});
  if (place.parent != nullptr) (*given)[place.kind->references[0].field] = {{"id", place.parent_key}};
  if (method == "POST" && place.key.empty()) return Insert(world, place, *std::move(given));
  if ((method != "PUT" && method != "PATCH") || place.key.empty()) return Say(405, {{"message", "Method not allowed"}});
  const auto& entities = world.entities[place.kind->name];
  std::string id = IdOf(entities, *place.kind, place.key);
  const bool of_target = place.kind->name == "targets";
  if (id.empty() && (method == "PATCH" || of_target)) return NotFound();
  if (given->contains("id") && (*given)["id"] != (id.empty() ? place.key : id))
    return Refuse(fake_kong::SchemaViolation({{"id", "value must be the one of the path"}}));
  if (method == "PATCH" || (of_target && method == "PUT")) {
    Json merged = entities.at(id);
    for (const auto& [name, value] : given->items()) merged[name] = value;
    for (const char* own : {"created_at", "updated_at"}) merged.erase(own);
    return Store(world, place, id, std::move(merged), 200);
  }
  if (id.empty() && !IsUuid(place.key)) {
    (*given)[place.kind->endpoint_key] = place.key;
    id = random_.Uuid();
  }
  return Store(world, place, id.empty() ? place.key : id, *std::move(given), 200);
}

http::Answer FakeKong::Insert(World& world, const Place& place, Json given) const {
  const auto& entities = world.entities[place.kind->name];
  std::string id = FindString(given, {"id"}, random_.Uuid());
  if (entities.contains(id))
    return Say(409, {{"code", 3},
                     {"name", "primary key violation"},
                     {"message", StrCat("primary key violation on key '{id=\"", id, "\"}'")},
                     {"fields", {{"id", id}}}});
  if (place.kind->name == "targets" && options_.major < 3)
    for (const auto& [other, target] : entities)
      if (target["target"] == given["target"] && EqualJson(target["upstream"], given["upstream"])) {
        given["id"] = other;
        return Store(world, place, other, std::move(given), 200);
      }
  return Store(world, place, id, std::move(given), 201);
}

http::Answer FakeKong::Store(World& world, const Place& place, const std::string& id, Json given, int status) const {
  given["id"] = id;
  auto checked = fake_kong::CheckEntity(place.kind->name, given, options_.major);
  if (!checked.fields.empty()) return Refuse(fake_kong::SchemaViolation(checked.fields));
  auto& entity = checked.entity;
  for (const auto& reference : place.kind->references) {
    const std::string to = FindString(entity, {reference.field, "id"});
    if (!to.empty() && !world.entities[reference.to].contains(to))
      return Refuse(fake_kong::ForeignViolation(reference.field, entity[reference.field], reference.to));
  }
  auto& entities = world.entities[place.kind->name];
  if (const auto key = FindDouble(entities, *place.kind, entity)) return Refuse(fake_kong::UniqueViolation(*key));
  entity["created_at"] = entities.contains(id) ? entities[id]["created_at"] : Json(1'700'000'000 + ++world.clock);
  if (place.kind->name == "routes" || place.kind->name == "services") entity["updated_at"] = 1'700'000'000 + ++world.clock;
  if (place.kind->name == "basicauth_credentials")
    entity["password"] = StrCat("hashed:", EncodeBase64(FindString(entity, {"password"})).size());
  entities[id] = entity;
  return Say(status, entity);
}

http::Answer FakeKong::Remove(World& world, const Place& place) const {
  auto& entities = world.entities[place.kind->name];
  if (place.key.empty()) return Say(405, {{"message", "Method not allowed"}});
  const std::string id = IdOf(entities, *place.kind, place.key);
  if (id.empty()) return place.kind->name == "targets" ? NotFound() : http::Answer{204, {}, ""};
  for (const auto& kind : Kinds())
    for (const auto& reference : kind.references)
      for (const auto& [child, entity] : world.entities[kind.name])
        if (reference.to == place.kind->name && !reference.cascades &&
            FindString(entity, {reference.field, "id"}) == id)
          return Refuse(fake_kong::RestrictedViolation(place.kind->name, kind.name));
  entities.erase(id);
  Cascade(world, place.kind->name, id);
  return {204, {}, ""};
}

void FakeKong::Cascade(World& world, const std::string& kind, const std::string& id) {
  for (const auto& child : Kinds())
    for (const auto& reference : child.references)
      if (reference.to == kind)
        std::erase_if(world.entities[child.name], [&](const auto& entry) {
          return FindString(entry.second, {reference.field, "id"}) == id;
        });
}

std::optional<Json> FakeKong::AddDeclared(World& world, const std::string& kind, const Json& list,
                                          const std::string& owner_field, const std::string& owner) const {
  static const std::map<std::string, std::vector<std::pair<std::string, std::string>>> kNested = {
      {"services", {{"plugins", "service"}, {"routes", "service"}}},
      {"upstreams", {{"targets", "upstream"}}},
      {"consumers",
       {{"keyauth_credentials", "consumer"},
        {"basicauth_credentials", "consumer"},
        {"jwt_secrets", "consumer"},
        {"acls", "consumer"}}}};
  const auto nested = kNested.find(kind);
  for (Json entity : list) {
    std::vector<std::pair<const std::pair<std::string, std::string>*, Json>> children;
    if (nested != kNested.end())
      for (const auto& child : nested->second)
        if (entity.contains(child.first)) {
          children.emplace_back(&child, entity[child.first]);
          entity.erase(child.first);
        }
    if (!owner.empty()) entity[owner_field] = {{"id", owner}};
    Place place;
    place.kind = FindKind(kind);
    const auto stored = Insert(world, place, std::move(entity));
    if (stored.status >= 300) return Json{{kind, (*ParseJson(stored.body))["fields"]}};
    const std::string id = FindString(*ParseJson(stored.body), {"id"});
    for (const auto& [child, some] : children)
      if (auto fields = AddDeclared(world, child->first, some, child->second, id)) return Json{{kind, *fields}};
  }
  return std::nullopt;
}

http::Answer FakeKong::Configure(World& world, const std::string& body) const {
  if (options_.database)
    return Say(400, {{"message", "this endpoint is only available when Kong is configured to not use a database"}});
  const auto given = ParseJson(body);
  if (!given.ok()) return Say(400, {{"message", "expected a declarative configuration"}});
  const auto refuse = [](const Json& fields) {
    return Say(400, {{"code", 14},
                     {"name", "invalid declarative configuration"},
                     {"message", StrCat("declarative config is invalid: ", fake_kong::PrintLua(fields))},
                     {"fields", fields}});
  };
  const std::string format = FindString(*given, {"_format_version"});
  if (format != (options_.major >= 3 ? "3.0" : "1.1"))
    return refuse({{"_format_version", "expected one of: 1.1, 2.1, 3.0"}});
  World fresh;
  for (const auto& [name, list] : given->items()) {
    if (name.starts_with('_')) continue;
    if (FindKind(name) == nullptr || !list.is_array()) return refuse({{name, "unknown field"}});
    if (const auto fields = AddDeclared(fresh, name, list, "", "")) return refuse(*fields);
  }
  world.entities = std::move(fresh.entities);
  return Say(201, Json::object());
}

void FakeKong::Watch(World& world, const std::string& what) {
  const auto& services = world.entities["services"];
  for (const auto& [id, route] : world.entities["routes"]) {
    const std::string service = FindString(route, {"service", "id"});
    if (service.empty()) continue;
    std::vector<std::string> plugins;
    for (const auto& [plugin_id, plugin] : world.entities["plugins"])
      if (plugin["enabled"] == true && FindString(plugin, {"service", "id"}) == service)
        plugins.push_back(FindString(plugin, {"name"}));
    const auto has = [&](const std::string& name) {
      return std::find(plugins.begin(), plugins.end(), name) != plugins.end();
    };
    for (const char* guard : {"key-auth", "basic-auth", "jwt", "acl"})
      if (!has(guard)) world.unguarded[guard].push_back(what);
    const std::string host = FindString(services.at(service), {"host"});
    std::string upstream;
    for (const auto& [upstream_id, one] : world.entities["upstreams"])
      if (one["name"] == host) upstream = upstream_id;
    const auto& targets = world.entities["targets"];
    const bool fed = std::any_of(targets.begin(), targets.end(), [&](const auto& target) {
      return FindString(target.second, {"upstream", "id"}) == upstream && FindInt(target.second, {"weight"}) > 0;
    });
    if (upstream.empty() ? host.starts_with("patchbay-") : !fed && !has("request-termination"))
      world.starved.push_back(StrCat("after ", what, ": route ", FindString(route, {"name"})));
  }
}

}  // namespace patchbay::driver
