#include "replay/differences.h"

#include <string_view>

namespace patchbay::replay {
namespace {

// '*' is any text; every other character is itself.
bool Fits(std::string_view pattern, std::string_view text) {
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  std::size_t p = 0;
  for (std::size_t t = 0; t < text.size();) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

const std::vector<Difference>& Differences() {
  static const std::vector<Difference> all = {
      // --- What newer servers do -------------------------------------------------------------------------------------
      {"* GET /openapi/v3*", "status", "200", "Newer servers have OpenAPI v3."},
      {"* GET /api*", "header Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2*;as=APIGroupDiscoveryList",
       "Newer servers answer with aggregated discovery."},
      {"* GET /version*", "body.*", "*", "We are another version of another server."},
      {"* GET /api/v1*", "body.resources[*].singularName", "*", "Newer servers name the singular of core kinds, too."},
      {"* GET *sendInitialEvents=true*", "status", "200", "Newer servers begin a watch with what is there."},
      {"*", "*.metadata.labels*", "*kubernetes.io/metadata.name*", "Newer servers label a namespace with its name."},
      {"*/namespaces/*", "*.labels.kubernetes.io/metadata.name", "*", "Newer servers label a namespace with its name."},
      {"*", "header Warning", "299 - \"unknown field *", "Newer servers warn of unknown fields."},
      {"* fieldValidation=Strict", "status", "400", "Newer servers are strict when asked to."},
      {"* fieldValidation=Nope", "status", "422", "Newer servers know the values of fieldValidation."},
      {"bad-*", "body.*", "*Too long: may not be more than *", "Newer servers say it so."},

      // --- What we say in other words ----------------------------------------------------------------------------------
      {"*", "*columnDefinitions[*].description", "*", "Descriptions are our own."},

      // --- What we do not have -----------------------------------------------------------------------------------------
      {"* GET /apis/patchbay.dev/v1*", "body.resources[*].storageVersionHash", "(absent)", "There is one storage version."},
      {"* GET /api/v1*", "body.resources[*].storageVersionHash", "(absent)", "There is one storage version."},
      {"* GET /api/v1*", "body.resources[pods*]", "(absent)", "Our containers are no pods."},
      {"* GET /api/v1*", "body.resources[serviceaccounts]", "(absent)", "We have no service accounts."},
      {"* GET /apis/patchbay.dev/v1*", "body.resources[plugins/log]", "*", "Plugins have logs."},
      {"* GET /openapi/v2*", "*", "*", "Newer clients ask for OpenAPI v3."},
  };
  return all;
}

std::optional<std::size_t> FindDifference(const Finding& finding) {
  const std::vector<Difference>& all = Differences();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (Fits(all[i].request, finding.request) && Fits(all[i].place, finding.mismatch.place) &&
        Fits(all[i].ours, finding.mismatch.ours)) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace patchbay::replay
