// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/describe.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace shop {

struct user {
  int id = 0;
  std::string name;
};
EDDY_DESCRIBE(user, id, name)

struct outer {
  struct inner {
    double x = 0;
  };
};
EDDY_DESCRIBE(outer::inner, x);

struct empty {};
EDDY_DESCRIBE(empty)

struct base_part {
  int inherited = 1;
};
struct derived : base_part {
  std::unique_ptr<int> owned;
  int unlisted = 0;
};
EDDY_DESCRIBE(derived, inherited, owned)

struct not_described {
  int id;
};

struct forty {
  int m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23, m24,
      m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39;
};
EDDY_DESCRIBE(forty, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
              m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36, m37, m38, m39)

}  // namespace shop

struct at_global_scope {
  int a_1;
};
EDDY_DESCRIBE(at_global_scope, a_1)

namespace {

struct unnamed_scope {
  int a;
};
EDDY_DESCRIBE(unnamed_scope, a)

static_assert(eddy::described<shop::user>);
static_assert(eddy::described<at_global_scope>);
static_assert(eddy::described<unnamed_scope>);
static_assert(!eddy::described<shop::not_described>);
static_assert(!eddy::described<int>);
static_assert(!eddy::described<std::string>);
static_assert(eddy::member_count<shop::user> == 2);
static_assert(eddy::member_names<shop::user>[1] == "name");
static_assert(eddy::type_name<shop::user> == "user");
static_assert(eddy::type_name<shop::outer::inner> == "outer::inner");
static_assert(eddy::member_count<shop::empty> == 0);
static_assert(eddy::member_count<shop::forty> == 40);
static_assert(eddy::member_names<shop::forty>[39] == "m39");
static_assert(eddy::member_names<at_global_scope>[0] == "a_1");

TEST(describe, members_are_visited_in_order_with_names) {
  shop::user user{7, "ada"};
  std::vector<std::string> seen;
  eddy::for_each_member(user, [&](std::string_view name, auto& value) {
    if constexpr (std::is_same_v<decltype(value), int&>) value += 1;
    seen.emplace_back(name);
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"id", "name"}));
  EXPECT_EQ(user.id, 8);
}

TEST(describe, a_const_object_gives_const_members) {
  const shop::user user{7, "ada"};
  eddy::for_each_member(user, [](std::string_view, auto& value) {
    static_assert(std::is_const_v<std::remove_reference_t<decltype(value)>>);
  });
  SUCCEED();
}

TEST(describe, names_types_and_pointers_are_known_at_compile_time) {
  int visited = 0;
  eddy::for_each_member<shop::user>([&](auto member) {
    if constexpr (member.index == 0) {
      static_assert(member.name == "id");
      static_assert(std::is_same_v<typename decltype(member)::type, int>);
      static_assert(member.pointer == &shop::user::id);
    } else {
      static_assert(std::is_same_v<typename decltype(member)::type, std::string>);
    }
    ++visited;
  });
  EXPECT_EQ(visited, 2);
}

TEST(describe, inherited_and_move_only_members_work_and_a_subset_is_fine) {
  shop::derived object;
  object.owned = std::make_unique<int>(5);
  std::string names;
  eddy::for_each_member(object, [&](std::string_view name, auto&) { names += std::string(name) + ' '; });
  EXPECT_EQ(names, "inherited owned ");
}

TEST(describe, an_empty_struct_has_no_members) {
  shop::empty none;
  int visited = 0;
  eddy::for_each_member(none, [&](std::string_view, auto&) { ++visited; });
  EXPECT_EQ(visited, 0);
}

TEST(describe, works_in_constant_expressions) {
  constexpr int sum = [] {
    at_global_scope object{41};
    int total = 1;
    eddy::for_each_member(object, [&](std::string_view, int& value) { total += value; });
    return total;
  }();
  static_assert(sum == 42);
  EXPECT_EQ(sum, 42);
}

}  // namespace
