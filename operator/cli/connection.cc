#include "cli/connection.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

Result<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::kNotFound, StrCat("cannot read ", path)};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const Json* Named(const Json& config, std::string_view list, const std::string& name) {
  const Json* items = Find(config, {list});
  if (items == nullptr || !items->is_array()) return nullptr;
  for (const Json& item : *items)
    if (FindString(item, {"name"}) == name) return &item;
  return nullptr;
}

Result<Connection> FromKubeconfig(const std::string& path, const std::string& wanted_context) {
  PATCHBAY_TRY(const std::string text, ReadText(path));
  PATCHBAY_TRY(const auto documents, ParseYaml(text, path));
  if (documents.empty()) return Error{Code::kInvalid, StrCat(path, ": the kubeconfig is empty")};
  const Json& config = documents[0].value;
  const std::string context_name = wanted_context.empty() ? FindString(config, {"current-context"}) : wanted_context;
  const Json* context = Named(config, "contexts", context_name);
  if (context == nullptr) return Error{Code::kInvalid, StrCat(path, ": there is no context \"", context_name, "\"")};
  const std::string cluster_name = FindString(*context, {"context", "cluster"});
  const Json* cluster = Named(config, "clusters", cluster_name);
  if (cluster == nullptr) return Error{Code::kInvalid, StrCat(path, ": there is no cluster \"", cluster_name, "\"")};
  Connection connection;
  connection.source = path;
  connection.server = FindString(*cluster, {"cluster", "server"});
  connection.ca_file = FindString(*cluster, {"cluster", "certificate-authority"});
  connection.verify_tls = !FindBool(*cluster, {"cluster", "insecure-skip-tls-verify"});
  connection.ns = FindString(*context, {"context", "namespace"}, "default");
  if (const Json* user = Named(config, "users", FindString(*context, {"context", "user"})))
    connection.token = FindString(*user, {"user", "token"});
  return connection;
}

void SetServer(Connection& connection, const std::string& server, const std::string& source) {
  connection.source = source;
  if (server.starts_with("unix:")) {
    connection.unix_socket = server.substr(5);
    connection.server = "http://patchbay";
  } else {
    connection.server = server.find("://") == std::string::npos ? StrCat("http://", server) : server;
  }
  while (connection.server.ends_with('/')) connection.server.pop_back();
}

}  // namespace

std::string DefaultDataFolder(const Environment& env) {
  if (const std::string folder = env("PATCHBAY_DATA"); !folder.empty()) return folder;
  if (const std::string base = env("XDG_DATA_HOME"); !base.empty()) return base + "/patchbay";
  // Root's home is closed to the user that Postgres runs as.
  if (geteuid() == 0) return "/var/lib/patchbay";
  const std::string home = env("HOME");
  return home.empty() ? "/var/lib/patchbay" : home + "/.local/share/patchbay";
}

Result<Connection> FindConnection(const ConnectionFlags& flags, const Environment& env) {
  Connection connection;
  const std::string dev_config = DefaultDataFolder(env) + "/kubeconfig";
  if (!flags.server.empty()) {
    SetServer(connection, flags.server, "--server");
  } else if (const auto server = env("PATCHBAY_SERVER"); !server.empty()) {
    SetServer(connection, server, "PATCHBAY_SERVER");
  } else if (!flags.kubeconfig.empty()) {
    PATCHBAY_TRY(connection, FromKubeconfig(flags.kubeconfig, flags.context));
  } else if (const auto config = env("KUBECONFIG"); !config.empty()) {
    PATCHBAY_TRY(connection, FromKubeconfig(Split(config, ':')[0], flags.context));
  } else if (access(dev_config.c_str(), R_OK) == 0) {
    PATCHBAY_TRY(connection, FromKubeconfig(dev_config, flags.context));
  } else {
    SetServer(connection, "http://127.0.0.1:6444", "the default");
  }
  while (connection.server.ends_with('/')) connection.server.pop_back();
  if (!flags.token.empty()) connection.token = flags.token;
  else if (const auto token = env("PATCHBAY_TOKEN"); !token.empty()) connection.token = token;
  if (!flags.ns.empty()) connection.ns = flags.ns;
  return connection;
}

}  // namespace patchbay::cli
