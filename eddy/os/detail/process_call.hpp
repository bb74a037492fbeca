// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "eddy/coro/branch.hpp"
#include "eddy/os/detail/code_address.hpp"
#include "eddy/os/detail/process_frame.hpp"
#include "eddy/os/msgpack/conversion.hpp"

namespace eddy::detail {

/// Reads the arguments of a call, makes it, and writes the result. What a worker is told to run; `function` is null
/// when the stub knows it already.
using process_stub = void (*)(code_address function, msgpack::reader& in, msgpack::writer& out);

/// What a worker keeps for a parameter while the function runs: views get something to view.
template <class Parameter>
struct kept_for {
  using type = std::remove_cvref_t<Parameter>;
};
template <class Parameter>
  requires std::same_as<std::remove_cvref_t<Parameter>, std::string_view>
struct kept_for<Parameter> {
  using type = std::string;
};
template <class T>
struct kept_for<std::span<T>> {
  using type = std::vector<std::remove_cv_t<T>>;
};
template <class Parameter>
using kept_for_t = typename kept_for<Parameter>::type;

template <class R, class... Parameters>
struct process_signature {
  using result = R;
  using kept = std::tuple<kept_for_t<Parameters>...>;
  static constexpr std::size_t count = sizeof...(Parameters);

  static_assert(!awaitable<R>,
                "a process_pool runs ordinary functions, and this is a coroutine: call eddy::run inside of one, or use "
                "create_task to run it here");
  static_assert(std::is_void_v<R> || (!std::is_reference_v<R> && !std::is_pointer_v<R>),
                "the result of a function in a process_pool must be a value: pointers and references end with the "
                "worker's memory");
  static_assert((!(std::is_lvalue_reference_v<Parameters> && !std::is_const_v<std::remove_reference_t<Parameters>>) &&
                 ...),
                "a function in a process_pool cannot change its arguments, which are copies in another process: return "
                "what it finds out");
  static_assert((!std::is_pointer_v<std::remove_cvref_t<Parameters>> && ...),
                "a pointer means nothing in another process: take a value, std::string_view or std::span");

  template <class F>
  static void call(F f, msgpack::reader& in, msgpack::writer& out) {
    auto arguments = msgpack::unpack<kept>(in);
    const auto apply = [&](kept_for_t<Parameters>&... each) -> R { return f(hand_over<Parameters>(each)...); };
    if constexpr (std::is_void_v<R>) {
      std::apply(apply, arguments);
      out.put_nil();
    } else {
      msgpack::pack<std::remove_cv_t<R>>(out, std::apply(apply, arguments));
    }
  }

  /// Writes the arguments as the parameters want them; what has the right type already is not copied first.
  template <class... Args>
  static void pack(msgpack::writer& out, const Args&... args) {
    static_assert(sizeof...(Args) == count, "submit: the function takes another number of arguments");
    out.put_array(count);
    (pack_one<Parameters>(out, args), ...);
  }

 private:
  template <class Parameter>
  static constexpr bool is_view = !std::same_as<kept_for_t<Parameter>, std::remove_cvref_t<Parameter>>;

  template <class Parameter>
  static decltype(auto) hand_over(kept_for_t<Parameter>& value) {
    if constexpr (is_view<Parameter>)
      return std::remove_cvref_t<Parameter>(value);
    else
      return static_cast<Parameter&&>(value);
  }

  template <class Parameter, class Arg>
  static void pack_one(msgpack::writer& out, const Arg& arg) {
    using wanted = std::remove_cvref_t<Parameter>;
    if constexpr (std::same_as<Arg, wanted>) {
      msgpack::pack<wanted>(out, arg);
    } else {
      static_assert(std::is_convertible_v<const Arg&, wanted>,
                    "submit: an argument does not convert to the function's parameter");
      const wanted converted = arg;
      msgpack::pack<wanted>(out, converted);
    }
  }
};

template <class F>
struct process_function {
  static_assert(!std::is_same_v<F, F>,
                "a process_pool runs plain functions and lambdas that capture nothing (captures cannot travel: make "
                "them parameters)");
};

/// A function pointer: the stub is told which.
template <class R, class... Parameters>
struct process_function<R (*)(Parameters...)> : process_signature<R, Parameters...> {
  using pointer = R (*)(Parameters...);
  static code_address code(pointer f) noexcept { return reinterpret_cast<code_address>(f); }
  static void stub(code_address function, msgpack::reader& in, msgpack::writer& out) {
    process_signature<R, Parameters...>::call(reinterpret_cast<pointer>(function), in, out);
  }
};
template <class R, class... Parameters>
struct process_function<R (*)(Parameters...) noexcept> : process_function<R (*)(Parameters...)> {};

template <class F, class Call>
struct closure_signature;
template <class F, class R, class... Parameters>
struct closure_signature<F, R (F::*)(Parameters...) const> : process_signature<R, Parameters...> {};
template <class F, class R, class... Parameters>
struct closure_signature<F, R (F::*)(Parameters...) const noexcept> : process_signature<R, Parameters...> {};

/// A lambda without captures, or a function object without state: each type has a stub of its own.
template <class F>
  requires(std::is_empty_v<F> && std::is_default_constructible_v<F> && requires { &F::operator(); })
struct process_function<F> : closure_signature<F, decltype(&F::operator())> {
  static code_address code(const F&) noexcept { return nullptr; }
  static void stub(code_address, msgpack::reader& in, msgpack::writer& out) {
    closure_signature<F, decltype(&F::operator())>::call(F(), in, out);
  }
};

/// Writes what stands before the arguments of a call.
/// @param limit  The most bytes of an answer.
void pack_call_head(msgpack::writer& out, std::uint64_t limit, process_stub stub, code_address function);

/// A whole call as a frame.
template <class F, class... Args>
std::vector<std::byte> pack_call(std::uint64_t limit, const F& f, const Args&... args) {
  using function = process_function<F>;
  msgpack::writer out(sizeof(frame_header));
  pack_call_head(out, limit, &function::stub, function::code(f));
  function::pack(out, args...);
  return seal_frame(frame_kind::call, std::move(out));
}

}  // namespace eddy::detail
