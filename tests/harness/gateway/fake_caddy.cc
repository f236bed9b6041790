#include "harness/gateway/fake_caddy.h"

#include <utility>

#include "base/digest.h"
#include "base/text.h"
#include "driver/gateway/caddy_json.h"

namespace patchbay::driver {
namespace {

http::Answer Say(int status, const std::string& error) {
  http::Answer answer;
  answer.status = status;
  if (!error.empty()) answer.body = StrCat("{\"error\":", QuoteJson(error), "}\n");
  return answer;
}

std::string Print(const Json& value) { return *PrintCanonically(DumpJson(value)); }

std::string EtagOf(const std::string& path, const Json& value) {
  return StrCat("\"", path, " ", Sha256Hex(Print(value)).substr(0, 8), "\"");
}

std::vector<std::string> Steps(const std::string& path) {
  std::vector<std::string> steps;
  for (auto& step : Split(path.substr(std::string("/config").size()), '/'))
    if (!step.empty()) steps.push_back(std::move(step));
  return steps;
}

Json* Step(Json* at, const std::string& step, bool create) {
  if (at->is_array()) {
    const auto index = ParseInt(step);
    return index && *index < static_cast<long>(at->size()) ? &(*at)[static_cast<std::size_t>(*index)] : nullptr;
  }
  if (at->is_null() && create) *at = Json::object();
  if (!at->is_object() || (!at->contains(step) && !create)) return nullptr;
  return &(*at)[step];
}

// The parent of the path's last step, or nullptr.
Json* ParentOf(Json& config, const std::vector<std::string>& steps, bool create) {
  Json* at = &config;
  for (std::size_t i = 0; at != nullptr && i + 1 < steps.size(); ++i) at = Step(at, steps[i], create);
  return at;
}

// Empty when done, Caddy's complaint otherwise.
std::string Apply(Json& config, const std::string& method, const std::string& path, const std::string& body) {
  const auto steps = Steps(path);
  Json* parent = ParentOf(config, steps, method == "PUT");
  if (steps.empty() || parent == nullptr) return StrCat("invalid traversal path at: ", path.substr(1));
  const Json value = body.empty() ? Json() : *ParseJson(body);
  const std::string& last = steps.back();
  if (parent->is_array()) {
    const auto index = static_cast<std::size_t>(*ParseInt(last));
    if (index >= parent->size()) return StrCat("[", path, "] array index out of bounds: ", last);
    const auto place = parent->begin() + static_cast<long>(index);
    if (method == "PUT") parent->insert(place, value);
    if (method == "PATCH") *place = value;
    if (method == "DELETE") parent->erase(place);
    return "";
  }
  Json* there = Step(parent, last, false);
  if (method == "PUT" && there != nullptr) return StrCat("[", path, "] key already exists: ", last);
  if ((method == "PATCH" || method == "DELETE") && there == nullptr)
    return StrCat("[", path, "] key does not exist: ", last);
  if (method == "DELETE") {
    parent->erase(last);
  } else if (method == "POST" && there != nullptr && there->is_array() && !value.is_array()) {
    there->push_back(value);
  } else {
    *Step(parent, last, true) = value;
  }
  return "";
}

std::string Complaint(const Json& config, const std::map<std::string, bool>& words) {
  const Json* servers = Find(config, {"apps", "http", "servers"});
  if (servers == nullptr) return "";
  for (const auto& [name, server] : servers->items()) {
    const Json* routes = Find(server, {"routes"});
    for (std::size_t i = 0; routes != nullptr && i < routes->size(); ++i)
      for (const auto& [word, name_place] : words) {
        if (DumpJson((*routes)[i]).find(word) == std::string::npos) continue;
        const std::string begin = "loading new config: loading http app module: ";
        if (!name_place) return StrCat(begin, "decoding module config: no place for ", word);
        return StrCat(begin, "provision http: server ", name, ": setting up route matchers: route ", i,
                      ": no place for ", word);
      }
  }
  return "";
}

}  // namespace

Result<http::Answer> FakeCaddy::Send(const http::Call& call) {
  const std::string path = call.url.substr(call.url.find('/', std::string("http://").size()));
  if (call.method == "GET") return Get(*world_.Lock(), path);
  if (const auto other = std::exchange(world_.Lock()->before_change, nullptr)) other();
  auto world = world_.Lock();
  ++world->attempts;
  world->log.push_back(StrCat(call.method, " ", path, " ", call.body.size()));
  const auto failure = std::exchange(world->failure, std::nullopt);
  if (failure && !failure->second) return failure->first;
  auto answer = Change(*world, call, path);
  if (failure) return failure->first;
  return answer;
}

Result<std::unique_ptr<http::Subscription>> FakeCaddy::Open(const http::Call&, StreamEvents) {
  return Error{Code::kUnsupported, "the fake Caddy has no streams"};
}

void FakeCaddy::RefuseWord(const std::string& word, bool name_place) {
  world_.Lock()->refused_words[word] = name_place;
}

void FakeCaddy::FailNextChange(Error error, bool after_effect) {
  world_.Lock()->failure = {std::move(error), after_effect};
}

http::Answer FakeCaddy::Get(const World& world, const std::string& path) {
  Json value = world.config;
  if (path == "/reverse_proxy/upstreams") {
    value = Json::array();
    for (const auto& [address, requests] : world.in_flight)
      value.push_back({{"address", address}, {"num_requests", requests}, {"fails", 0}});
  } else if (const auto steps = Steps(path); !steps.empty()) {
    Json* parent = ParentOf(value, steps, false);
    if (parent == nullptr || !parent->is_structured())
      return Say(400, StrCat("invalid traversal path at: ", path.substr(1)));
    const Json* found = Step(parent, steps.back(), false);
    value = found == nullptr ? Json() : Json(*found);
  }
  http::Answer answer;
  answer.status = 200;
  answer.body = Print(value) + "\n";
  answer.headers.Add("Etag", EtagOf(path, value));
  return answer;
}

http::Answer FakeCaddy::Change(World& world, const http::Call& call, const std::string& path) {
  if (const std::string match(call.headers.Get("If-Match")); !match.empty()) {
    const std::string matched_path = match.substr(1, match.find(' ') - 1);
    if (Get(world, matched_path).headers.Get("Etag") != match)
      return Say(412, "If-Match header did not match current config hash");
  }
  Json changed = world.config;
  if (const auto error = Apply(changed, call.method, path, call.body); !error.empty()) return Say(500, error);
  if (changed == world.config) return Say(200, "");
  if (const auto error = Complaint(changed, world.refused_words); !error.empty()) return Say(500, error);
  world.config = std::move(changed);
  ++world.reloads;
  return Say(200, "");
}

}  // namespace patchbay::driver
