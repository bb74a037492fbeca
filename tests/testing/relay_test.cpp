// SPDX-License-Identifier: BSL-1.0
#include "eddy/testing/relay.hpp"

#include <array>
#include <system_error>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"

using namespace std::chrono_literals;

namespace {

using eddy::coro;
using eddy::stream;
using eddy::testing::pattern;
using eddy::testing::relay;
using eddy::testing::relay_direction;
using eddy::testing::relay_end;

/// Sends back what comes, and ends when that ends.
coro<> echo(stream peer) {
  try {
    while (true) {
      std::string some = co_await peer.reader().read();
      if (some.empty()) co_return;
      co_await peer.writer().write(some);
    }
  } catch (const std::system_error&) {  // a reset, as the relay was told
  }
}

/// An echo server with `between` in front of it.
template <class Body>
coro<> through(relay (*between)(const eddy::endpoint& server), Body body) {
  auto with_server = [&](eddy::server& s) -> coro<> {
    co_await eddy::with(between(s.endpoints().front()), [&](relay& r) -> coro<> {
      stream client = co_await eddy::open_connection(r.local_endpoint());
      co_await body(r, client);
    });
  };
  co_await eddy::with(eddy::start_server(echo, eddy::endpoint(eddy::ip_address::loopback_v4(), 0)), with_server);
}

/// Whether nothing comes for a moment.
coro<bool> hears_nothing(stream& from) {
  try {
    co_await eddy::wait_for(from.reader().read(), 20ms);
  } catch (const eddy::timeout_error&) {
    co_return true;
  }
  co_return false;
}

/// What reading to the end gives: the bytes, then "end" or "reset" or what else.
coro<std::string> read_out(stream& from) {
  std::string got;
  std::string failure;
  std::array<char, 1000> some{};
  while (failure.empty()) {
    try {
      const std::size_t count = co_await eddy::wait_for(from.reader().read_some(some), 30s);
      got.append(some.data(), count);
      if (count == 0) failure = " end";
    } catch (const std::system_error& e) {
      failure = e.code() == std::errc::connection_reset ? " reset" : e.what();
    }
  }
  co_return got + failure;
}

EDDY_IO_TEST(relay, passes_all_bytes_and_the_end_each_way) {
  const auto plain = [](const eddy::endpoint& server) { return relay(server); };
  co_await through(plain, [](relay& r, stream& client) -> coro<> {
    const std::string text = pattern(300'000);
    auto writing = eddy::create_task([&]() -> coro<> {
      co_await client.writer().write(text);
      co_await client.writer().write_eof();
    });
    const std::string back = co_await client.reader().read_all(1 << 20);
    EXPECT_EQ(back, text);
    EXPECT_EQ(r.stats().to_server, text.size());
    EXPECT_EQ(r.stats().to_client, text.size());
    EXPECT_EQ(r.stats().connections, 1U);
    co_await writing;
  });
}

EDDY_IO_TEST(relay, delays_each_way_and_does_not_lower_the_rate) {
  const auto late = [](const eddy::endpoint& server) { return relay(server).delay(40ms); };
  co_await through(late, [](relay&, stream& client) -> coro<> {
    const auto start = eddy::now();
    for (int i = 0; i < 10; ++i) co_await client.writer().write("0123456789");
    const std::string back = co_await client.reader().read_exactly(std::size_t{100});
    EXPECT_EQ(back.substr(90), "0123456789");
    EXPECT_GE(eddy::now() - start, 80ms);
  });
}

EDDY_IO_TEST(relay, lets_through_no_more_than_its_rate) {
  const auto narrow = [](const eddy::endpoint& server) { return relay(server).throttle(1'000'000); };
  co_await through(narrow, [](relay&, stream& client) -> coro<> {
    const auto start = eddy::now();
    co_await client.writer().write(pattern(60'000));
    const std::string back = co_await client.reader().read_exactly(std::size_t{60'000});
    EXPECT_EQ(back, pattern(60'000));
    EXPECT_GE(eddy::now() - start, 50ms);
  });
}

EDDY_IO_TEST(relay, cuts_into_pieces) {
  const auto chopped = [](const eddy::endpoint& server) { return relay(server).chunk(1); };
  co_await through(chopped, [](relay& r, stream& client) -> coro<> {
    co_await client.writer().write(pattern(200));
    const std::string back = co_await client.reader().read_exactly(std::size_t{200});
    EXPECT_EQ(back, pattern(200));
    EXPECT_EQ(r.stats().pieces, 400U);
  });
}

EDDY_IO_TEST(relay, ends_after_so_many_bytes_in_order) {
  const auto cut = [](const eddy::endpoint& server) {
    return relay(server).end_after(relay_direction::to_client, 5, relay_end::orderly);
  };
  co_await through(cut, [](relay&, stream& client) -> coro<> {
    co_await client.writer().write("0123456789");
    const std::string got = co_await read_out(client);
    EXPECT_EQ(got, "01234 end");
  });
}

EDDY_IO_TEST(relay, ends_by_a_reset) {
  const auto cut = [](const eddy::endpoint& server) {
    return relay(server).end_after(relay_direction::to_server, 3, relay_end::reset);
  };
  co_await through(cut, [](relay& r, stream& client) -> coro<> {
    co_await client.writer().write("0123456789");
    std::string got = co_await read_out(client);
    got.erase(0, got.find(' '));  // the three bytes may or may not have come back before it
    EXPECT_EQ(got, " reset");
    EXPECT_EQ(r.stats().to_server, 3U);
  });
}

EDDY_IO_TEST(relay, ends_one_direction_alone) {
  const auto cut = [](const eddy::endpoint& server) {
    return relay(server).end_after(relay_direction::to_server, 4, relay_end::half);
  };
  co_await through(cut, [](relay&, stream& client) -> coro<> {
    co_await client.writer().write("0123456789");
    const std::string got = co_await read_out(client);  // the server answers to what it got, then ends
    EXPECT_EQ(got, "0123 end");
  });
}

EDDY_IO_TEST(relay, falls_silent) {
  const auto cut = [](const eddy::endpoint& server) {
    return relay(server).end_after(relay_direction::to_client, 2, relay_end::silence);
  };
  co_await through(cut, [](relay& r, stream& client) -> coro<> {
    co_await client.writer().write("0123456789");
    const std::string got = co_await client.reader().read_exactly(std::size_t{2});
    EXPECT_EQ(got, "01");
    const bool silent = co_await hears_nothing(client);
    EXPECT_TRUE(silent);
    EXPECT_EQ(r.stats().open, 1U);
  });
}

EDDY_IO_TEST(relay, stalls_and_goes_on) {
  const auto plain = [](const eddy::endpoint& server) { return relay(server); };
  co_await through(plain, [](relay& r, stream& client) -> coro<> {
    r.stall();
    co_await client.writer().write("late");
    const bool silent = co_await hears_nothing(client);
    EXPECT_TRUE(silent);
    r.resume();
    const std::string got = co_await client.reader().read_exactly(std::size_t{4});
    EXPECT_EQ(got, "late");
  });
}

EDDY_IO_TEST(relay, ends_what_is_open_when_told_to) {
  for (const relay_end how : {relay_end::orderly, relay_end::half, relay_end::reset}) {
    const auto plain = [](const eddy::endpoint& server) { return relay(server); };
    co_await through(plain, [&](relay& r, stream& client) -> coro<> {
      co_await client.writer().write("x");
      const std::string first = co_await client.reader().read_exactly(std::size_t{1});
      EXPECT_EQ(first, "x");
      r.end(how);
      const std::string got = co_await read_out(client);
      EXPECT_EQ(got, how == relay_end::reset ? " reset" : " end");
    });
  }
}

EDDY_IO_TEST(relay, a_server_that_is_not_there_is_a_reset) {
  eddy::endpoint nobody;
  {
    const eddy::listener closed(eddy::endpoint(eddy::ip_address::loopback_v4(), 0));
    nobody = closed.local_endpoint();
  }
  co_await eddy::with(relay(nobody), [](relay& r) -> coro<> {
    stream client = co_await eddy::open_connection(r.local_endpoint());
    const std::string got = co_await read_out(client);
    EXPECT_EQ(got, " reset");
  });
}

TEST(relay, L5_may_be_disturbed_anywhere) {
  const auto went = eddy::testing::explore(
      []() -> coro<> {
        const auto plain = [](const eddy::endpoint& server) { return relay(server).delay(1us); };
        co_await through(plain, [](relay&, stream& client) -> coro<> {
          co_await client.writer().write("x");
          const std::string back = co_await client.reader().read_exactly(std::size_t{1});
          EXPECT_EQ(back, "x");
        });
      },
      eddy::testing::explore_options().clock(eddy::testing::test_clock::real_time));
  EXPECT_GT(went.cancel_points, 10U);
}

EDDY_TEST(relay, L9_a_setting_that_would_pass_nothing_is_refused) {
  EXPECT_THROW(relay(eddy::endpoint()).chunk(0), eddy::misuse_error);
  EXPECT_THROW(relay(eddy::endpoint()).throttle(0), eddy::misuse_error);
  EXPECT_THROW(relay(eddy::endpoint()).local_endpoint(), eddy::misuse_error);
  co_return;
}

}  // namespace
