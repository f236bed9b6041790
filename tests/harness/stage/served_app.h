// The plugin "app" of the example image and a route to it at /app. It closes its connections the moment it gets SIGTERM:
// whatever is still under way then is lost.
#pragma once

#include <string>

#include "base/text.h"

namespace patchbay {

inline std::string ServedApp(int replicas) {
  return StrCat(R"(
apiVersion: patchbay.dev/v1
kind: Plugin
metadata: {name: app}
spec:
  image: patchbay-example:latest
  imagePullPolicy: IfNotPresent
  replicas: )", replicas, R"(
  env: [{name: VERSION, value: "0"}, {name: ON_TERM, value: close}]
  ports: [{name: http, containerPort: 8080}]
  readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
---
apiVersion: patchbay.dev/v1
kind: Route
metadata: {name: app}
spec:
  paths: [{type: Prefix, value: /app}]
  stripPath: true
  backends: [{plugin: app, port: http}]
)");
}

}  // namespace patchbay
