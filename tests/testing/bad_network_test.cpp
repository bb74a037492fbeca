// SPDX-License-Identifier: BSL-1.0
// Streams and servers with a bad network between them: what came stays, what did not come is an error, nobody hangs.
#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/relay.hpp"
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

/// What a server that answers each line with `size` bytes has seen.
struct seen {
  std::vector<std::string> lines;
  std::vector<std::string> ends;  // of its handlers
};

class answering {
 public:
  answering(seen& notes, std::size_t size) noexcept : notes_(&notes), size_(size) {}
  coro<> operator()(stream peer) const { return answer(*notes_, size_, std::move(peer)); }

 private:
  static coro<> answer(seen& notes, std::size_t size, stream peer) {
    try {
      auto lines = peer.reader().lines();
      while (true) {
        std::optional<std::string> line = co_await lines.next();
        if (!line) break;
        notes.lines.push_back(std::move(*line));
        co_await peer.writer().write(pattern(size));
      }
      notes.ends.emplace_back("end");
    } catch (const std::system_error& e) {
      notes.ends.emplace_back(e.code() == std::errc::connection_reset || e.code() == std::errc::broken_pipe ? "reset"
                                                                                                            : e.what());
    }
  }

  seen* notes_;
  std::size_t size_;
};

/// Runs `body` with a relay that `make` has made for the server, and leaves both in order.
template <class Make, class Body>
coro<> over(seen& notes, std::size_t size, Make make, Body body) {
  const answering handler(notes, size);
  auto with_relay = [&](eddy::server& s) -> coro<> {
    relay between = make(s.endpoints().front());
    co_await eddy::with(std::move(between), [&](relay& r) -> coro<> { co_await body(r); });
  };
  co_await eddy::with(eddy::start_server(handler, eddy::endpoint(eddy::ip_address::loopback_v4(), 0)), with_relay);
}

EDDY_IO_TEST(bad_network, S44_late_narrow_and_cut_into_bytes_all_of_it_arrives) {
  seen notes;
  const auto bad = [](const eddy::endpoint& to) { return relay(to).delay(2ms).chunk(1).throttle(1'000'000); };
  co_await over(notes, 3000, bad, [](relay& r) -> coro<> {
    stream client = co_await eddy::open_connection(r.local_endpoint());
    co_await client.writer().write("one\ntwo\n");
    co_await client.writer().write_eof();
    const std::string got = co_await client.reader().read_all(10'000);
    EXPECT_EQ(got, pattern(3000) + pattern(3000));
  });
  EXPECT_EQ(notes.lines, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(notes.ends, std::vector<std::string>{"end"});
}

EDDY_IO_TEST(bad_network, S44_an_end_in_the_middle_is_an_error_with_what_had_come) {
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{2999}}) {
    seen notes;
    const auto bad = [&](const eddy::endpoint& to) {
      return relay(to).end_after(relay_direction::to_client, cut, relay_end::orderly);
    };
    co_await over(notes, 3000, bad, [&](relay& r) -> coro<> {
      stream client = co_await eddy::open_connection(r.local_endpoint());
      std::string partial = "nothing was thrown";
      try {
        co_await client.writer().write("one\n");
        const std::string unused = co_await client.reader().read_exactly(std::size_t{3000});
      } catch (const eddy::incomplete_read_error& e) {
        partial = e.partial();
      } catch (const std::system_error&) {  // it was gone before this side had written
        partial = pattern(cut);
      }
      EXPECT_EQ(partial, pattern(cut));
    });
  }
}

EDDY_IO_TEST(bad_network, S44_a_reset_is_an_error_on_both_sides_and_the_server_goes_on) {
  seen notes;
  const auto bad = [](const eddy::endpoint& to) {
    return relay(to).end_after(relay_direction::to_client, 1000, relay_end::reset);
  };
  co_await over(notes, 3'000'000, bad, [](relay& r) -> coro<> {
    for (int round = 0; round < 3; ++round) {
      stream client = co_await eddy::open_connection(r.local_endpoint());
      bool reset = false;
      try {
        co_await client.writer().write("one\n");
        const std::string unused = co_await client.reader().read_all(10'000'000);
      } catch (const std::system_error& e) {
        reset = e.code() == std::errc::connection_reset;
      }
      EXPECT_TRUE(reset);
    }
    EXPECT_EQ(r.stats().connections, 3U);
  });
  EXPECT_EQ(notes.ends, (std::vector<std::string>{"reset", "reset", "reset"}));
}

EDDY_IO_TEST(bad_network, S44_when_one_direction_ends_early_the_answer_still_comes_whole) {
  seen notes;
  const auto bad = [](const eddy::endpoint& to) {
    return relay(to).end_after(relay_direction::to_server, 6, relay_end::half);
  };
  co_await over(notes, 3000, bad, [](relay& r) -> coro<> {
    stream client = co_await eddy::open_connection(r.local_endpoint());
    co_await client.writer().write("one\ntwo\n");
    const std::string got = co_await client.reader().read_all(10'000);
    EXPECT_EQ(got, pattern(3000) + pattern(3000));
  });
  EXPECT_EQ(notes.lines, (std::vector<std::string>{"one", "tw"}));
}

EDDY_IO_TEST(bad_network, S24_what_came_before_a_silence_can_be_read_after_the_limit) {
  seen notes;
  const auto bad = [](const eddy::endpoint& to) {
    return relay(to).end_after(relay_direction::to_client, 100, relay_end::silence);
  };
  co_await over(notes, 3000, bad, [](relay& r) -> coro<> {
    stream client = co_await eddy::open_connection(r.local_endpoint());
    co_await client.writer().write("one\n");
    co_await client.reader().fill_to(100);
    bool silent = false;
    try {
      const std::string unused = co_await eddy::wait_for(client.reader().read_exactly(std::size_t{3000}), 20ms);
    } catch (const eddy::timeout_error&) {
      silent = true;
    }
    EXPECT_TRUE(silent);
    EXPECT_EQ(client.reader().buffered(), pattern(100));
  });
}

EDDY_IO_TEST(bad_network, S24_L12_a_stall_costs_time_and_no_byte) {
  seen notes;
  const auto plain = [](const eddy::endpoint& to) { return relay(to).chunk(100); };
  co_await over(notes, 3000, plain, [](relay& r) -> coro<> {
    stream client = co_await eddy::open_connection(r.local_endpoint());
    std::string got;
    for (int round = 0; round < 5; ++round) {
      r.stall();
      co_await client.writer().write("one\n");
      bool silent = false;
      try {
        const std::string unused = co_await eddy::wait_for(client.reader().read_exactly(std::size_t{3000}), 5ms);
      } catch (const eddy::timeout_error&) {
        silent = true;
      }
      EXPECT_TRUE(silent);
      r.resume();
      const std::string whole = co_await client.reader().read_exactly(std::size_t{3000});
      EXPECT_EQ(whole, pattern(3000));
    }
  });
  EXPECT_EQ(notes.lines.size(), 5U);
}

EDDY_IO_TEST(bad_network, S44_a_peer_that_does_not_read_holds_the_writer_back_and_can_be_left) {
  seen notes;
  const auto plain = [](const eddy::endpoint& to) { return relay(to); };
  co_await over(notes, 0, plain, [](relay& r) -> coro<> {
    stream client = co_await eddy::open_connection(r.local_endpoint());
    r.stall();
    const std::string much = pattern(std::size_t{40} << 20);
    bool held_back = false;
    try {
      co_await eddy::wait_for(client.writer().write(much), 20ms);
    } catch (const eddy::timeout_error&) {
      held_back = true;
    }
    EXPECT_TRUE(held_back);
    EXPECT_LE(client.writer().buffered(), 64U * 1024);
    bool broken = false;
    try {
      co_await client.writer().write("more");
    } catch (const eddy::broken_stream_error&) {
      broken = true;
    }
    EXPECT_TRUE(broken);
  });
}

}  // namespace
