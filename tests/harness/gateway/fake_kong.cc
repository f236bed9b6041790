#include "harness/gateway/fake_kong.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "base/text.h"
#include "harness/gateway/fake_kong_schema.h"

namespace patchbay::driver {

using fake_kong::FindKind;
using fake_kong::Kind;
using fake_kong::Kinds;

// What a path means: "/upstreams/KEY/targets/KEY?tags=a".
struct FakeKong::Place {
  std::vector<std::string> steps;
  http::Query query;
  const Kind* kind = nullptr;
  std::string key;
  const Kind* parent = nullptr;
  std::string parent_key;
};

namespace {

constexpr long kPageSize = 100;
constexpr long kMostPageSize = 1'000;

http::Answer Say(int status, const Json& body) { return {status, {}, DumpJson(body)}; }
http::Answer NotFound() { return Say(404, {{"message", "Not found"}}); }
http::Answer Refuse(const Json& violation) { return Say(violation["code"] == 5 ? 409 : 400, violation); }
http::Answer Unsupported(const std::string& doing, const std::string& kind) {
  return Say(405, {{"code", 12}, {"name", "operation unsupported"},
                   {"message", StrCat("cannot ", doing, " '", kind, "' entities when not using a database")}});
}

bool IsUuid(const std::string& key) { return key.size() == 36 && key[8] == '-' && key[23] == '-'; }

const Kind* KindAt(const std::string& collection, bool nested) {
  for (const auto& kind : Kinds())
    if (kind.collection == collection && (nested || kind.everywhere == "/" + collection)) return &kind;
  return nullptr;
}

// The id of that name or id; "" when there is none.
std::string IdOf(const std::map<std::string, Json>& entities, const Kind& kind, const std::string& key) {
  if (entities.contains(key)) return key;
  if (IsUuid(key)) return "";
  for (const auto& [id, entity] : entities)
    if (!kind.endpoint_key.empty() && entity[kind.endpoint_key] == key) return id;
  return "";
}

bool HasTags(const Json& entity, const std::string& filter) {
  const bool any = filter.find('/') != std::string::npos;
  const auto wanted = Split(filter, any ? '/' : ',');
  const auto has = [&](const std::string& tag) {
    return entity["tags"].is_array() && std::find(entity["tags"].begin(), entity["tags"].end(), tag) != entity["tags"].end();
  };
  return any ? std::any_of(wanted.begin(), wanted.end(), has) : std::all_of(wanted.begin(), wanted.end(), has);
}

http::Answer Page(const std::vector<Json>& all, const http::Query& query, const std::string& path) {
  const auto size = query.Has("size") ? ParseInt(query.Get("size")) : std::optional(kPageSize);
  if (!size || *size < 1 || *size > kMostPageSize)
    return Say(400, {{"code", 9}, {"name", "invalid size"}, {"message", "size must be an integer between 1 and 1000"}});
  const auto offset = query.Has("offset") ? DecodeBase64(query.Get("offset")) : std::optional<std::string>("0");
  const auto begin = offset ? ParseInt(*offset) : std::nullopt;
  if (!begin) return Say(400, {{"code", 7}, {"name", "invalid offset"}, {"message", "'" + std::string(query.Get("offset")) + "' is not a valid offset: bad offset string"}});
  Json answer{{"data", Json::array()}, {"next", nullptr}};
  const auto end = std::min<std::size_t>(all.size(), static_cast<std::size_t>(*begin + *size));
  for (auto i = static_cast<std::size_t>(*begin); i < end; ++i) answer["data"].push_back(all[i]);
  if (end < all.size()) {
    const std::string next = EncodeBase64(StrCat(end));
    answer["offset"] = next;
    answer["next"] = StrCat(path, "?offset=", EncodeUrl(next), query.Has("tags") ? StrCat("&tags=", EncodeUrl(query.Get("tags"))) : "");
  }
  return Say(200, answer);
}

// The other entity that has this one's unique key already.
std::optional<Json> FindDouble(const std::map<std::string, Json>& entities, const Kind& kind, const Json& entity) {
  for (const auto& names : kind.unique)
    for (const auto& [id, other] : entities) {
      const bool set = names.size() > 1 || !entity[names[0]].is_null();
      if (id == entity["id"] || !set) continue;
      if (!std::all_of(names.begin(), names.end(), [&](const auto& name) { return EqualJson(entity[name], other[name]); })) continue;
      Json key = Json::object();
      for (const auto& name : names) key[name] = entity[name];
      return key;
    }
  return std::nullopt;
}

}  // namespace

FakeKong::FakeKong(Options options) : options_(std::move(options)) {}

http::Answer FakeKong::Ask(const std::string& method, const std::string& target, const std::string& body, const std::string& token) {
  if (!options_.token.empty() && token != options_.token) return Say(401, {{"message", "Invalid credentials. Token or User credentials required"}});
  const auto mark = target.find('?');
  Place place;
  place.query = mark == std::string::npos ? http::Query() : http::Query::Parse(target.substr(mark + 1)).value_or(http::Query());
  for (const auto& step : Split(target.substr(0, mark), '/'))
    if (!step.empty()) place.steps.push_back(DecodeUrl(step).value_or(step));
  auto world = world_.Lock();
  ++world->requests;
  const auto& steps = place.steps;
  if (steps.empty() || steps[0] == "status") return Root(*world);
  if (steps[0] == "tags") return Tagged(*world, place);
  if (steps[0] == "schemas") return Validate(place, body);
  if (steps[0] == "config" && method != "POST") return Say(405, {{"message", "Method not allowed"}});
  if (steps[0] != "config") {
    const bool nested = steps.size() > 2;
    if (nested) place.parent = KindAt(steps[0], false);
    place.kind = KindAt(steps[nested ? 2 : 0], nested);
    // "/key-auths" and the like list all.
    for (const auto& kind : Kinds())
      if (!nested && kind.everywhere == "/" + steps[0]) place.kind = &kind;
    if (place.kind == nullptr || (nested && place.parent == nullptr) || steps.size() > 4) return NotFound();
    if (nested) {
      place.parent_key = IdOf(world->entities[place.parent->name], *place.parent, steps[1]);
      if (place.parent_key.empty()) return NotFound();
    }
    place.key = steps.size() % 2 == 0 ? steps.back() : "";
    if (method == "GET") return List(*world, place);
  }
  const bool fails = world->failure && --world->failure->first == 0;
  const bool after = fails && world->failure->second;
  if (fails) world->failure.reset();
  const auto failed = Say(500, {{"message", "An unexpected error occurred"}});
  if (fails && !after) return failed;
  auto answer = steps[0] == "config" ? Configure(*world, body) : Write(*world, method, place, body);
  if (answer.status < 300) {
    world->writes.push_back(StrCat(method, " ", target));
    Watch(*world, world->writes.back());
  }
  return fails ? failed : answer;
}

http::Answer FakeKong::Root(const World& world) const {
  return Say(200, {{"version", StrCat(options_.major, ".", options_.minor, ".1")}, {"tagline", "Welcome to kong"},
                   {"node_id", StrCat("00000000-0000-4000-8000-00000000000", world.boots)}, {"pids", {{"master", 1}, {"workers", {20 + world.boots}}}},
                   {"configuration", {{"database", options_.database ? "postgres" : "off"}}}, {"hostname", "kong"}});
}

http::Answer FakeKong::List(const World& world, const Place& place) const {
  static const std::map<std::string, Json> kNone;
  const auto found = world.entities.find(place.kind->name);
  const auto& entities = found == world.entities.end() ? kNone : found->second;
  const auto belongs = [&](const Json& entity) {
    return place.parent == nullptr || FindString(entity, {place.kind->references[0].field, "id"}) == place.parent_key;
  };
  if (!place.key.empty()) {
    const std::string id = IdOf(entities, *place.kind, place.key);
    return id.empty() || !belongs(entities.at(id)) ? NotFound() : Say(200, entities.at(id));
  }
  const std::string tags(place.query.Get("tags"));
  std::vector<Json> all;
  for (const auto& [id, entity] : entities)
    if (belongs(entity) && (tags.empty() || HasTags(entity, tags))) all.push_back(entity);
  return Page(all, place.query, "/" + Join(place.steps, "/"));
}

http::Answer FakeKong::Tagged(const World& world, const Place& place) const {
  std::vector<Json> all;
  for (const auto& [kind, entities] : world.entities)
    for (const auto& [id, entity] : entities)
      for (const auto& tag : entity["tags"].is_array() ? entity["tags"] : Json::array())
        if (place.steps.size() < 2 || tag == place.steps[1]) all.push_back({{"entity_name", kind}, {"entity_id", id}, {"tag", tag}});
  return Page(all, place.query, "/" + Join(place.steps, "/"));
}

http::Answer FakeKong::Write(World& world, const std::string& method, const Place& place, const std::string& body) const {
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
  if (given->contains("id") && (*given)["id"] != (id.empty() ? place.key : id)) return Refuse(fake_kong::SchemaViolation({{"id", "value must be the one of the path"}}));
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
  if (entities.contains(id)) return Say(409, {{"code", 3}, {"name", "primary key violation"}, {"message", StrCat("primary key violation on key '{id=\"", id, "\"}'")}, {"fields", {{"id", id}}}});
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
  if (place.kind->name == "basicauth_credentials") entity["password"] = StrCat("hashed:", EncodeBase64(FindString(entity, {"password"})).size());
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
        if (reference.to == place.kind->name && !reference.cascades && FindString(entity, {reference.field, "id"}) == id)
          return Refuse(fake_kong::RestrictedViolation(place.kind->name, kind.name));
  entities.erase(id);
  Cascade(world, place.kind->name, id);
  return {204, {}, ""};
}

void FakeKong::Cascade(World& world, const std::string& kind, const std::string& id) {
  for (const auto& child : Kinds())
    for (const auto& reference : child.references)
      if (reference.to == kind) std::erase_if(world.entities[child.name], [&](const auto& entry) { return FindString(entry.second, {reference.field, "id"}) == id; });
}

http::Answer FakeKong::Validate(const Place& place, const std::string& body) const {
  const auto given = ParseJson(body);
  if (place.steps.size() != 3 || place.steps[2] != "validate" || FindKind(place.steps[1]) == nullptr || !given.ok()) return NotFound();
  const auto checked = fake_kong::CheckEntity(place.steps[1], *given, options_.major);
  return checked.fields.empty() ? Say(200, {{"message", "schema validation successful"}}) : Refuse(fake_kong::SchemaViolation(checked.fields));
}

std::optional<Json> FakeKong::AddDeclared(World& world, const std::string& kind, const Json& list, const std::string& owner_field, const std::string& owner) const {
  static const std::map<std::string, std::vector<std::pair<std::string, std::string>>> kNested = {
      {"services", {{"plugins", "service"}, {"routes", "service"}}},
      {"upstreams", {{"targets", "upstream"}}},
      {"consumers", {{"keyauth_credentials", "consumer"}, {"basicauth_credentials", "consumer"}, {"jwt_secrets", "consumer"}, {"acls", "consumer"}}}};
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
  if (options_.database) return Say(400, {{"message", "this endpoint is only available when Kong is configured to not use a database"}});
  const auto given = ParseJson(body);
  if (!given.ok()) return Say(400, {{"message", "expected a declarative configuration"}});
  const auto refuse = [](const Json& fields) {
    return Say(400, {{"code", 14}, {"name", "invalid declarative configuration"}, {"message", StrCat("declarative config is invalid: ", fake_kong::PrintLua(fields))}, {"fields", fields}});
  };
  const std::string format = FindString(*given, {"_format_version"});
  if (format != (options_.major >= 3 ? "3.0" : "1.1")) return refuse({{"_format_version", "expected one of: 1.1, 2.1, 3.0"}});
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
      if (plugin["enabled"] == true && FindString(plugin, {"service", "id"}) == service) plugins.push_back(FindString(plugin, {"name"}));
    const auto has = [&](const std::string& name) { return std::find(plugins.begin(), plugins.end(), name) != plugins.end(); };
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

std::vector<std::string> FakeKong::unguarded(const std::string& plugin) const {
  auto world = world_.Lock();
  return world->unguarded[plugin];
}

void FakeKong::Restart() {
  auto world = world_.Lock();
  ++world->boots;
  if (!options_.database) world->entities.clear();
}

void FakeKong::LoseEverything() { world_.Lock()->entities.clear(); }
void FakeKong::FailWrite(int n, bool after_effect) { world_.Lock()->failure = {n, after_effect}; }

Json FakeKong::Put(const std::string& path, const Json& body) {
  auto world = world_.Lock();
  Place place;
  for (const auto& step : Split(path, '/'))
    if (!step.empty()) place.steps.push_back(step);
  const bool nested = place.steps.size() > 2;
  if (nested) place.parent = KindAt(place.steps[0], false);
  if (nested) place.parent_key = IdOf(world->entities[place.parent->name], *place.parent, place.steps[1]);
  place.kind = KindAt(place.steps[nested ? 2 : 0], nested);
  Json given = body;
  if (nested) given[place.kind->references[0].field] = {{"id", place.parent_key}};
  std::string id = place.steps.size() % 2 == 0 ? IdOf(world->entities[place.kind->name], *place.kind, place.steps.back()) : "";
  if (!id.empty()) {
    Json merged = world->entities[place.kind->name].at(id);
    merged.erase("created_at");
    for (const auto& [name, value] : body.items()) merged[name] = value;
    given = std::move(merged);
  }
  const auto answer = Store(*world, place, id.empty() ? FindString(given, {"id"}, random_.Uuid()) : id, std::move(given), 200);
  EXPECT_LT(answer.status, 300) << answer.body;
  return *ParseJson(answer.body);
}

void FakeKong::Delete(const std::string& path) {
  auto world = world_.Lock();
  const auto steps = Split(path.substr(1), '/');
  const Kind* kind = KindAt(steps[steps.size() - 2], true);
  EXPECT_EQ(world->entities[kind->name].erase(steps.back()), 1U) << path;
  Cascade(*world, kind->name, steps.back());
}

std::vector<Json> FakeKong::All(const std::string& kind) const {
  auto world = world_.Lock();
  std::vector<Json> all;
  for (const auto& [id, entity] : world->entities[kind]) all.push_back(entity);
  return all;
}

Json FakeKong::WithoutTag(const std::string& tag) const {
  auto world = world_.Lock();
  Json rest = Json::object();
  for (const auto& [kind, entities] : world->entities)
    for (const auto& [id, entity] : entities)
      if (!HasTags(entity, tag)) rest[kind].push_back(entity);
  return rest;
}

void FakeKongServer::Start() {
  http::ServerOptions options;
  options.listen = {address_.empty() ? "127.0.0.1:0" : address_.substr(7)};
  options.body_limit = 64 * 1024 * 1024;
  auto server = http::Server::Start(std::move(options), [this](std::shared_ptr<http::Exchange> exchange) {
    const auto& request = exchange->request();
    const auto answer = kong_.Ask(request.method, request.target, request.body, std::string(request.headers.Get("Kong-Admin-Token")));
    exchange->Reply(http::Response::Text(answer.status, answer.body, "application/json; charset=utf-8"));
  });
  if (!server.ok()) throw std::runtime_error(server.error().message);
  server_ = *std::move(server);
  address_ = "http://" + server_->addresses().front();
}

Result<http::Answer> FakeKongClient::Send(const http::Call& call) {
  const bool writing = call.method != "GET";
  if (left_ == 0) return Error{Code::kUnavailable, "cut off"};
  if (writing && left_ > 0) --left_;
  const auto answer = kong_.Ask(call.method, call.url.substr(call.url.find('/', 8)), call.body, std::string(call.headers.Get("Kong-Admin-Token")));
  if (writing && left_ == 0 && doubtful_) return Error{Code::kInDoubt, "the answer was lost"};
  return answer;
}

Result<std::unique_ptr<http::Subscription>> FakeKongClient::Open(const http::Call&, StreamEvents) {
  return Error{Code::kUnsupported, "the fake Kong has no streams"};
}

}  // namespace patchbay::driver
