// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/errors.hpp"

#include <cxxabi.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <typeinfo>

namespace eddy {

namespace {

std::string timeout_text(const std::string& limit, std::source_location where, const std::string& waited_for) {
  std::string text = limit + " reached";
  if (where.line() != 0) text += ", set at " + detail::format_place(where);
  if (!waited_for.empty()) text += ", while waiting for " + waited_for;
  return text;
}

// `count` units of 1/`scale` in whole ones, as a decimal fraction: exact, so no floating point.
std::string decimal(std::uint64_t count, std::uint64_t scale) {
  std::string text = std::to_string(count / scale);
  if (std::uint64_t rest = count % scale; rest != 0) {
    text += '.';
    for (; rest != 0; rest %= scale) {
      rest *= 10;
      text += static_cast<char>('0' + rest / scale);
    }
  }
  return text;
}

constexpr std::size_t most_causes = 16;

// What std::throw_with_nested throws is a type of the library's own around the one that was meant.
std::string exception_type(const std::type_info& type) {
  std::string name = detail::demangle(type.name());
  for (const std::string_view wrapper : {"std::_Nested_exception<", "std::__1::__nested<"})
    if (name.starts_with(wrapper) && name.ends_with('>'))
      return name.substr(wrapper.size(), name.size() - wrapper.size() - 1);
  return name;
}

std::string describe_alone(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return exception_type(typeid(e)) + ": " + e.what();
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type != nullptr ? "an exception of type " + exception_type(*type) : "an unknown exception";
  }
}

std::exception_ptr cause_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::nested_exception& e) {
    return e.nested_ptr();
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

timeout_error::timeout_error(std::chrono::nanoseconds limit, std::source_location where, const std::string& waited_for)
    : error(timeout_text("limit of " + detail::format_duration(limit), where, waited_for)),
      limit_(limit),
      where_(where) {}

timeout_error::timeout_error(std::source_location where, const std::string& waited_for)
    : error(timeout_text("deadline", where, waited_for)), where_(where) {}

namespace detail {

void fatal(const char* sentence) noexcept {
  std::fprintf(stderr, "eddy: %s\n", sentence);
  std::terminate();
}

std::string format_duration(std::chrono::nanoseconds duration) {
  struct unit {
    std::uint64_t nanoseconds;
    const char* name;
  };
  constexpr std::array<unit, 6> units{{{3'600'000'000'000, " h"},
                                       {60'000'000'000, " min"},
                                       {1'000'000'000, " s"},
                                       {1'000'000, " ms"},
                                       {1'000, " us"},
                                       {1, " ns"}}};
  const std::int64_t count = duration.count();
  const std::uint64_t size = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  for (const unit& u : units) {
    const bool whole_only = u.nanoseconds >= 60'000'000'000;
    if (size >= u.nanoseconds && (!whole_only || size % u.nanoseconds == 0))
      return (count < 0 ? "-" : "") + decimal(size, u.nanoseconds) + u.name;
  }
  return "0 s";
}

std::string format_place(std::source_location place) {
  std::string_view file = place.file_name();
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return std::string(file) + ":" + std::to_string(place.line());
}

std::string demangle(const char* name) {
  int status = 0;
  char* readable = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string text = status == 0 ? readable : name;
  std::free(readable);
  return text;
}

std::string indent_further_lines(std::string text, std::size_t columns) {
  const std::string line_break = "\n" + std::string(columns, ' ');
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += line_break.size())
    text.replace(at, 1, line_break);
  return text;
}

std::string describe_exception(const std::exception_ptr& error) {
  if (!error) return "no exception";
  std::string text = describe_alone(error);
  std::exception_ptr cause = cause_of(error);
  for (std::size_t depth = 1; cause != nullptr; ++depth) {
    if (depth > most_causes) return text + "\n  and further causes";
    text += "\n" + std::string(2 * depth, ' ') + "caused by " + indent_further_lines(describe_alone(cause), 2 * depth);
    cause = cause_of(cause);
  }
  return text;
}

}  // namespace detail
}  // namespace eddy
