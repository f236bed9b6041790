// Which server to talk to, and as whom.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cli/flags.h"

namespace patchbay::cli {

struct Connection {
  std::string server;       // "http://127.0.0.1:6444"
  std::string unix_socket;  // when the server is unix:/path
  std::string token;
  std::string ca_file;
  bool verify_tls = true;
  std::string ns = "default";
  std::string source;       // where this was found, for messages
};

using Environment = std::function<std::string(const std::string& name)>;  // "" when unset

// In order: --server, PATCHBAY_SERVER, --kubeconfig, KUBECONFIG, the kubeconfig that `patchbay dev` wrote, then
// http://127.0.0.1:6444. kInvalid names the file and what is wrong in it.
Result<Connection> FindConnection(const ConnectionFlags& flags, const Environment& env);
// Where `patchbay dev` keeps its things by default.
std::string DefaultDataFolder(const Environment& env);

}  // namespace patchbay::cli
