#include "harness/gateway/fake_kong.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "harness/gateway/fake_kong_place.h"

namespace patchbay::driver {

using fake_kong::FindKind;
using fake_kong::Kinds;

namespace {

constexpr long kPageSize = 100;
constexpr long kMostPageSize = 1'000;

bool HasTags(const Json& entity, const std::string& filter) {
  const bool any = filter.find('/') != std::string::npos;
  const auto wanted = Split(filter, any ? '/' : ',');
  const auto has = [&](const std::string& tag) {
    return entity["tags"].is_array() &&
           std::find(entity["tags"].begin(), entity["tags"].end(), tag) != entity["tags"].end();
  };
  return any ? std::any_of(wanted.begin(), wanted.end(), has) : std::all_of(wanted.begin(), wanted.end(), has);
}

http::Answer Page(const std::vector<Json>& all, const http::Query& query, const std::string& path) {
  const auto size = query.Has("size") ? ParseInt(query.Get("size")) : std::optional(kPageSize);
  if (!size || *size < 1 || *size > kMostPageSize)
    return Say(400, {{"code", 9}, {"name", "invalid size"}, {"message", "size must be an integer between 1 and 1000"}});
  const auto offset = query.Has("offset") ? DecodeBase64(query.Get("offset")) : std::optional<std::string>("0");
  const auto begin = offset ? ParseInt(*offset) : std::nullopt;
  if (!begin)
    return Say(400,
               {{"code", 7},
                {"name", "invalid offset"},
                {"message", "'" + std::string(query.Get("offset")) + "' is not a valid offset: bad offset string"}});
  Json answer{{"data", Json::array()}, {"next", nullptr}};
  const auto end = std::min<std::size_t>(all.size(), static_cast<std::size_t>(*begin + *size));
  for (auto i = static_cast<std::size_t>(*begin); i < end; ++i) answer["data"].push_back(all[i]);
  if (end < all.size()) {
    const std::string next = EncodeBase64(StrCat(end));
    answer["offset"] = next;
    answer["next"] = StrCat(path, "?offset=", EncodeUrl(next),
                            query.Has("tags") ? StrCat("&tags=", EncodeUrl(query.Get("tags"))) : "");
  }
  return Say(200, answer);
}

}  // namespace

FakeKong::FakeKong(Options options) : options_(std::move(options)) {}

http::Answer FakeKong::Ask(const std::string& method, const std::string& target, const std::string& body,
                           const std::string& token) {
  if (!options_.token.empty() && token != options_.token)
    return Say(401, {{"message", "Invalid credentials. Token or User credentials required"}});
  const auto mark = target.find('?');
  Place place;
  place.query =
      mark == std::string::npos ? http::Query() : http::Query::Parse(target.substr(mark + 1)).value_or(http::Query());
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
    world->written_at.push_back(SystemClock().Wall());
    Watch(*world, world->writes.back());
  }
  return fails ? failed : answer;
}

http::Answer FakeKong::Root(const World& world) const {
  return Say(200, {{"version", StrCat(options_.major, ".", options_.minor, ".1")},
                   {"tagline", "Welcome to kong"},
                   {"node_id", StrCat("00000000-0000-4000-8000-00000000000", world.boots)},
                   {"pids", {{"master", 1}, {"workers", {20 + world.boots}}}},
                   {"configuration", {{"database", options_.database ? "postgres" : "off"}}},
                   {"hostname", "kong"}});
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
        if (place.steps.size() < 2 || tag == place.steps[1])
          all.push_back({{"entity_name", kind}, {"entity_id", id}, {"tag", tag}});
  return Page(all, place.query, "/" + Join(place.steps, "/"));
}

http::Answer FakeKong::Validate(const Place& place, const std::string& body) const {
  const auto given = ParseJson(body);
  if (place.steps.size() != 3 || place.steps[2] != "validate" || FindKind(place.steps[1]) == nullptr || !given.ok())
    return NotFound();
  const auto checked = fake_kong::CheckEntity(place.steps[1], *given, options_.major);
  return checked.fields.empty() ? Say(200, {{"message", "schema validation successful"}})
                                : Refuse(fake_kong::SchemaViolation(checked.fields));
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
  std::string id =
      place.steps.size() % 2 == 0 ? IdOf(world->entities[place.kind->name], *place.kind, place.steps.back()) : "";
  if (!id.empty()) {
    Json merged = world->entities[place.kind->name].at(id);
    for (const char* own : {"created_at", "updated_at"}) merged.erase(own);
    for (const auto& [name, value] : body.items()) merged[name] = value;
    given = std::move(merged);
  }
  const auto answer =
      Store(*world, place, id.empty() ? FindString(given, {"id"}, random_.Uuid()) : id, std::move(given), 200);
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

}  // namespace patchbay::driver
