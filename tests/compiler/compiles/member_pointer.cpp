// SPDX-License-Identifier: BSL-1.0
// G14: awaiting a call through a member pointer with moved arguments (GCC PR 121094, later g++).
#include <cstddef>
#include <string>
#include <utility>

#include "tests/compiler/lazy.hpp"

using compiler_test::lazy;

struct service {
  lazy<std::size_t> length(std::string text) { co_return text.size(); }
};
template <typename Member, typename... Args>
lazy<std::size_t> call(service* object, Member member, Args... args) {
  co_return co_await (object->*member)(std::move(args)...);
}
lazy<std::size_t> pattern(service* object) { return call(object, &service::length, std::string("abc")); }
