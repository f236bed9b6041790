#include "fuzz.h"
#include "object/jsonpath.h"
#include "targets.h"

namespace patchbay::fuzz {
namespace {

const char* const kObject = R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"name":"echo","labels":
    {"app":"echo","x.io/y":"z"}},"spec":{"image":"demo/echo:1","replicas":2,"ports":[{"name":"http","containerPort":8080},
    {"name":"admin","containerPort":9090}]},"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Stalled",
    "status":"False"}]},"items":[1,2.5,null,true,"a",[],{}]})";

// They are parts of the object, or the object.
void DemandParts(const JsonPath& path, const Json& object) {
  const auto values = path.Select(object);
  Demand(values.size() <= 2'000'000, "more values than anybody can want: ", values.size());
  for (std::size_t i = 0; i < values.size() && i < 100; ++i) (void)values[i]->type();
}

}  // namespace

void FuzzJsonPath(std::string_view input) {
  const auto parts = Parts(input, 2);
  static const Json kDefault = Json::parse(kObject);
  const auto given = ParseJson(parts[1], {.bytes = 4096, .depth = 16, .values = 200});
  const Json& object = given.ok() ? *given : kDefault;
  if (const auto path = JsonPath::ParsePath(parts[0]); path.ok()) DemandParts(*path, object);
  if (const auto path = JsonPath::ParseTemplate(parts[0]); path.ok()) {
    const auto once = path->Render(object);
    Demand(once.ok(), "what may be missing is an error");
    const auto strict = path->Render(object, false);
    if (strict.ok() && once.ok()) Demand(*strict == *once, "strictly it is another: ", *strict);
  }
  DemandLinear(input, parts[0], [](std::string_view text) {
    (void)JsonPath::ParsePath(text);
    (void)JsonPath::ParseTemplate(text);
  });
}

}  // namespace patchbay::fuzz
