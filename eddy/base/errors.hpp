// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>
#include <source_location>
#include <stdexcept>
#include <string>

#include "eddy/base/config.hpp"

namespace eddy {

/// The base of every error that eddy itself throws. Failures of the system are `std::system_error`.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// News that *another* task was cancelled: what awaiting a cancelled task throws.
///
/// One's own cancellation is never an exception: it unwinds the coroutine and no `catch` sees it.
///
/// **In asyncio.** `CancelledError`, which there stands for both.
class cancelled_error : public error {
 public:
  using error::error;
};

/// A limit was reached. The text names the limit and the place where it was set.
///
/// **In asyncio.** `TimeoutError`.
class timeout_error : public error {
 public:
  timeout_error(std::chrono::nanoseconds limit, std::source_location where, const std::string& waited_for = {});
  /// The limit was a deadline, not a duration.
  explicit timeout_error(std::source_location where, const std::string& waited_for = {});
  explicit timeout_error(const std::string& text) : error(text) {}

  /// The limit that was reached; zero when it was an absolute deadline.
  std::chrono::nanoseconds limit() const noexcept { return limit_; }
  /// The line that set the limit.
  std::source_location where() const noexcept { return where_; }

 private:
  std::chrono::nanoseconds limit_{};
  std::source_location where_{};
};

/// `run` was ended by Ctrl-C (SIGINT).
///
/// **In asyncio.** `KeyboardInterrupt` out of `asyncio.run`.
class interrupted : public error {
 public:
  interrupted() : error("interrupted (SIGINT)") {}
};

/// A promise went away before it was given a value, so its future never can have one.
class broken_promise : public error {
 public:
  broken_promise() : error("the promise was dropped without a value or an exception") {}
};

/// A stream, listener, server or channel was used after this side closed it, or was closed while somebody waited on it.
class closed_error : public error {
 public:
  using error::error;
};

/// Something was used against its rules; the text says what to do instead.
///
/// **In asyncio.** `RuntimeError` and `InvalidStateError`.
class misuse_error : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Something that belongs to a loop was used from a thread that does not run this loop.
class wrong_thread : public misuse_error {
 public:
  using misuse_error::misuse_error;
};

namespace detail {

/// `2 h`, `1.5 s`, `250 ms`, `10 us`, `7 ns`: the shortest exact form with one unit.
std::string format_duration(std::chrono::nanoseconds duration);

/// `file.cpp:42`, the file without its folders.
std::string format_place(std::source_location place);

/// What an exception says: its type and text, or only its type when it is not a std::exception; then its causes
/// (std::nested_exception), each in a line of its own that begins with "caused by". An `exception_group` lists what is
/// in it.
std::string describe_exception(const std::exception_ptr& error);
/// `text` with every line but the first moved to the right.
std::string indent_further_lines(std::string text, std::size_t columns);

/// The readable form of a mangled C++ name; the name itself when it is not mangled.
std::string demangle(const char* name);

}  // namespace detail
}  // namespace eddy
