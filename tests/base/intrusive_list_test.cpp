// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/intrusive_list.hpp"

#include <gtest/gtest.h>

#include <array>
#include <list>
#include <random>
#include <vector>

namespace {

struct node : eddy::detail::list_hook {
  int id = 0;
};

using list = eddy::detail::intrusive_list<node>;

std::vector<int> ids(list& l) {
  std::vector<int> found;
  for (node* at = l.first(); at != nullptr; at = l.after(*at)) found.push_back(at->id);
  return found;
}

std::array<node, 5> five() {
  std::array<node, 5> nodes;
  for (int i = 0; i < 5; ++i) nodes[static_cast<std::size_t>(i)].id = i;
  return nodes;
}

TEST(intrusive_list, L7_is_first_in_first_out) {
  auto nodes = five();
  list l;
  EXPECT_TRUE(l.empty());
  EXPECT_EQ(l.first(), nullptr);
  for (node& n : nodes) l.push_back(n);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(l.pop_front().id, i);
  EXPECT_TRUE(l.empty());
}

TEST(intrusive_list, an_element_leaves_from_the_middle_and_may_come_back) {
  auto nodes = five();
  list l;
  for (node& n : nodes) l.push_back(n);
  nodes[2].unlink();
  EXPECT_FALSE(nodes[2].linked());
  EXPECT_EQ(ids(l), (std::vector{0, 1, 3, 4}));
  l.push_front(nodes[2]);
  EXPECT_EQ(ids(l), (std::vector{2, 0, 1, 3, 4}));
  EXPECT_EQ(l.size(), 5U);
}

TEST(intrusive_list, splice_back_keeps_the_order) {
  auto nodes = five();
  list a;
  list b;
  a.push_back(nodes[0]);
  for (std::size_t i = 1; i < 5; ++i) b.push_back(nodes[i]);
  a.splice_back(b);
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(ids(a), (std::vector{0, 1, 2, 3, 4}));
}

TEST(intrusive_list, a_copy_of_an_element_is_not_linked) {
  auto nodes = five();
  list l;
  l.push_back(nodes[0]);
  const node copy = nodes[0];
  EXPECT_FALSE(copy.linked());
  nodes[0] = nodes[1];
  EXPECT_TRUE(nodes[0].linked());
  nodes[0].unlink();
}

TEST(intrusive_list, agrees_with_std_list_on_seeded_work) {
  std::mt19937 random(1);
  std::vector<node> nodes(64);
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].id = static_cast<int>(i);
  list l;
  std::list<int> oracle;
  for (int step = 0; step < 20'000; ++step) {
    node& n = nodes[random() % nodes.size()];
    if (n.linked()) {
      n.unlink();
      oracle.remove(n.id);
    } else if (random() % 2 == 0) {
      l.push_back(n);
      oracle.push_back(n.id);
    } else {
      l.push_front(n);
      oracle.push_front(n.id);
    }
    if (step % 100 == 0) {
      ASSERT_EQ(ids(l), std::vector<int>(oracle.begin(), oracle.end()));
    }
  }
}

}  // namespace
