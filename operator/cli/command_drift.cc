// drift: where containers, and routes in the gateway, deviate from what is wished, as the operator last saw it.
#include <iostream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/named.h"
#include "cli/printer.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

std::string Age(const Json& deviation) {
  const auto since = ParseTime(FindString(deviation, {"firstSeen"}));
  return since ? FormatAge(std::chrono::duration_cast<std::chrono::seconds>(SystemClock().Wall() - *since)) : "<unknown>";
}

}  // namespace

int ShowDrift(Session& session, const std::vector<std::string>& words, const std::string& selector) {
  const Kind* plugins = Kinds::Embedded().FindWord("plugin");
  const Kind* routes = Kinds::Embedded().FindWord("route");
  const auto objects = Resolve(session, words.empty() ? std::vector<std::string>{"plugins,routes"} : words, selector, words.empty(), plugins);
  if (!objects.ok()) return Fail(objects.error(), 2);
  TextTable table(std::cout);
  table.Add({"NAMESPACE", "OBJECT", "FIELD", "DESIRED", "ACTUAL", "AGE"});
  int deviations = 0;
  for (const Named& named : *objects) {
    if (named.kind != plugins && named.kind != routes)
      return Fail(Error{Code::kInvalid, StrCat(named.Text(), ": only plugins and routes show drift")}, 2);
    const auto object = session.api.Get(named.Path());
    if (!object.ok()) return Fail(object.error(), 2);
    const Json* drift = Find(*object, {"status", "drift"});
    if (drift == nullptr || !drift->is_array()) continue;
    for (const Json& each : *drift) {
      ++deviations;
      table.Add({named.ns, StrCat(named.kind->singular, "/", named.name), FindString(each, {"field"}), FindString(each, {"desired"}), FindString(each, {"actual"}), Age(each)});
    }
  }
  if (deviations > 0) table.Flush();
  else std::cout << "Nothing deviates from what is wished.\n";
  return deviations > 0 ? 1 : 0;
}

}  // namespace patchbay::cli
