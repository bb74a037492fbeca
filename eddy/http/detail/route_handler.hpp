// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/base/function.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/http/detail/application.hpp"
#include "eddy/http/path_parameter.hpp"
#include "eddy/http/percent.hpp"
#include "eddy/http/server_request.hpp"

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace eddy::http::detail {

/// The parameters of a callable, out of its one call operator.
template <class F>
struct signature : signature<decltype(&F::operator())> {};
template <class R, class... Args>
struct signature<R (*)(Args...)> {
  using result = R;
  using parameters = std::tuple<Args...>;
};
template <class C, class R, class... Args>
struct signature<R (C::*)(Args...)> : signature<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct signature<R (C::*)(Args...) const> : signature<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct signature<R (C::*)(Args...) noexcept> : signature<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct signature<R (C::*)(Args...) const noexcept> : signature<R (*)(Args...)> {};
template <class R, class... Args>
struct signature<R (*)(Args...) noexcept> : signature<R (*)(Args...)> {};

template <class F>
concept has_one_signature = requires { typename signature<F>::parameters; };

/// Whether a handler's parameter is the request and not a part of the path.
template <class P>
inline constexpr bool is_request = std::is_same_v<P, server_request&> || std::is_same_v<P, const server_request&>;

/// A route's handler: gets the named parts of the path in order.
class route_handler {
 public:
  virtual ~route_handler() = default;
  /// Sets `made` to what application::handle() returns. @returns false, having done nothing, when a part of the path
  /// does not fit its parameter's type.
  virtual bool call(server_request& request, const std::vector<path_part>& parts, response& out,
                    coro<response>& made) = 0;
};

template <class F>
class route_handler_of final : public route_handler {
  using parameters = typename signature<F>::parameters;
  template <std::size_t I>
  using parameter = std::tuple_element_t<I, parameters>;
  static constexpr std::size_t count = std::tuple_size_v<parameters>;

 public:
  template <class G>
  explicit route_handler_of(G&& f) : f_(std::forward<G>(f)) {}

  /// How many parts of the path it takes.
  static constexpr std::size_t parts_taken = []<std::size_t... I>(std::index_sequence<I...>) {
    return (std::size_t{0} + ... + (is_request<parameter<I>> ? 0U : 1U));
  }(std::make_index_sequence<count>());

  bool call(server_request& request, const std::vector<path_part>& parts, response& out,
            coro<response>& made) override {
    return call_with(request, parts, out, made, std::make_index_sequence<count>());
  }

 private:
  /// Which part of the path parameter I is.
  template <std::size_t I>
  static constexpr std::size_t part_of = []<std::size_t... Before>(std::index_sequence<Before...>) {
    return (std::size_t{0} + ... + (is_request<parameter<Before>> ? 0U : 1U));
  }(std::make_index_sequence<I>());

  template <std::size_t I>
  static auto argument(server_request& request, const std::vector<path_part>& parts) {
    if constexpr (is_request<parameter<I>>)
      return &request;
    else
      return path_parameter<std::remove_const_t<parameter<I>>>::parse(percent_decode(parts[part_of<I>].text));
  }

  template <std::size_t... I>
  bool call_with([[maybe_unused]] server_request& request, [[maybe_unused]] const std::vector<path_part>& parts,
                 response& out, coro<response>& made, std::index_sequence<I...>) {
    [[maybe_unused]] auto arguments = std::make_tuple(argument<I>(request, parts)...);
    if (!(static_cast<bool>(std::get<I>(arguments)) && ...)) return false;
    made =
        give(eddy::detail::invoke_callable(f_, static_cast<parameter<I>>(*std::move(std::get<I>(arguments)))...), out);
    return true;
  }

  F f_;
};

/// A parameter that a route's handler may have.
template <class P>
inline constexpr bool is_route_parameter =
    is_request<P> || (!std::is_reference_v<P> && parsed_from_path<std::remove_const_t<P>>);

template <class Parameters>
inline constexpr bool are_route_parameters = false;
template <class... P>
inline constexpr bool are_route_parameters<std::tuple<P...>> = (is_route_parameter<P> && ...);

}  // namespace eddy::http::detail
