#include "cli/named.h"

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "cli/printer.h"
#include "cli/targets.h"
#include "object/object.h"

namespace patchbay::cli {

std::string Named::Text() const { return NameOfObject(*kind, name); }
std::string Named::Path(const std::string& sub) const { return ObjectPath(*kind, ns, name, sub); }

Result<std::vector<Named>> Resolve(Session& session, const std::vector<std::string>& words, const std::string& selector,
                                   bool all, const Kind* default_kind) {
  std::vector<Named> named;
  if (selector.empty() && !all) {
    PATCHBAY_TRY(const auto targets, ParseNamedTargets(words, default_kind));
    for (const auto& target : targets) named.push_back({target.kind, session.ns(), target.name});
    return named;
  }
  PATCHBAY_TRY(const auto targets, ParseTargets(words));
  for (const auto& target : targets) {
    Parameters parameters;
    if (!selector.empty()) parameters.emplace_back("labelSelector", selector);
    PATCHBAY_TRY(const Json list, session.api.Get(ObjectPath(*target.kind, session.scope()), parameters));
    if (const Json* items = Find(list, {"items"}))
      for (const Json& item : *items) named.push_back({target.kind, NamespaceOf(item), NameOf(item)});
  }
  return named;
}

Result<void> Await(Session& session, const Named& object, std::chrono::milliseconds timeout,
                   const std::function<bool(const Json* present)>& test) {
  const auto deadline = SystemClock().Mono() + timeout;
  while (true) {
    auto present = session.api.Get(object.Path());
    if (!present.ok() && present.error().code != Code::kNotFound) return std::move(present).error();
    if (test(present.ok() ? &*present : nullptr)) return {};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SystemClock().Mono());
    if (timeout.count() > 0 && left.count() <= 0)
      return Error{Code::kTimeout, StrCat("timed out waiting for the condition on ", object.Text())};
    Parameters parameters{{"watch", "true"},
                          {"fieldSelector", "metadata.name=" + object.name},
                          {"resourceVersion", present.ok() ? FindString(*present, {"metadata", "resourceVersion"}) : ""}};
    const long seconds = timeout.count() > 0 ? std::max<long>(1, left.count() / 1000) : 300;
    parameters.emplace_back("timeoutSeconds", std::to_string(std::min<long>(seconds, 300)));
    auto end = session.api.StreamLines(ObjectPath(*object.kind, object.ns), parameters, "application/json",
                                       [](const Json&) { return false; });
    if (!end.ok()) return end;
  }
}

}  // namespace patchbay::cli
