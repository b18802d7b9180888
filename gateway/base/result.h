// Result<T>: a value or an Error, shaped like std::expected. Every fallible function of the gateway returns one;
// exceptions stay inside a folder. Any thread.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace hearthgate {

// Where an error came from; says which part of the system has to act.
enum class Domain { kInput, kState, kStorage, kNetwork, kTrust, kPlugin, kSystem };

// `code` is stable and machine-readable (CONTRACT: `bad_id`, `entity_not_found`, ...); `message` is one sentence that
// says what was tried, on what, and what happened, fit to be shown to a person.
struct Error {
  Domain domain = Domain::kState;
  std::string code;
  std::string message;
};

inline Error inputError(std::string code, std::string message) {
  return {Domain::kInput, std::move(code), std::move(message)};
}
inline Error stateError(std::string code, std::string message) {
  return {Domain::kState, std::move(code), std::move(message)};
}
inline Error storageError(std::string code, std::string message) {
  return {Domain::kStorage, std::move(code), std::move(message)};
}
inline Error networkError(std::string code, std::string message) {
  return {Domain::kNetwork, std::move(code), std::move(message)};
}
inline Error trustError(std::string code, std::string message) {
  return {Domain::kTrust, std::move(code), std::move(message)};
}
inline Error pluginError(std::string code, std::string message) {
  return {Domain::kPlugin, std::move(code), std::move(message)};
}
inline Error systemError(std::string code, std::string message) {
  return {Domain::kSystem, std::move(code), std::move(message)};
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: meant to convert
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: meant to convert

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: meant to convert

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<std::monostate, Error> state_;
};

using Status = Result<void>;

}  // namespace hearthgate

#define HG_CONCAT_INNER(a, b) a##b
#define HG_CONCAT(a, b) HG_CONCAT_INNER(a, b)
// Declares `target` with the value of `expression`, or returns its error from the enclosing function.
#define HG_TRY(target, expression)                              \
  auto HG_CONCAT(hg_result_, __LINE__) = (expression);          \
  if (!HG_CONCAT(hg_result_, __LINE__).ok())                    \
    return std::move(HG_CONCAT(hg_result_, __LINE__)).error();  \
  target = std::move(HG_CONCAT(hg_result_, __LINE__)).value()
// Returns the error of a Status from the enclosing function, if there is one.
#define HG_CHECK(expression)                                  \
  do {                                                        \
    auto hg_status = (expression);                            \
    if (!hg_status.ok()) return std::move(hg_status).error(); \
  } while (false)
