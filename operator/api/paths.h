// The list of paths that / shows, also the answer to a path that is none.
#pragma once

#include "api/call.h"

namespace patchbay::api {

void ReplyPaths(const CallPtr& call, int status);
// "404 page not found", as text: for kinds that are not served.
void ReplyNoPage(const CallPtr& call);

}  // namespace patchbay::api
