// SPDX-License-Identifier: BSL-1.0
#include "eddy/flow/worker_pool.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/support/moments.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::worker_pool;
using eddy::testing::tracked;

namespace {

/// Deals with numbers, a second each, and keeps the books.
struct shop {
  std::vector<int> done;
  int running = 0;
  int most = 0;

  coro<> handle(int job) {
    most = std::max(most, ++running);
    auto leave = eddy::on_exit([this] { --running; });
    co_await eddy::sleep(1s);
    if (job == 13) throw std::runtime_error("thirteen");
    done.push_back(job);
  }
};

std::vector<int> sorted(std::vector<int> values) {
  std::ranges::sort(values);
  return values;
}

EDDY_TEST(worker_pool, S35_deals_with_every_item_so_many_at_once) {
  shop s;
  const auto begin = eddy::now();
  co_await eddy::with(worker_pool<int>(4, [&](int job) { return s.handle(job); }),
                      [](worker_pool<int>& pool) -> coro<> {
                        for (int i = 20; i < 40; ++i) co_await pool.put(i);
                        co_await pool.join();
                        EXPECT_EQ(pool.unfinished(), 0U);
                      });
  EXPECT_EQ(s.done.size(), 20U);
  EXPECT_EQ(s.most, 4);
  EXPECT_EQ(eddy::now() - begin, 5s);
}

EDDY_TEST(worker_pool, S35_leaving_with_a_value_finishes_what_was_put) {
  shop s;
  const int answer = co_await eddy::with(worker_pool<int>(2, [&](int job) { return s.handle(job); }).capacity(0),
                                         [](worker_pool<int>& pool) -> coro<int> {
                                           for (int i = 0; i < 7; ++i) EXPECT_TRUE(pool.try_put(i));
                                           co_return 5;
                                         });
  EXPECT_EQ(answer, 5);
  EXPECT_EQ(sorted(s.done), (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
}

EDDY_TEST(worker_pool, S35_its_queue_is_bounded) {
  shop s;
  co_await eddy::with(worker_pool<int>(2, [&](int job) { return s.handle(job); }).capacity(3),
                      [](worker_pool<int>& pool) -> coro<> {
                        co_await eddy::sleep(0s);
                        int put = 0;
                        while (pool.try_put(put)) ++put;
                        EXPECT_EQ(put, 5);  // two workers wait, and three places
                        EXPECT_EQ(pool.size(), 3U);
                        const auto begin = eddy::now();
                        co_await pool.put(put);
                        EXPECT_EQ(eddy::now() - begin, 1s);
                      });
  EXPECT_EQ(s.done.size(), 6U);
}

EDDY_TEST(worker_pool, S35_takes_plain_functions_references_and_move_only_items) {
  std::vector<int> seen;
  co_await eddy::with(worker_pool<int>(1, [&](int job) { seen.push_back(job); }),
                      [](worker_pool<int>& pool) -> coro<> { co_await pool.put(1); });
  co_await eddy::with(worker_pool<int>(1,
                                       [&](int& job) -> coro<> {
                                         job += 1;
                                         seen.push_back(job);
                                         co_return;
                                       }),
                      [](worker_pool<int>& pool) -> coro<> { co_await pool.put(1); });
  using item = std::unique_ptr<int>;
  auto take = [&](item job) -> coro<> {
    co_await eddy::sleep(1ms);
    seen.push_back(*job);
  };
  co_await eddy::with(worker_pool<item>(2, take), [](worker_pool<item>& pool) -> coro<> {
    co_await pool.put(std::make_unique<int>(3));
    auto last = std::make_unique<int>(4);
    co_await pool.put(std::move(last));
  });
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4}));
}

EDDY_TEST(worker_pool, S35_a_handler_may_put_more) {
  std::vector<int> seen;
  worker_pool<int>* crawl = nullptr;
  auto visit = [&](int depth) -> coro<> {
    co_await eddy::sleep(1s);
    seen.push_back(depth);
    if (depth < 3) {
      co_await crawl->put(depth + 1);
      co_await crawl->put(depth + 1);
    }
  };
  co_await eddy::with(worker_pool<int>(3, visit).capacity(0), [&](worker_pool<int>& pool) -> coro<> {
    crawl = &pool;
    co_await pool.put(0);
  });
  EXPECT_EQ(seen.size(), 15U);
}

EDDY_TEST(worker_pool, S35_a_failure_ends_the_pool_and_comes_with_all_others_in_a_group) {
  shop s;
  std::string text;
  bool body_cancelled = false;
  try {
    co_await eddy::with(worker_pool<int>(3, [&](int job) { return s.handle(job); }),
                        [&](worker_pool<int>& pool) -> coro<> {
                          auto note = eddy::on_cancel([&] { body_cancelled = true; });
                          for (const int job : {13, 1, 13, 4, 5, 6, 7, 8}) co_await pool.put(job);
                        });
  } catch (const eddy::exception_group& group) {
    text = group.what();
    EXPECT_EQ(group.exceptions().size(), 2U);
    EXPECT_NE(group.find<std::runtime_error>(), nullptr);
  }
  EXPECT_NE(text.find("worker_pool (2 errors)"), std::string::npos) << text;
  EXPECT_TRUE(body_cancelled);
  EXPECT_EQ(s.running, 0);
  EXPECT_EQ(s.done, std::vector<int>{1});  // had its effect in the same turn; the others were cancelled
}

EDDY_TEST(worker_pool, S35_with_on_error_the_workers_go_on) {
  shop s;
  std::vector<std::string> errors;
  auto note = [&](const std::exception_ptr& error) { errors.push_back(eddy::detail::describe_exception(error)); };
  co_await eddy::with(worker_pool<int>(2, [&](int job) { return s.handle(job); }).on_error(note),
                      [&](worker_pool<int>& pool) -> coro<> {
                        for (const int job : {13, 1, 13, 4, 5}) co_await pool.put(job);
                      });
  EXPECT_EQ(errors, (std::vector<std::string>{"std::runtime_error: thirteen", "std::runtime_error: thirteen"}));
  EXPECT_EQ(sorted(s.done), (std::vector<int>{1, 4, 5}));
}

EDDY_TEST(worker_pool, S76_an_exception_of_the_body_alone_keeps_its_type) {
  shop s;
  std::string text;
  try {
    co_await eddy::with(worker_pool<int>(2, [&](int job) { return s.handle(job); }),
                        [](worker_pool<int>& pool) -> coro<> {
                          co_await pool.put(1);
                          co_await pool.put(2);
                          co_await eddy::sleep(10ms);
                          throw std::runtime_error("body");
                        });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "body");
  EXPECT_EQ(s.running, 0);
  EXPECT_TRUE(s.done.empty());
}

EDDY_TEST(worker_pool, S76_exceptions_of_body_and_workers_come_together) {
  std::vector<std::string> names;
  try {
    auto fail_late = [](int) -> coro<> {
      co_await eddy::shield(eddy::sleep(1s));
      throw std::runtime_error("worker");
    };
    co_await eddy::with(worker_pool<int>(1, fail_late), [](worker_pool<int>& pool) -> coro<> {
      co_await pool.put(1);
      co_await eddy::sleep(1ms);
      throw std::runtime_error("body");
    });
  } catch (const eddy::exception_group& group) {
    for (const auto& each : group.exceptions()) names.push_back(eddy::detail::describe_exception(each));
    EXPECT_EQ(group.names().front(), "the body");
  }
  EXPECT_EQ(names, (std::vector<std::string>{"std::runtime_error: body", "std::runtime_error: worker"}));
}

EDDY_TEST(worker_pool, S35_can_be_cancelled_by_hand) {
  shop s;
  co_await eddy::with(worker_pool<int>(2, [&](int job) { return s.handle(job); }).capacity(0),
                      [](worker_pool<int>& pool) -> coro<> {
                        for (int i = 0; i < 10; ++i) co_await pool.put(i);
                        co_await eddy::sleep(1500ms);
                        pool.cancel("enough");
                        co_await eddy::sleep(1h);
                      });
  EXPECT_EQ(sorted(s.done), (std::vector<int>{0, 1}));
}

EDDY_TEST(worker_pool, S35_a_limit_around_it_also_ends_the_rest_of_the_work) {
  shop s;
  bool late = false;
  try {
    co_await eddy::timeout(2500ms, [&]() -> coro<> {
      co_await eddy::with(worker_pool<int>(1, [&](int job) { return s.handle(job); }).capacity(0),
                          [](worker_pool<int>& pool) -> coro<> {
                            for (int i = 0; i < 10; ++i) co_await pool.put(i);
                          });
    });
  } catch (const eddy::timeout_error&) {
    late = true;
  }
  EXPECT_TRUE(late);
  EXPECT_EQ(s.done.size(), 2U);
  EXPECT_EQ(s.running, 0);
}

EDDY_TEST(worker_pool, L5_used_bare_it_says_what_to_write) {
  worker_pool<int> pool(1, [](int) {});
  EXPECT_THROW((void)pool.put(1), eddy::misuse_error);
  EXPECT_THROW((void)pool.join(), eddy::misuse_error);
  EXPECT_THROW(worker_pool<int>(0, [](int) {}), eddy::misuse_error);
  co_return;
}

TEST(worker_pool, L5_every_item_is_dealt_with_at_most_once_wherever_it_is_cancelled) {
  std::vector<int> seen;
  bool through = false;
  const auto went = eddy::testing::explore(
      [&]() -> coro<> {
        seen.clear();
        through = false;
        auto handle = [&](int job) -> coro<> {
          co_await eddy::with(tracked("job"), [](tracked&) { return eddy::sleep(1ms); });
          seen.push_back(job);
        };
        co_await eddy::with(worker_pool<int>(2, handle), [](worker_pool<int>& pool) -> coro<> {
          for (int i = 0; i < 4; ++i) co_await pool.put(i);
        });
        through = true;
      },
      eddy::testing::explore_options().check([&]() -> std::string {
        auto all = sorted(seen);
        if (std::ranges::adjacent_find(all) != all.end()) return "an item was dealt with twice";
        return through && all.size() != 4 ? "an item was lost" : "";
      }));
  EXPECT_GE(went.cancel_points, 25U);
}

TEST(worker_pool, L5_shutdown_joins_the_workers) {
  shop s;
  eddy::testing::shut_down_during([&]() -> coro<> {
    co_await eddy::with(worker_pool<int>(2, [&](int job) { return s.handle(job); }),
                        [](worker_pool<int>& pool) -> coro<> {
                          for (int i = 0; i < 10; ++i) co_await pool.put(i);
                        });
  });
  EXPECT_EQ(s.running, 0);
  EXPECT_EQ(s.most, 2);
}

}  // namespace
