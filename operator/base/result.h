// Result<T> is a T or an Error. Nothing throws across a room's door: a foreign exception becomes an Error in one
// function per library. All types here are values; they are as thread-safe as the T they hold.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace patchbay {

enum class Code {
  kInvalid,       // the input breaks a rule; the same call fails for ever
  kUnauthorized,  // nobody said who is asking
  kForbidden,     // the caller may not
  kNotFound,
  kAlreadyExists,
  kConflict,      // the precondition (resourceVersion, uid, name held by another) does not hold
  kExpired,       // the revision asked for is no longer kept: list again
  kTooLarge,
  kUnsupported,   // media type, method or capability is not there
  kTooManyRequests,
  kUnavailable,   // the other side is away; trying later is right
  kTimeout,
  kInDoubt,       // sent, no answer: it may have happened. Observe again, never assume
  kCancelled,
  kInternal,      // everything not recognised
};

// The word for logs and metrics: "invalid", "in_doubt".
const char* CodeName(Code code);

// One offending place. `field` is a JSON path as Kubernetes prints it ("spec.env[0].name"), `reason` a Kubernetes
// cause type ("FieldValueInvalid"), `message` says the rule and the value.
struct Cause {
  std::string field;
  std::string reason;
  std::string message;
  friend bool operator==(const Cause&, const Cause&) = default;
};

struct Error {
  Code code = Code::kInternal;
  std::string message;                              // a full sentence for a person; never holds a secret
  std::vector<Cause> causes = {};                   // all of them, not only the first
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;  // when the other side named a time

  // "gateway refused the route: <message>": the same error, told from one floor up.
  Error Within(const std::string& what) const;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok(). std::bad_variant_access otherwise.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok().
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace patchbay

// PATCHBAY_TRY(auto rows, Read());  leaves the function with the Error, or names the value.
#define PATCHBAY_JOIN_(a, b) a##b
#define PATCHBAY_JOIN(a, b) PATCHBAY_JOIN_(a, b)
#define PATCHBAY_TRY(declaration, ...) PATCHBAY_TRY_(PATCHBAY_JOIN(patchbay_try_, __LINE__), declaration, __VA_ARGS__)
#define PATCHBAY_TRY_(name, declaration, ...)     \
  auto name = (__VA_ARGS__);                      \
  if (!name.ok()) return std::move(name).error(); \
  declaration = *std::move(name)
// For Result<void>.
#define PATCHBAY_CHECK(...)                                              \
  do {                                                                   \
    if (auto patchbay_check = (__VA_ARGS__); !patchbay_check.ok())       \
      return std::move(patchbay_check).error();                          \
  } while (false)
