// Private to FakeRuntime: how a change of its state is made and then told.
#pragma once

#include <string>

#include "harness/runtime/fake_runtime.h"

namespace patchbay::driver {

std::string CanonicalImage(const std::string& image);
std::string FamiliarImage(std::string name);

template <class Do>
auto FakeRuntime::Change(Do act) {
  News news;
  auto result = [&] {
    auto state = state_.Lock();
    return act(*state, news);
  }();
  for (const auto& stream : news) stream->Pump();
  return result;
}

template <class Do>
auto FakeRuntime::Serve(RuntimeCall call, const std::string& subject, Do act) {
  using Answer = decltype(Change(act));
  if (auto error = faults_.Enter(call, subject)) return Answer(*std::move(error));
  Answer answer = Change(act);
  if (auto error = faults_.Leave(call)) return Answer(*std::move(error));
  return answer;
}

}  // namespace patchbay::driver
