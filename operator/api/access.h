// As whom a request is made and what that one is refused. Pure; thread-safe.
#pragma once

#include "api/authn.h"
#include "api/call.h"
#include "api/failure.h"

namespace patchbay::api {

// The caller, or whom the caller names in Impersonate-User and Impersonate-Group. 400 for groups without a user.
Answer<User> SpeakFor(const http::Request& request, User caller);

// 'plugins.patchbay.dev is forbidden: User "x" cannot list resource "plugins" in API group ...'; for a call without a
// kind 'forbidden: User "x" cannot get path "/metrics"'.
Failure Denied(const Call& call);

}  // namespace patchbay::api
