// The object that benches write: 2 KB, as a plugin with some environment is.
#pragma once

#include <string>

#include "base/text.h"

namespace patchbay::bench {

inline std::string PluginBody(const std::string& name, const std::string& ns = "default") {
  std::string body = StrCat(R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"name":")", name, R"(","namespace":")", ns,
                            R"("},"spec":{"image":"registry.example/echo:1","env":[)");
  for (int i = 0; body.size() < 1990; ++i)
    body += StrCat(i == 0 ? "" : ",", R"({"name":"VAR_)", i, R"(","value":"value )", i * 7919, "\"}");
  return body + "]}}";
}

inline std::string PluginsPath(const std::string& ns) { return StrCat("/apis/patchbay.dev/v1/namespaces/", ns, "/plugins"); }

}  // namespace patchbay::bench
