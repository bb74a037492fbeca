// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/listener.hpp"

#include <optional>

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/testing/test.hpp"

using namespace eddy;
using namespace std::chrono_literals;

namespace {

const endpoint any_port(ip_address::loopback_v4(), 0);

coro<> ended(task<>& t) {
  try {
    co_await t;
  } catch (const cancelled_error&) {
  }
}

EDDY_IO_TEST(listener, L12_a_cancelled_accept_loses_no_connection) {
  listener at(any_port);
  bool timed_out = false;
  try {
    stream none = co_await wait_for(at.accept(), 1ms);
  } catch (const timeout_error&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  stream one = co_await open_connection(at.local_endpoint());
  stream two = co_await open_connection(at.local_endpoint());
  stream first = co_await at.accept();
  stream second = co_await at.accept();
  EXPECT_EQ(first.remote_endpoint(), one.local_endpoint());
  EXPECT_EQ(second.remote_endpoint(), two.local_endpoint());
}

EDDY_IO_TEST(listener, close_ends_an_accept_that_waits) {
  listener at(any_port);
  auto waiting = create_task([&at]() -> coro<std::string> {
    try {
      stream none = co_await at.accept();
    } catch (const closed_error& e) {
      co_return e.what();
    }
    co_return "";
  });
  co_await sleep(1ms);
  at.close();
  at.close();
  const std::string told = co_await std::move(waiting);
  EXPECT_EQ(told, "this listener was closed");
  EXPECT_THROW(at.port(), closed_error);
  bool again = false;
  try {
    stream none = co_await at.accept();
  } catch (const closed_error&) {
    again = true;
  }
  EXPECT_TRUE(again);
}

EDDY_IO_TEST(listener, a_port_is_free_as_soon_as_its_listener_is_closed) {
  std::optional<listener> first(std::in_place, any_port);
  auto waiting = create_task([&first]() -> coro<> {
    try {
      stream none = co_await first->accept();
    } catch (const closed_error&) {
    }
  });
  co_await sleep(1ms);
  const endpoint where = first->local_endpoint();
  first.reset();  // gone, while its accept may still be with the system
  listener second(where);
  stream client = co_await open_connection(where);
  stream server = co_await second.accept();
  EXPECT_EQ(server.remote_endpoint(), client.local_endpoint());
  co_await waiting;
}

EDDY_IO_TEST(listener, L1_an_accept_that_is_closed_and_cancelled_in_one_step_ends_once) {
  for (const bool cancel_first : {true, false}) {
    listener at(any_port);
    auto waiting = create_task([&at]() -> coro<> {
      try {
        stream none = co_await at.accept();
      } catch (const closed_error&) {
      }
    });
    co_await sleep(1ms);
    if (cancel_first) waiting.cancel();
    at.close();
    waiting.cancel();
    co_await ended(waiting);
    EXPECT_TRUE(waiting.done());
    EXPECT_TRUE(waiting.cancelled() || !cancel_first);
  }
}

EDDY_IO_TEST(listener, L12_an_accept_that_is_cancelled_as_a_connection_comes_loses_none) {
  listener at(any_port);
  for (int round = 0; round < 20; ++round) {
    std::optional<stream> taken;
    auto waiting = create_task([&]() -> coro<> { taken = co_await at.accept(); });
    co_await sleep(0s);
    if (round % 2 == 1) co_await sleep(100us);
    stream client = co_await open_connection(at.local_endpoint());
    waiting.cancel();
    co_await ended(waiting);
    if (!taken) taken = co_await at.accept();
    EXPECT_EQ(taken->remote_endpoint(), client.local_endpoint());
  }
}

EDDY_IO_TEST(listener, a_port_that_is_taken_is_an_error_naming_it) {
  listener at(any_port);
  std::string text;
  try {
    listener second(at.local_endpoint());
  } catch (const std::system_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "cannot listen on " + at.local_endpoint().to_string() + ": Address already in use");
  co_return;
}

EDDY_IO_TEST(listener, several_may_share_a_port_when_all_of_them_say_so) {
  listener::settings shared;
  shared.reuse_port = true;
  listener one(any_port, shared);
  listener two(one.local_endpoint(), shared);
  EXPECT_EQ(one.port(), two.port());
  co_return;
}

EDDY_IO_TEST(listener, L9_two_accepts_at_a_time_are_refused) {
  listener at(any_port);
  auto waiting = create_task([&at]() -> coro<> { stream got = co_await at.accept(); });
  co_await sleep(0s);
  bool refused = false;
  try {
    stream none = co_await at.accept();
  } catch (const misuse_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  stream client = co_await open_connection(at.local_endpoint());
  co_await waiting;
}

}  // namespace
