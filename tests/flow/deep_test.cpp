// SPDX-License-Identifier: BSL-1.0
// Law 8: constant stack, however deep the tree of scopes is.
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "eddy/base/config.hpp"
#include "eddy/flow/finally.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/on_cancel.hpp"
#include "eddy/flow/shield.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

#if EDDY_ASAN || !defined(__OPTIMIZE__)
constexpr int depth = 20'000;
#else
constexpr int depth = 100'000;
#endif

struct tally {
  int opened = 0;
  int closed = 0;
  bool fails = false;
};

class counting {
 public:
  explicit counting(tally& t) : tally_(&t) {}
  void aenter() { ++tally_->opened; }
  void aexit() { ++tally_->closed; }

 private:
  tally* tally_;
};

coro<> bottom(tally& t) {
  co_await eddy::sleep(1s);
  if (t.fails) throw std::runtime_error("bottom");
}

coro<> nested_with(tally& t, int levels) {
  if (levels == 0) co_return co_await bottom(t);
  co_await eddy::with(counting(t), [&t, levels](counting&) { return nested_with(t, levels - 1); });
}

coro<> nested_coro(tally& t, int levels) {
  ++t.opened;
  auto leave = eddy::on_exit([&] { ++t.closed; });
  if (levels == 0)
    co_await bottom(t);
  else
    co_await nested_coro(t, levels - 1);
}

coro<> nested_mixture(tally& t, int levels) {
  ++t.opened;
  auto leave = eddy::on_exit([&] { ++t.closed; });
  if (levels == 0) co_return co_await bottom(t);
  switch (levels % 4) {
    case 0:
      co_await eddy::timeout(1h, [&t, levels] { return nested_mixture(t, levels - 1); });
      break;
    case 1:
      co_await eddy::gather(nested_mixture(t, levels - 1), eddy::sleep(1ms));
      break;
    case 2:
      co_await eddy::with(eddy::task_group(), [&t, levels](eddy::task_group& group) -> coro<> {
        group.create_task(nested_mixture, std::ref(t), levels - 1);
        co_return;
      });
      break;
    default:
      co_await eddy::finally([&t, levels] { return nested_mixture(t, levels - 1); }, [] { return eddy::checkpoint(); });
  }
}

using nest = coro<> (*)(tally&, int);

coro<> go_down(nest f, int levels) {
  tally value;
  co_await f(value, levels);
  EXPECT_EQ(value.opened, value.closed);
  EXPECT_GE(value.opened, levels);

  tally cancelled;
  auto job = eddy::create_task(f, std::ref(cancelled), levels);
  co_await eddy::sleep(500ms);
  EXPECT_GE(cancelled.opened, levels);
  EXPECT_EQ(cancelled.closed, 0);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(cancelled.opened, cancelled.closed);
  EXPECT_TRUE(job.cancelled());
}

coro<> go_down_and_fail(nest f, int levels) {
  tally failing;
  failing.fails = true;
  bool caught = false;
  try {
    co_await f(failing, levels);
  } catch (const std::exception&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
  EXPECT_EQ(failing.opened, failing.closed);
}

EDDY_TEST(deep, L8_21_very_many_nested_with_end_and_are_cancelled_at_once) { co_await go_down(nested_with, depth); }
EDDY_TEST(deep, L8_very_many_nested_coroutines_end_and_are_cancelled_at_once) { co_await go_down(nested_coro, depth); }
EDDY_TEST(deep, L8_very_many_nested_scopes_of_all_kinds_end_and_are_cancelled_at_once) {
  co_await go_down(nested_mixture, depth / 10);
}
EDDY_TEST(deep, L8_an_exception_passes_very_many_scopes) {
  co_await go_down_and_fail(nested_with, depth / 10);
  co_await go_down_and_fail(nested_coro, depth / 10);
}

EDDY_TEST(deep, L8_very_many_waiters_in_one_group_are_cancelled_at_once) {
  tally t;
  auto job = eddy::create_task([&]() -> coro<> {
    co_await eddy::with(eddy::task_group(), [&](eddy::task_group& group) -> coro<> {
      for (int i = 0; i < depth; ++i) group.create_task(nested_coro, std::ref(t), 1);
      co_return;
    });
  });
  co_await eddy::sleep(500ms);
  co_await eddy::cancel_and_join(job);
  EXPECT_EQ(t.opened, 2 * depth);
  EXPECT_EQ(t.closed, 2 * depth);
}

EDDY_TEST(deep, L8_a_long_chain_of_tasks_that_await_each_other_completes) {
  std::vector<eddy::task<>> chain;
  chain.push_back(eddy::create_task([]() -> coro<> { co_await eddy::sleep(1s); }));
  for (int i = 0; i < depth; ++i)
    chain.push_back(eddy::create_task([before = chain.back()]() -> coro<> { co_await before; }));
  co_await chain.back();
  for (const auto& t : chain) EXPECT_TRUE(t.done());
}

}  // namespace
