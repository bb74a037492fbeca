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

std::string timeout_text(std::chrono::nanoseconds limit, std::source_location where, const std::string& waited_for) {
  std::string text = "limit of " + detail::format_duration(limit) + " reached";
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

}  // namespace

timeout_error::timeout_error(std::chrono::nanoseconds limit, std::source_location where, const std::string& waited_for)
    : error(timeout_text(limit, where, waited_for)), limit_(limit), where_(where) {}

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

std::string describe_exception(const std::exception_ptr& error) {
  if (!error) return "no exception";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return demangle(typeid(e).name()) + ": " + e.what();
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type != nullptr ? "an exception of type " + demangle(type->name()) : "an unknown exception";
  }
}

}  // namespace detail
}  // namespace eddy
