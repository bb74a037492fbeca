// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/resolver.hpp"

#include <netdb.h>

#include <atomic>
#include <memory>
#include <semaphore>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/on_cancel.hpp"
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
  const auto later = co_await resolve("a.test", 4);
  EXPECT_EQ(later.size(), 1U);
  EXPECT_EQ(names->calls, 1) << "it is remembered";
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

/// A resolver of one's own: what its `answer` does.
class scripted final : public host_resolver {
 public:
  using script = std::function<coro<std::vector<ip_address>>(std::string host)>;
  explicit scripted(script answer) : answer_(std::move(answer)) {}
  coro<std::vector<ip_address>> look_up(std::string host) override {
    ++calls;
    return answer_(std::move(host));
  }
  int calls = 0;

 private:
  script answer_;
};

std::shared_ptr<scripted> resolve_by(scripted::script answer) {
  auto made = std::make_shared<scripted>(std::move(answer));
  set_host_resolver(made);
  return made;
}

const ip_address ten = ip_address::v4({10, 0, 0, 1});
const ip_address loop6 = ip_address::loopback_v6();

EDDY_TEST(resolver, S47_a_resolver_of_ones_own_is_asked_once_for_all_who_wait) {
  const auto slow = resolve_by([](std::string) -> coro<std::vector<ip_address>> {
    co_await sleep(1s);
    co_return std::vector<ip_address>{ten};
  });
  auto found = co_await gather(resolve("a.test", 1), resolve("a.test", 2), resolve("b.test", 3));
  EXPECT_EQ(std::get<1>(found).at(0).to_string(), "10.0.0.1:2");
  EXPECT_EQ(slow->calls, 2);
}

EDDY_TEST(resolver, S47_an_answer_is_remembered_for_a_few_seconds_and_an_error_is_not) {
  bool fails = false;
  const auto counted = resolve_by([&fails](std::string host) -> coro<std::vector<ip_address>> {
    co_await checkpoint();
    if (fails) throw resolve_error(host, EAI_AGAIN);
    co_return std::vector<ip_address>{ten};
  });
  for (int i = 0; i < 3; ++i) {
    const auto found = co_await resolve("a.test", 1);
    EXPECT_EQ(found.size(), 1U);
  }
  EXPECT_EQ(counted->calls, 1);
  co_await sleep(4s);
  auto found = co_await resolve("a.test", 1);
  EXPECT_EQ(counted->calls, 1);
  co_await sleep(2s);
  found = co_await resolve("a.test", 1);
  EXPECT_EQ(counted->calls, 2) << "5 s are over";
  fails = true;
  for (int i = 0; i < 2; ++i) {
    const std::string failure = co_await failure_for("b.test");
    EXPECT_NE(failure, "");
  }
  EXPECT_EQ(counted->calls, 4);
  set_resolve_cache(0s);
  fails = false;
  found = co_await resolve("c.test", 1);
  found = co_await resolve("c.test", 1);
  EXPECT_EQ(counted->calls, 6) << "nothing is remembered";
}

EDDY_TEST(resolver, S47_the_cache_is_bounded_and_forgets_the_oldest) {
  const auto counted = resolve_by([](std::string) -> coro<std::vector<ip_address>> {
    co_await checkpoint();
    co_return std::vector<ip_address>{ten};
  });
  set_resolve_cache(1h, 2);
  for (const char* host : {"a", "b", "c", "c", "b", "a"}) {
    const auto found = co_await resolve(host, 1);
    EXPECT_EQ(found.size(), 1U);
  }
  EXPECT_EQ(counted->calls, 4) << "a had to go for c";
}

EDDY_TEST(resolver, S47_answers_that_lie_are_put_in_order) {
  resolve_by([](std::string host) -> coro<std::vector<ip_address>> {
    co_await checkpoint();
    std::vector<ip_address> answer;
    if (host == "twice") answer = {ten, loop6, ten, ten, loop6};
    for (int i = 0; host == "thousands" && i < 5000; ++i)
      answer.push_back(ip_address::v4({10, 1, static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i % 256)}));
    if (host == "throws") throw std::runtime_error("no resolve_error at all");
    co_return answer;
  });
  const auto twice = co_await resolve("twice", 1);
  EDDY_ASSERT_EQ(twice.size(), 2U);
  EXPECT_EQ(twice[0].address(), ten);
  EXPECT_EQ(twice[1].address(), loop6);
  const auto six = co_await resolve("twice", 1, ip_family::v6);
  EXPECT_EQ(six.size(), 1U);
  const auto thousands = co_await resolve("thousands", 1);
  EXPECT_EQ(thousands.size(), 256U);
  EXPECT_EQ(thousands.back().to_string(), "10.1.0.255:1");
  const std::string empty = co_await failure_for("nothing");
  EXPECT_EQ(empty, resolve_error("nothing", EAI_NONAME).what());
  bool wrong_family = false;
  try {
    const auto none = co_await resolve("thousands", 1, ip_family::v6);
  } catch (const resolve_error& e) {
    wrong_family = e.code() == EAI_ADDRFAMILY;
  }
  EXPECT_TRUE(wrong_family);
  std::string other;
  try {
    const auto none = co_await resolve("throws", 1);
  } catch (const std::runtime_error& e) {
    other = e.what();
  }
  EXPECT_EQ(other, "no resolve_error at all");
}

EDDY_TEST(resolver, S47_an_endless_look_up_is_cancelled_when_nobody_waits_for_it_any_more) {
  int ended = 0;
  const auto endless = resolve_by([&ended](std::string host) -> coro<std::vector<ip_address>> {
    const auto note = on_exit([&ended] { ++ended; });
    while (host == "busy") co_await checkpoint();  // never waits, never ends
    co_await sleep(1000h);
    co_return std::vector<ip_address>();
  });
  for (const char* host : {"busy", "sleepy"}) {
    auto patient = create_task([host] { return resolve(host, 1); });
    auto impatient = create_task([host] { return resolve(host, 1); });
    co_await sleep(host[0] == 'b' ? 0s : 1s);
    co_await cancel_and_join(impatient);
    co_await sleep(0s);
    EXPECT_EQ(ended, host[0] == 'b' ? 0 : 1) << "one still waits";
    co_await cancel_and_join(patient);
    for (int i = 0; i < 5; ++i) co_await sleep(0s);
    EXPECT_EQ(ended, host[0] == 'b' ? 1 : 2);
  }
  EXPECT_EQ(endless->calls, 2);
}

EDDY_TEST(resolver, S47_a_new_resolver_answers_who_asks_from_now_on) {
  resolve_by([](std::string) -> coro<std::vector<ip_address>> {
    co_await sleep(1s);
    co_return std::vector<ip_address>{loop6};
  });
  auto old = create_task([] { return resolve("a.test", 1); });
  co_await sleep(0s);
  resolve_by([](std::string) -> coro<std::vector<ip_address>> {
    co_await checkpoint();
    co_return std::vector<ip_address>{ten};
  });
  const auto now = co_await resolve("a.test", 1);
  EXPECT_EQ(now.at(0).address(), ten);
  const auto before = co_await std::move(old);
  EXPECT_EQ(before.at(0).address(), loop6);
  const auto again = co_await resolve("a.test", 1);
  EXPECT_EQ(again.at(0).address(), ten) << "the late answer is not remembered";
}

TEST(resolver, L1_L5_a_look_up_by_a_coroutine_may_be_disturbed_anywhere) {
  const auto result = eddy::testing::explore(
      []() -> coro<> {
        resolve_by([](std::string) -> coro<std::vector<ip_address>> {
          co_await sleep(1ms);
          co_return std::vector<ip_address>{ten};
        });
        auto found = co_await gather(resolve("a.test", 1), resolve("a.test", 2), resolve("b.test", 3));
        EXPECT_EQ(std::get<0>(found).size(), 1U);
        const auto known = co_await resolve("a.test", 4);
        EXPECT_EQ(known.size(), 1U);
      },
      eddy::testing::explore_options().everything());
  EXPECT_GT(result.cancel_points, 5U);
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
