#include "kubeconfig.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace patchbay {

Result<void> WriteKubeconfig(const std::string& path, const std::string& server) {
  const std::string text = StrCat(
      "apiVersion: v1\nkind: Config\ncurrent-context: patchbay\n"
      "clusters:\n- name: patchbay\n  cluster:\n    server: ", server, "\n"
      "contexts:\n- name: patchbay\n  context: {cluster: patchbay, user: patchbay, namespace: default}\n"
      "users:\n- name: patchbay\n  user: {}\n");
  const std::string fresh = path + ".new";
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (file >= 0) close(file);
  if (!written || rename(fresh.c_str(), path.c_str()) != 0)
    return Error{Code::kUnavailable, StrCat("cannot write ", path, ": ", std::strerror(errno))};
  return {};
}

}  // namespace patchbay
