// The one place where what an engine answers becomes an Error. The engine's own words are kept. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay::driver {

// An answer with `status` >= 400. Host port conflicts, which engines answer with 500, are kConflict: see
// IsPortConflict.
Error TranslateAnswer(int status, std::string_view body);
// {"message": "..."} (Docker) or {"cause", "message"} (Podman), else the body itself.
std::string ReadMessage(std::string_view body);
// "port is already allocated", "address already in use".
bool IsPortConflict(std::string_view message);
// What a pull says when it fails. kTooManyRequests carries retry_after: the registry's, else five minutes (asking
// again earlier extends the ban of Docker Hub).
Error TranslatePullError(std::string_view image, std::string_view message);

}  // namespace patchbay::driver
