// The operator, wired: the one place that knows concrete classes. Members stand in the order of need; they end in the
// opposite one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flags.h"

namespace patchbay {

class App {
 public:
  // Listens before it returns. A database or an engine that is away is no error: /readyz says so, and the operator
  // begins its work when they are there. kInvalid for flags that make no sense, kUnavailable when it cannot listen.
  static Result<std::unique_ptr<App>> Start(const cli::OperatorFlags& flags);
  ~App();  // Stop()

  std::vector<std::string> addresses() const;  // of the API, as bound
  void ReloadTls();
  // Ends watches, finishes requests under way; containers and routes stay as they are. Idempotent.
  void Stop();

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace patchbay
