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

constexpr const char* kNewer = "Newer servers do so.";
constexpr const char* kQuirk = "The recording itself calls it an accident of its version.";
constexpr const char* kApart = "Newer servers keep apart what a manager writes through a subresource.";
constexpr const char* kFolded = "We apply stringData as the data that it becomes, so a second apply changes nothing.";
constexpr const char* kGoWords = "The recorded text is how Go's libraries say it; ours says what is wrong.";
constexpr const char* kOnce = "A wrong type is told once, not again by whoever reads the replicas.";
constexpr const char* kCoreDefaults = "We store a core object as it was sent, without Go's empty fields.";
constexpr const char* kNoPods = "Our Pods show containers: nobody writes one, and there are no nodes.";
constexpr const char* kOther = "We are another server.";

constexpr Difference kDifferences[] = {
    // What newer servers do. ---------------------------------------------------------------------------------------
    {"* GET /openapi/v3*", "status", "200", "Newer servers have OpenAPI v3."},
    {"* GET /openapi/v2*", "*", "*", "Newer clients ask for OpenAPI v3; ours is smaller."},
    {"* GET /api*", "header Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2*;as=APIGroupDiscoveryList",
     "Newer servers answer with aggregated discovery."},
    {"discovery #30 *", "status", "200", "Newer servers answer with aggregated discovery."},
    {"discovery #32 *", "status", "200", "Newer servers answer with aggregated discovery."},
    {"* GET /api/v1*", "body.resources[*].singularName", "*", "Newer servers name the singular of core kinds, too."},
    {"* GET *sendInitialEvents=true*", "status", "200", "Newer servers begin a watch with what is there."},
    {"*", "*.metadata.labels", "*kubernetes.io/metadata.name*", "Newer servers label a namespace with its name."},
    {"*", "*.metadata.labels.kubernetes.io/metadata.name", "*", "Newer servers label a namespace with its name."},
    {"*", "header Warning", "299 - \"unknown field *", "Newer servers warn of unknown fields."},
    {"bad-field-validation #*=Strict", "status", "400", "Newer servers are strict when asked to."},
    {"bad-field-validation #*=Nope", "status", "422", "Newer servers know the values of fieldValidation."},
    {"bad-*", "body.*message", "*Too long: may not be more than *", kNewer},
    {"bad-*", "body.*message", "*spec.env[*", "Newer servers tell the place in a list."},
    {"bad-schema *", "body.*message", "*spec.ports[*", "Newer servers tell the place in a list."},
    {"bad-schema *", "body.*message", "*spec.paths[*", "Newer servers tell the place in a list."},
    {"bad-schema *", "body.*message", "*spec.backends[*", "Newer servers tell the place in a list."},
    {"bad-schema #10 *", "body.*message", "*Duplicate value: {\"name\":\"A\"}", "Newer servers print JSON."},
    {"bad-schema *", "body.*message", "*status.conditions[*", "Newer servers tell the place in a list."},
    {"bad-schema *", "body.*field", "s*[*].*", "Newer servers tell the place in a list."},
    {"bad-schema *", "body.*field", "s*[*]", "Newer servers tell the place in a list."},
    {"*", "body.details.causes[*].reason", "FieldValueTypeInvalid",
     "Newer servers tell a wrong type from a wrong value."},
    {"bad-schema #6 *", "body.*", "*", "Newer servers give an empty text one cause."},
    {"bad-expired #16 *", "status", "504", kQuirk},

    {"*", "*managedFields[* Update *]", "*", kApart},
    {"*", "*.managedFields[* Update ].fieldsV1.f:status", "(absent)", kApart},
    {"*", "*.managedFields[* Update ].fieldsV1.f:spec.f:replicas", "(absent)", kApart},
    {"bad-version-conflict #2*", "*.fieldsV1.f:metadata", "(absent)", "Nobody owns what only the server can set."},
    {"delete-finalizer *", "*.fieldsV1.f:metadata", "(absent)", "Our own finalizer is nobody's, whoever wrote it."},
    {"label-annotate *", "*.f:metadata.f:labels..", "(absent)", "Newer servers label a namespace with its name."},
    {"bad-field-validation #33 *", "*.f:spec.f:config.f:any.*", "*", "Newer servers look into free-form objects."},
    {"* /api/v1/namespaces/*/events*", "*.f:involvedObject..", "{}", "A struct of ours is a map to its owner."},
    {"* /api/v1/namespaces/*/events*", "*.f:source..", "{}", "A struct of ours is a map to its owner."},
    {"bad-field-validation #25 *", "status", "400", kQuirk},

    // Accidents of the recorded version. ---------------------------------------------------------------------------
    {"bad-apply #1* PATCH *", "status", "400", kQuirk},
    {"bad-body #17 *", "status", "400", kQuirk},
    {"bad-body #18 *", "status", "400", kQuirk},
    {"bad-body #20 *", "status", "400", kQuirk},
    {"bad-body #30 *", "header Content-Type", "application/json", kQuirk},
    {"bad-body #38 *", "status", "405", kQuirk},
    {"bad-patch #9 *", "status", "422", kQuirk},
    {"bad-version-conflict #15 *", "status", "400", kQuirk},
    {"bad-version-conflict #18 *", "status", "422", kQuirk},
    {"delete-preconditions #8 *", "status", "400", kQuirk},
    {"delete-preconditions #9 *", "status", "400", kQuirk},
    {"get-missing #18 *", "status", "405", kQuirk},
    {"get-missing #19 *", "status", "404", kQuirk},
    {"get-selectors #33 *", "status", "400", kQuirk},
    {"raw-watch #13 *", "status", "400", kQuirk},

    // What we say otherwise. ---------------------------------------------------------------------------------------
    {"* GET /version*", "body.*", "*", kOther},
    {"* GET *", "body.paths[*]", "*", "The paths that we serve are ours."},
    {"discovery * GET /api", "body.serverAddressByClientCIDRs[0].serverAddress", "",
     "Clients know our address: they have reached it."},
    {"* GET /api/v1*", "body.apiVersion", "v1", "Every document of ours says its version."},
    {"*", "*columnDefinitions[*].description", "*", "Descriptions are our own."},
    {"health * GET /healthz?verbose*", "body", "[+]ping ok\nhealthz check passed\n", "Our health has other parts."},
    {"bad-body #*", "body.message", "the object provided is unrecognized*", kGoWords},
    {"bad-body #19 *", "body.message", "error decoding patch: a JSON patch must be a list of operations", kGoWords},
    {"bad-name-namespace #*", "body.message", "Plugin in version \"v1\" cannot be handled as a Plugin: *", kGoWords},
    {"bad-apply #18 *", "body.*message", "*should only contain printable characters", kGoWords},
    {"label-annotate #38 *", "body.*", "*", kGoWords},
    {"get-chunked #20 *", "body.message", "invalid continue token: continue key is not valid: *", kGoWords},
    {"create-ns-secret-configmap #24 *", "body.message", "*data.k: illegal base64 data", kGoWords},
    {"bad-patch *", "body.message", "the server rejected our request due to an error in our request: *",
     "We say which operation it was, and why."},
    {"bad-patch *", "body.details", "(absent)", "Details that say nothing are left out."},
    {"bad-*", "body.message", "*in body must be of type *", kOnce},
    {"bad-*", "body.details.causes[*]", "(absent)", kOnce},
    {"bad-*", "body.details.causes[*].field", "*.replicas", kOnce},
    {"bad-*", "body.details.causes[*].message", "*.replicas in body *", kOnce},
    {"bad-schema #3 *", "body.message", "*.replicas in body *", kOnce},
    {"bad-schema #21 *", "body.details.causes[0].*", "*", kOnce},
    {"bad-version-conflict #13 *", "body.message", "*: Precondition failed: UID in precondition: *",
     "We have no storage keys to tell of."},
    {"bad-body-too-large #1 *", "body.message", "Request entity too large: *",
     "The transport refuses it before the API sees it, in the recorded words."},
    {"bad-body-too-large #2 *", "status", "201", "Our store takes what etcd finds too large."},
    {"*", "events[0].object.message", "too old resource version: 1 (*)", "Our histories begin elsewhere."},
    {"raw-watch #14 *", "status", "504", "We tell at once that the version is not there yet, as for a list."},
    {"events #26 *", "body.*", "*x-*", "Nobody hears of a generated name that was not used."},
    {"delete-finalizer #19 *", "body.metadata.resourceVersion", "*",
     "The answer to a patch that removes the object has the version of the removal."},
    {"delete-finalizer #11 *", "events[1].object.metadata.finalizers", "(absent)",
     "The last state of an object is the one that its last write gave it."},
    {"* /api/v1/namespaces/*/events*", "body*.eventTime", "(absent)", kCoreDefaults},
    {"* /api/v1/namespaces/*/events*", "body*.reportingComponent", "(absent)", kCoreDefaults},
    {"* /api/v1/namespaces/*/events*", "body*.reportingInstance", "(absent)", kCoreDefaults},
    {"* GET /api/v1/*", "body.items[*].apiVersion", "v1", "Every object of ours says what it is, in a list, too."},
    {"* GET /api/v1/*", "body.items[*].kind", "*", "Every object of ours says what it is, in a list, too."},

    // What we do not have. -----------------------------------------------------------------------------------------
    {"*", "body.resources[*].storageVersionHash", "(absent)", "There is one storage version."},
    {"* GET /apis/patchbay.dev/v1*", "body.resources[plugins/log]", "*", "Our Plugins have logs."},
    {"* GET /api/v1*", "body.resources[pods*]", "(absent)", kNoPods},
    {"* GET /api/v1*", "body.resources[pods].verbs[*]", "*", kNoPods},
    {"* GET /api/v1*", "body.resources[serviceaccounts]", "(absent)", kOther},
    {"* GET /api/v1*", "body.resources[namespaces/finalize]", "(absent)", kOther},
    {"create-ns-secret-configmap #9 *", "body.rows*", "*", "There are no namespaces of a Kubernetes' own."},
    {"create-ns-secret-configmap #16 *", "status", "404", kOther},
    {"create-ns-secret-configmap #17 *", "status", "404", kOther},
    {"events #25 *", "status", "404", "Events are served in v1 only."},
    {"pods-logs-top *", "*", "*", kNoPods},

    {"label-annotate *", "body.metadata.creationTimestamp", "*", "Our namespace default is born with the replay."},

    // Core kinds and reviews. --------------------------------------------------------------------------------------
    {"helm-*", "*.fieldsV1.f:stringData", "(absent)", kFolded},
    {"helm-*", "*.fieldsV1.f:data", "*", kFolded},
    {"helm-*", "*resourceVersion", "*", kFolded},
    {"helm-*", "*managedFields[* ].time", "*", "Newer servers move a manager's time only when its fields move."},
    {"*", "*.managedFields[kubectl-create Update ].fieldsV1.f:metadata", "{\"f:labels\":*",
     "Newer servers label a namespace with its name."},
    {"bad-body *", "body.message", "*application/json, application/yaml", "Custom kinds are not spoken in protobuf."},
    {"bad-body #12 *", "status", "415", "Custom kinds are not spoken in protobuf."},
    {"delete-cascade #1*", "body.metadata.resourceVersion", "*",
     "The answer to a patch that removes the object has the version of the removal.", true},
    {"delete-cascade *", "status", "404", "Garbage is collected here, so what waited for it is gone.", true},
    {"namespaces #1*", "body.metadata.deletionGracePeriodSeconds", "0", "All that is deleted says how long it has."},
    {"namespaces #1*", "status", "404", "Namespaces are emptied here, and then they are gone.", true},
    {"auth *", "body.metadata.managedFields", "(absent)", "A review is not kept, so nobody owns its fields."},
    {"auth #9 *", "body.*", "*", "Other rules are allowed here, and said."},
    {"auth *selfsubjectreviews", "status", "201", "Newer servers tell who is asking."},
    {"auth *selfsubjectreviews", "header Content-Type", "text/plain; charset=utf-8", "Only v1 of it is there."},
    {"auth #21 *", "body.status.reason", "*", "We say why something is denied."},
};

}  // namespace

std::span<const Difference> Differences() { return kDifferences; }

std::optional<std::size_t> FindDifference(const Finding& finding) {
  for (std::size_t i = 0; i < std::size(kDifferences); ++i) {
    const Difference& each = kDifferences[i];
    if (Fits(each.request, finding.request) && Fits(each.place, finding.mismatch.place) &&
        Fits(each.ours, finding.mismatch.ours)) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace patchbay::replay
