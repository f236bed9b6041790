// spec.imagePullSecrets: from Secrets of the namespace to those as whom a registry is asked for an image. Pure.
#pragma once

#include <string>
#include <vector>

#include "controller/desired.h"
#include "driver/runtime/runtime.h"
#include "object/json.h"

namespace patchbay::controller {

// Fills desired.logins with the entries for the registry of desired.container.image, in the order of the Secrets;
// desired.refers with the Secrets; desired.pull_problems with what is missing or cannot be read. Secrets are of type
// kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg.
void FillLogins(const Json& spec, const Lookup& lookup, Desired& desired);

// Whether the entry "https://index.docker.io/v1/", "registry:5000", "*.example.org/team" of a Docker configuration is
// meant for this image: by host (a label "*" matches any one), and by path where it has one. As the kubelet reads it.
bool IsLoginFor(const std::string& entry, const std::string& image);

}  // namespace patchbay::controller
