#include "operator_program.h"

#include <iostream>

#include "app.h"
#include "base/log.h"
#include "signals.h"

namespace patchbay {

int RunOperator(const cli::OperatorFlags& flags) {
  SetLog(flags.log_level == "debug"  ? LogLevel::kDebug
         : flags.log_level == "warn" ? LogLevel::kWarn
         : flags.log_level == "error" ? LogLevel::kError
                                      : LogLevel::kInfo,
         flags.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
  Signals signals;
  auto app = App::Start(flags);
  if (!app.ok()) {
    std::cerr << "error: " << app.error().message << "\n";
    return app.error().code == Code::kInvalid ? 2 : 1;
  }
  while (true) {
    const int signal = signals.Wait();
    if (signal == SIGHUP) {
      (*app)->ReloadTls();
      continue;
    }
    LogInfo("app", "stopping", {{"signal", std::to_string(signal)}});
    (*app)->Stop();
    return 0;
  }
}

}  // namespace patchbay
