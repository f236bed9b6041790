// Server-side apply as clients do it.
#pragma once

#include <string>

#include "world.h"

namespace patchbay::api {

inline Reply ApplyText(World& world, const std::string& target, const std::string& body) {
  return world.Call("PATCH", target, body, {{"Content-Type", "application/apply-patch+yaml"}});
}
inline Reply ApplyAs(World& world, const std::string& manager, const std::string& path, const Json& config,
                     const std::string& more = "") {
  return ApplyText(world, path + "?fieldManager=" + manager + more, DumpJson(config));
}
inline constexpr const char* kForce = "&force=true";

// The fieldsV1 of an entry, as text; "" when there is none.
inline std::string OwnedBy(const Json& object, const std::string& manager, const std::string& operation = "Apply",
                           const std::string& subresource = "") {
  const Json* entries = Find(object, {"metadata", "managedFields"});
  if (!entries) return "";
  for (const Json& entry : *entries) {
    if (FindString(entry, {"manager"}) == manager && FindString(entry, {"operation"}) == operation &&
        FindString(entry, {"subresource"}) == subresource) {
      return DumpJson(entry["fieldsV1"]);
    }
  }
  return "";
}
inline std::size_t OwnersOf(const Json& object) {
  const Json* entries = Find(object, {"metadata", "managedFields"});
  return entries ? entries->size() : 0;
}

// The recorded Plugin.
inline Json Echo() {
  return Json::parse(R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"name":"echo","namespace":"default",
    "labels":{"app":"echo"}},"spec":{"image":"demo/echo:1","ports":[{"name":"http","containerPort":8080}],
    "env":[{"name":"GREETING","value":"hello"}]}})");
}
inline Json EchoRoute() {
  return Json::parse(R"({"apiVersion":"patchbay.dev/v1","kind":"Route","metadata":{"name":"echo"},
    "spec":{"paths":[{"value":"/echo"}],"backends":[{"plugin":"echo","port":8080}]}})");
}
inline const std::string kEcho = std::string(kPluginsPath) + "/echo";
inline const std::string kEchoRoute = std::string(kRoutesPath) + "/echo";
inline constexpr const char* kEchoFields =
    R"({"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:env":{"k:{\"name\":\"GREETING\"}":{".":{},"f:name":{},)"
    R"("f:value":{}}},"f:image":{},"f:ports":{"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},)"
    R"("f:containerPort":{},"f:name":{}}}}})";

}  // namespace patchbay::api
