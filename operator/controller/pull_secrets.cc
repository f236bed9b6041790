#include "controller/pull_secrets.h"

#include <algorithm>

#include "base/text.h"
#include "driver/runtime/image_reference.h"

namespace patchbay::controller {
namespace {

bool HostMatches(const std::string& pattern, const std::string& host) {
  const auto wanted = Split(pattern, '.');
  const auto labels = Split(host, '.');
  return wanted.size() == labels.size() &&
         std::equal(wanted.begin(), wanted.end(), labels.begin(),
                    [](const std::string& want, const std::string& label) { return want == "*" || want == label; });
}

// "user:password", in base64 with or without its padding.
void ReadAuth(std::string auth, driver::RegistryLogin& login) {
  auth.append((4 - auth.size() % 4) % 4, '=');
  const auto plain = DecodeBase64(auth);
  const auto colon = plain ? plain->find(':') : std::string::npos;
  if (colon == std::string::npos) return;
  login.username = plain->substr(0, colon);
  login.password = plain->substr(colon + 1);
  while (login.password.ends_with('\0')) login.password.pop_back();
}

driver::RegistryLogin ReadLogin(const std::string& server, const Json& entry) {
  driver::RegistryLogin login{server, FindString(entry, {"username"}), FindString(entry, {"password"}),
                              FindString(entry, {"identitytoken"}), FindString(entry, {"registrytoken"})};
  if (const std::string auth = FindString(entry, {"auth"}); !auth.empty()) ReadAuth(auth, login);
  return login;
}

// The entries of a Secret; nothing when it is no Docker configuration.
const Json* FindEntries(const Json& config, bool old_form) {
  const Json* entries = old_form ? &config : Find(config, {"auths"});
  return entries != nullptr && entries->is_object() ? entries : nullptr;
}

}  // namespace

bool IsLoginFor(const std::string& entry, const std::string& image) {
  const auto reference = driver::ParseImageReference(image);
  if (!reference.ok()) return false;
  std::string_view rest = entry;
  for (const std::string_view scheme : {"https://", "http://"})
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const auto slash = rest.find('/');
  std::string host(rest.substr(0, slash));
  std::string path(slash == std::string_view::npos ? "" : rest.substr(slash + 1));
  if (host == "index.docker.io" || host == "registry-1.docker.io") host = "docker.io";
  if (path == "v1" || path == "v2") path.clear();
  if (!HostMatches(host, reference->domain)) return false;
  return path.empty() || reference->path == path || reference->path.starts_with(path + "/");
}

void FillLogins(const Json& spec, const Lookup& lookup, Desired& desired) {
  const Json* secrets = Find(spec, {"imagePullSecrets"});
  if (secrets == nullptr || !secrets->is_array()) return;
  for (std::size_t i = 0; i < secrets->size(); ++i) {
    const Key key{std::string(kSecrets), desired.key.ns, FindString((*secrets)[i], {"name"})};
    desired.refers.insert(key);
    const auto complain = [&](const char* reason, const char* what) {
      desired.pull_problems.push_back({StrCat("spec.imagePullSecrets[", i, "]"), reason, StrCat("Secret \"", key.name, "\" ", what)});
    };
    auto text = lookup(key, ".dockerconfigjson");
    const bool old_form = !text.has_value();
    if (old_form) text = lookup(key, ".dockercfg");
    if (!text) {
      complain("FieldValueNotFound", "does not exist, or has neither .dockerconfigjson nor .dockercfg");
      continue;
    }
    const auto config = ParseJson(*text);
    const Json* entries = config.ok() ? FindEntries(*config, old_form) : nullptr;
    if (entries == nullptr) {  // never with the words of the parser: they may quote what is secret
      complain("FieldValueInvalid", "holds no Docker configuration");
      continue;
    }
    for (const auto& [server, entry] : entries->items()) {
      if (!IsLoginFor(server, desired.container.image)) continue;
      if (auto login = ReadLogin(server, entry); !login.empty()) desired.logins.push_back(std::move(login));
    }
  }
}

}  // namespace patchbay::controller
