// SPDX-License-Identifier: BSL-1.0
// RFC 8305, sections 4 and 5: the order of addresses, and attempts that race.
#include "eddy/net/detail/connection_race.hpp"

#include <gmock/gmock.h>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/net/listener.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/resolver.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

const ip_address v4 = ip_address::loopback_v4();
const ip_address v6 = ip_address::loopback_v6();
// Nobody listens on these two.
const ip_address other_v4 = ip_address::v4({127, 0, 0, 2});
const ip_address third_v4 = ip_address::v4({127, 0, 0, 3});

/// A listener that takes no connections and whose queue is full: who connects there hears nothing.
class silent_listener {
 public:
  static coro<std::unique_ptr<silent_listener>> make(ip_address on, std::uint16_t port = 0) {
    auto made = std::make_unique<silent_listener>(endpoint(on, port));
    for (bool full = false; !full;) {
      auto filling = detail::socket::make(on);
      // Loopback connects at once, as long as there is room.
      const auto connected = co_await as_outcome(wait_for(connect(*filling, made->at()), 200ms));
      full = connected.has_exception();
      made->queue_.push_back(std::move(filling));
    }
    co_return made;
  }
  explicit silent_listener(const endpoint& on) : listener_(on, narrow()) {}
  endpoint at() const { return listener_.local_endpoint(); }
  std::uint16_t port() const { return at().port(); }

 private:
  static listener::settings narrow() {
    listener::settings made;
    made.backlog = 0;
    return made;
  }
  static coro<int> connect(detail::socket& from, endpoint to) { co_return co_await from.connect(to); }

  listener listener_;
  std::vector<detail::owned<detail::socket>> queue_;
};

void host_has(std::vector<ip_address> addresses) {
  set_host_lookup([addresses](const std::string&) { return addresses; });
}

std::vector<endpoint> on_port_80(const std::vector<ip_address>& addresses) {
  std::vector<endpoint> all;
  for (const ip_address& each : addresses) all.emplace_back(each, 80);
  return all;
}

std::string order_of(const std::vector<ip_address>& addresses, std::size_t first) {
  std::string text;
  for (const endpoint& each : detail::interleaved(on_port_80(addresses), first)) {
    text += each.address().is_v6() ? "6." : "4.";
    text += std::to_string(each.address().bytes()[each.address().is_v6() ? 15 : 3]) + " ";
  }
  return text;
}

ip_address six(std::uint8_t number) { return ip_address::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number}); }
ip_address four(std::uint8_t number) { return ip_address::v4({10, 0, 0, number}); }

TEST(connection_race, S47_families_take_turns_beginning_with_the_one_that_came_first) {
  EXPECT_EQ(order_of({six(1), six(2), six(3), four(1), four(2)}, 1), "6.1 4.1 6.2 4.2 6.3 ");
  EXPECT_EQ(order_of({four(1), six(1), six(2)}, 1), "4.1 6.1 6.2 ");
  EXPECT_EQ(order_of({six(1), six(2), six(3), four(1), four(2)}, 2), "6.1 6.2 4.1 6.3 4.2 ");
  EXPECT_EQ(order_of({six(1), six(2), four(1)}, 0), "6.1 6.2 4.1 ");
  EXPECT_EQ(order_of({four(1), four(2)}, 1), "4.1 4.2 ");
  EXPECT_EQ(order_of({six(1)}, 9), "6.1 ");
  EXPECT_EQ(order_of({}, 1), "");
}

EDDY_IO_TEST(connection_race, S47_an_address_that_does_not_answer_holds_nobody_up) {
  auto silent = co_await silent_listener::make(other_v4);
  listener good(endpoint(v4, silent->port()));
  host_has({other_v4, v4});
  stream made = co_await open_connection("shop.test", good.port()).happy_eyeballs_delay(5ms).timeout(60s);
  EXPECT_EQ(made.remote_endpoint(), good.local_endpoint());
}

EDDY_IO_TEST(connection_race, S47_one_that_fails_makes_the_next_begin_at_once) {
  listener good(endpoint(v4, 0));
  host_has({v6, other_v4, third_v4, v4});
  // Would wait an hour for each of three.
  stream made = co_await open_connection("shop.test", good.port()).happy_eyeballs_delay(1h).timeout(60s);
  EXPECT_EQ(made.remote_endpoint(), good.local_endpoint());
}

EDDY_IO_TEST(connection_race, S47_a_failure_wakes_the_race_while_another_is_under_way) {
  auto silent = co_await silent_listener::make(other_v4);
  listener good(endpoint(v4, silent->port()));
  host_has({other_v4, third_v4, v4});  // silent, refused, good
  stream made = co_await open_connection("shop.test", good.port()).happy_eyeballs_delay(20ms).timeout(60s);
  EXPECT_EQ(made.remote_endpoint(), good.local_endpoint());
}

EDDY_IO_TEST(connection_race, S47_ipv6_is_preferred_when_both_answer) {
  listener six_listens(endpoint(v6, 0));
  listener four_listens(endpoint(v4, six_listens.port()));
  host_has({v6, v4});
  stream made = co_await open_connection("shop.test", six_listens.port()).happy_eyeballs_delay(10s);
  EXPECT_EQ(made.remote_endpoint(), six_listens.local_endpoint());
  stream only_four = co_await open_connection("shop.test", six_listens.port()).family(ip_family::v4);
  EXPECT_EQ(only_four.remote_endpoint(), four_listens.local_endpoint());
}

EDDY_IO_TEST(connection_race, S47_the_error_lists_each_attempt_with_its_error_and_its_times) {
  listener closed(endpoint(v4, 0));
  const std::uint16_t port = closed.port();
  closed.close();
  host_has({v6, v4, other_v4});
  std::vector<connect_error::attempt> attempts;
  std::string text;
  try {
    stream none = co_await open_connection("shop.test", port);
  } catch (const connect_error& e) {
    attempts = e.attempts();
    text = e.what();
  }
  EDDY_ASSERT_EQ(attempts.size(), 3U);
  std::chrono::nanoseconds before{-1};
  for (const auto& each : attempts) {
    EXPECT_EQ(each.error, std::errc::connection_refused) << each.address.to_string();
    EXPECT_GE(each.began, before);
    EXPECT_GE(each.took, 0ns);
    before = each.began;
  }
  EXPECT_THAT(text, HasSubstr("cannot connect to shop.test:"));
  EXPECT_THAT(text, HasSubstr("; 127.0.0.1:"));
  EXPECT_THAT(text, HasSubstr(": Connection refused after 0 ms"));
}

// The winner is kept, and the others' descriptors are gone: the leak check of this test sees those that stay.
EDDY_IO_TEST(connection_race, S47_all_at_once_gives_one_connection) {
  listener one(endpoint(v4, 0));
  listener two(endpoint(other_v4, one.port()));
  host_has({v4, other_v4});
  stream made = co_await open_connection("shop.test", one.port()).happy_eyeballs_delay(0s);
  EXPECT_TRUE(made.remote_endpoint() == one.local_endpoint() || made.remote_endpoint() == two.local_endpoint());
}

EDDY_IO_TEST(connection_race, S47_a_look_up_that_never_ends_meets_the_limit) {
  class endless final : public host_resolver {
   public:
    coro<std::vector<ip_address>> look_up(std::string) override {
      co_await sleep(1000h);
      co_return std::vector<ip_address>();
    }
  };
  set_host_resolver(std::make_shared<endless>());
  std::string text;
  try {
    stream none = co_await open_connection("shop.test", 80).timeout(10ms);
  } catch (const timeout_error& e) {
    text = e.what();
  }
  EXPECT_THAT(text, HasSubstr("limit of 10 ms reached"));
  EXPECT_THAT(text, HasSubstr("the addresses of shop.test"));
}

EDDY_IO_TEST(connection_race, S47_of_thousands_of_addresses_a_bounded_number_is_tried) {
  listener closed(endpoint(v4, 0));
  const std::uint16_t port = closed.port();
  closed.close();
  std::vector<ip_address> thousands;
  for (int i = 1; i < 5000; ++i)
    thousands.push_back(
        ip_address::v4({127, 1, static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i % 256)}));
  host_has(thousands);
  std::size_t tried = 0;
  try {
    stream none = co_await open_connection("shop.test", port);
  } catch (const connect_error& e) {
    tried = e.attempts().size();
  }
  EXPECT_EQ(tried, 256U);
}

EDDY_IO_TEST(connection_race, S44_comes_from_the_local_address_that_was_asked_for) {
  listener at(endpoint(v4, 0));
  stream made = co_await open_connection(at.local_endpoint()).local(endpoint(other_v4, 0));
  stream far = co_await at.accept();
  EXPECT_EQ(far.remote_endpoint()->address(), other_v4);
  EXPECT_EQ(far.remote_endpoint(), made.local_endpoint());
  // Its family decides which addresses of a host are tried.
  host_has({v6, v4});
  stream by_name = co_await open_connection("shop.test", at.port()).local(endpoint(third_v4, 0));
  EXPECT_EQ(by_name.local_endpoint()->address(), third_v4);
  bool refused = false;
  try {
    stream none = co_await open_connection(at.local_endpoint()).local(endpoint(ip_address::v4({192, 0, 2, 1}), 0));
  } catch (const connect_error& e) {
    refused = e.code() == std::errc::address_not_available;
  }
  EXPECT_TRUE(refused);
}

TEST(connection_race, L1_L5_a_race_may_be_disturbed_anywhere_and_leaves_nothing_open) {
  const auto result = eddy::testing::explore(
      []() -> coro<> {
        listener at(endpoint(v4, 0));
        host_has({v6, other_v4, v4});
        stream made = co_await open_connection("shop.test", at.port()).happy_eyeballs_delay(1ms);
        EXPECT_EQ(made.remote_endpoint(), at.local_endpoint());
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time).everything());
  EXPECT_GT(result.cancel_points, 5U);
  EXPECT_GT(result.faults, 3U);
}

TEST(connection_race, L1_L5_a_race_against_a_silent_peer_may_be_cancelled_anywhere) {
  const auto result = eddy::testing::explore(
      []() -> coro<> {
        listener::settings narrow;
        narrow.backlog = 0;
        listener silent(endpoint(other_v4, 0), narrow);
        std::vector<detail::owned<detail::socket>> queue;
        for (int i = 0; i < 3; ++i) {
          queue.push_back(detail::socket::make(v4));
          sockaddr_storage to{};
          const socklen_t size = silent.local_endpoint().to_system(to);
          ::connect(queue.back()->fd(), reinterpret_cast<const sockaddr*>(&to), size);
        }
        listener good(endpoint(v4, silent.port()));
        host_has({other_v4, v4});
        stream made = co_await open_connection("shop.test", good.port()).happy_eyeballs_delay(1ms);
        EXPECT_EQ(made.remote_endpoint(), good.local_endpoint());
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GT(result.cancel_points, 5U);
}

}  // namespace
