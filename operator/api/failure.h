// What goes wrong for a client, in Kubernetes' words: a metav1.Status before it is written. Values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

struct Failure {
  int status = 500;     // HTTP
  std::string reason;   // metav1.StatusReason: "NotFound"
  std::string message;  // as kubectl prints it
  // Status.details; empty members are left out.
  std::string name;
  std::string group;
  std::string kind;  // the plural; for 422 the kind
  std::string uid;
  std::vector<Cause> causes;
  std::optional<std::chrono::milliseconds> retry_after;  // also the header Retry-After, in whole seconds
  std::string next;                                      // metadata.continue of an expired list
};

// A T, or why not. As Result, one floor nearer to the client.
template <class T>
class [[nodiscard]] Answer {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor)
  Answer(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Answer(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}
  bool ok() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Failure& error() const& { return std::get<1>(state_); }
  Failure&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Failure> state_;
};

template <>
class [[nodiscard]] Answer<void> {
 public:
  Answer() = default;
  Answer(Failure failure) : failure_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return !failure_; }
  const Failure& error() const& { return *failure_; }
  Failure&& error() && { return *std::move(failure_); }

 private:
  std::optional<Failure> failure_;
};

Failure BadRequest(std::string message);
Failure NotFound(const Kind& kind, std::string_view name);
Failure AlreadyExists(const Kind& kind, std::string_view name);
// 'Operation cannot be fulfilled on plugins.patchbay.dev "x": <why>'
Failure Conflict(const Kind& kind, std::string_view name, std::string_view why);
Failure Stale(const Kind& kind, std::string_view name);  // the Conflict of a resourceVersion that is no longer
Failure Forbidden(const Kind& kind, std::string_view name, std::string_view why);
Failure Invalid(const Kind& kind, std::string_view name, std::vector<Cause> causes);
// 'ListOptions.meta.k8s.io "" is invalid: ...'; `options` is "ListOptions".
Failure InvalidOptions(std::string_view options, std::vector<Cause> causes);
Failure MethodNotAllowed(const Kind& kind, std::string_view verb);
Failure NotAcceptable();
Failure UnsupportedMedia(std::string_view accepted);
Failure Expired(std::string message);
Failure TooManyRequests(std::string message);
Failure Unavailable(std::string message);
Failure TooLargeRevision(Revision asked, Revision current);
Failure Unauthorized();

// An error of the rooms below about this object; `kind` may be nullptr.
Failure FromError(const Error& error, const Kind* kind, std::string_view name);

// Causes in Kubernetes' words.
Cause InvalidValue(std::string field, std::string_view value_json, std::string_view rule);
Cause RequiredValue(std::string field, std::string_view why);
Cause ForbiddenField(std::string field, std::string_view why);
Cause UnsupportedValue(std::string field, std::string_view value_json, std::string_view supported);

Json ToStatus(const Failure& failure);
http::Response ToResponse(const Failure& failure);
// Status Success of a delete.
Json DeletedStatus(const Kind& kind, std::string_view name, std::string_view uid);

}  // namespace patchbay::api
