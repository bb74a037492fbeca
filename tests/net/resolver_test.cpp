// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/resolver.hpp"

#include <netdb.h>

#include <atomic>
#include <memory>
#include <semaphore>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace eddy;
using namespace std::chrono_literals;

namespace {

/// A name server that counts, and answers when it is let.
struct slow_names {
  std::atomic<int> calls{0};
  std::counting_semaphore<> permits{0};
};

host_lookup lookup_with(std::shared_ptr<slow_names> names) {
  return [names](const std::string&) {
    ++names->calls;
    names->permits.acquire();
    return std::vector<ip_address>{ip_address::v4({10, 0, 0, 1})};
  };
}

EDDY_TEST(resolver, literal_addresses_are_answered_on_the_loop) {
  set_host_lookup([](const std::string&) -> std::vector<ip_address> { throw std::logic_error("asked for a literal"); });
  const auto v4 = co_await resolve("127.0.0.1", 80);
  const auto v6 = co_await resolve("::1", 443);
  EDDY_ASSERT_EQ(v4.size(), 1U);
  EXPECT_EQ(v4[0].to_string(), "127.0.0.1:80");
  EXPECT_EQ(v6.at(0).to_string(), "[::1]:443");
}

EDDY_IO_TEST(resolver, S47_localhost_is_found_by_the_systems_rules) {
  const auto found = co_await resolve("localhost", 80);
  EDDY_ASSERT_FALSE(found.empty());
  for (const endpoint& each : found) {
    EXPECT_TRUE(each.address().is_loopback());
    EXPECT_EQ(each.port(), 80);
  }
}

EDDY_IO_TEST(resolver, S47_equal_look_ups_in_flight_share_one_call) {
  auto names = std::make_shared<slow_names>();
  set_host_lookup(lookup_with(names));
  auto all = create_task([]() -> coro<std::size_t> {
    auto found = co_await gather(resolve("a.test", 1), resolve("a.test", 2), resolve("a.test", 3));
    EXPECT_EQ(std::get<1>(found).at(0).to_string(), "10.0.0.1:2");
    co_return std::get<0>(found).size() + std::get<2>(found).size();
  });
  co_await sleep(2ms);
  names->permits.release();
  const std::size_t count = co_await std::move(all);
  EXPECT_EQ(count, 2U);
  EXPECT_EQ(names->calls, 1);
  names->permits.release();
  const auto later = co_await resolve("a.test", 4);
  EXPECT_EQ(later.size(), 1U);
  EXPECT_EQ(names->calls, 2) << "nothing is remembered";
}

EDDY_IO_TEST(resolver, S47_a_waiter_leaves_at_once_and_others_still_get_the_answer) {
  auto names = std::make_shared<slow_names>();
  set_host_lookup(lookup_with(names));
  auto patient = create_task([]() -> coro<std::size_t> {
    const auto found = co_await resolve("a.test", 1);
    co_return found.size();
  });
  bool timed_out = false;
  try {
    auto none = co_await wait_for(resolve("a.test", 1), 2ms);
  } catch (const timeout_error&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  names->permits.release();
  const std::size_t count = co_await std::move(patient);
  EXPECT_EQ(count, 1U);
  EXPECT_EQ(names->calls, 1);
}

// The thread is stuck in the system's call when the program ends: nobody waits for it, and it touches nothing of the
// loop.
TEST(resolver, L4_a_call_that_hangs_holds_nobody_up) {
  auto names = std::make_shared<slow_names>();
  run([&names]() -> coro<> {
    set_host_lookup(lookup_with(names));
    auto asks = create_task([] { return resolve("a.test", 1); });
    while (names->calls == 0) co_await sleep(1ms);
    co_await cancel_and_join(asks);
  });
  EXPECT_EQ(names->calls, 1);
  names->permits.release();
}

coro<std::string> failure_for(std::string host) {
  try {
    auto none = co_await resolve(std::move(host), 1);
  } catch (const resolve_error& e) {
    co_return e.what();
  }
  co_return "";
}

EDDY_IO_TEST(resolver, errors_name_the_host) {
  set_host_lookup([](const std::string& host) -> std::vector<ip_address> { throw resolve_error(host, EAI_NONAME); });
  const std::string unknown = co_await failure_for("nowhere.test");
  EXPECT_EQ(unknown, resolve_error("nowhere.test", EAI_NONAME).what());
  set_host_lookup([](const std::string&) { return std::vector<ip_address>(); });
  const std::string empty = co_await failure_for("empty.test");
  EXPECT_EQ(empty, resolve_error("empty.test", EAI_NONAME).what());
  const std::string none = co_await failure_for("");
  EXPECT_EQ(none, resolve_error("", EAI_NONAME).what());
  const std::string hidden = co_await failure_for(std::string("a\0b", 3));
  EXPECT_NE(hidden, "") << "a NUL would hide what follows it from the system";
}

TEST(resolver, L1_a_look_up_may_be_cancelled_anywhere) {
  const auto result = eddy::testing::explore(
      []() -> coro<> {
        set_host_lookup([](const std::string&) { return std::vector<ip_address>{ip_address::loopback_v4()}; });
        auto found = co_await gather(resolve("a.test", 1), resolve("a.test", 2), resolve("::1", 3));
        EXPECT_EQ(std::get<0>(found).size(), 1U);
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GT(result.cancel_points, 3U);
}

}  // namespace
