// Caddy's configuration tree as its admin API changes and checks it, with its wording. Pure functions; FakeCaddy uses
// them. Header only: the gateway room's unit tests link no harness but the HTTP one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/text.h"
#include "driver/gateway/caddy_json.h"
#include "object/json.h"

namespace patchbay::driver::fake_caddy {

inline std::string Print(const Json& value) { return *PrintCanonically(DumpJson(value)); }

inline std::string EtagOf(const std::string& path, const Json& value) {
  return StrCat("\"", path, " ", Sha256Hex(Print(value)).substr(0, 8), "\"");
}

inline std::vector<std::string> Steps(const std::string& path) {
  std::vector<std::string> steps;
  for (auto& step : Split(path.substr(std::string("/config").size()), '/'))
    if (!step.empty()) steps.push_back(std::move(step));
  return steps;
}

inline Json* Step(Json* at, const std::string& step, bool create) {
  if (at->is_array()) {
    const auto index = ParseInt(step);
    return index && *index < static_cast<long>(at->size()) ? &(*at)[static_cast<std::size_t>(*index)] : nullptr;
  }
  if (at->is_null() && create) *at = Json::object();
  if (!at->is_object() || (!at->contains(step) && !create)) return nullptr;
  return &(*at)[step];
}

// The parent of the path's last step, or nullptr.
inline Json* ParentOf(Json& config, const std::vector<std::string>& steps, bool create) {
  Json* at = &config;
  for (std::size_t i = 0; at != nullptr && i + 1 < steps.size(); ++i) at = Step(at, steps[i], create);
  return at;
}

// Empty when done, Caddy's complaint otherwise.
inline std::string Apply(Json& config, const std::string& method, const std::string& path, const std::string& body) {
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

inline std::string Complaint(const Json& config, const std::map<std::string, bool>& words) {
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

}  // namespace patchbay::driver::fake_caddy
