// Faults on purpose, for any Runtime: the n-th call of a sort fails before it took effect, or after (in doubt), or the
// engine is away for a while. Also counts. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"

namespace patchbay::driver {

enum class RuntimeCall {
  kVersion,
  kList,
  kInspect,
  kCreate,
  kStart,
  kStop,
  kRemove,
  kHasImage,
  kPull,
  kExec,
  kLogs,
  kWatch,
  kUsage,
  kListImages,
  kRemoveImage,
  kListPublishing,
  kImageId
};
const char* RuntimeCallName(RuntimeCall call);  // "create"
// Changes the world: create, start, stop, remove, pull, remove-image.
bool IsAction(RuntimeCall call);

class RuntimeFaults {
 public:
  // The `nth` (1 is the next one) call of this sort from now on fails with `error` and does nothing.
  void FailBefore(RuntimeCall call, int nth = 1,
                  Error error = {Code::kUnavailable, "the engine went away (on purpose)"});
  // The `nth` call of this sort from now on is done, and then answered with `error`.
  void FailAfter(RuntimeCall call, int nth = 1, Error error = {Code::kInDoubt, "the answer was lost (on purpose)"});
  // While away every call is kUnavailable and does nothing.
  void SetAway(bool away);
  // Called before each call takes effect, on the caller's thread, with no lock held; may block. Nothing to remove it.
  void SetHook(std::function<void(RuntimeCall call, const std::string& subject)> hook);
  // The same, after each call that took effect and before its answer is seen.
  void SetHookAfter(std::function<void(RuntimeCall call)> hook);

  int Count(RuntimeCall call) const;         // calls that came, failed ones too
  int Actions() const;                       // IsAction calls that came
  std::vector<std::string> History() const;  // actions in order: "create web-0", "start web-0"
  void ForgetHistory();                      // and the counts

  // For Runtimes: the Error to answer with, instead of doing it or after having done it.
  std::optional<Error> Enter(RuntimeCall call, const std::string& subject);
  std::optional<Error> Leave(RuntimeCall call);

 private:
  struct Fault {
    int countdown = 1;
    Error error;
  };
  struct State {
    bool away = false;
    std::multimap<RuntimeCall, Fault> before;
    std::multimap<RuntimeCall, Fault> after;
    std::map<RuntimeCall, int> counts;
    std::vector<std::string> history;
    std::function<void(RuntimeCall, const std::string&)> hook;
    std::function<void(RuntimeCall)> hook_after;
  };
  static std::optional<Error> Count(std::multimap<RuntimeCall, Fault>& faults, RuntimeCall call);

  mutable Guarded<State> state_;
};

}  // namespace patchbay::driver
