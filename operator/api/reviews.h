// Questions about the caller that are asked by POST and kept nowhere: authorization.k8s.io/v1
// selfsubjectaccessreviews, subjectaccessreviews and selfsubjectrulesreviews, authentication.k8s.io/v1
// selfsubjectreviews. They say what the Authenticator really allows. Thread-safe.
#pragma once

#include <vector>

#include "api/authn.h"
#include "api/call.h"

namespace patchbay::api {

// What discovery says of them: without a schema, and with the verb create alone.
const std::vector<Kind>& ReviewKinds();

class Reviews {
 public:
  explicit Reviews(const Authenticator& authenticator) : authenticator_(authenticator) {}

  // Answers when the path is one of theirs; false otherwise.
  bool Serve(const CallPtr& call) const;

 private:
  Answer<Json> Judge(const Call& call, const Kind& kind, const Json& review) const;
  Answer<Json> JudgeAccess(const User& user, const Kind& kind, const Json& review) const;
  const Authenticator& authenticator_;
};

}  // namespace patchbay::api
