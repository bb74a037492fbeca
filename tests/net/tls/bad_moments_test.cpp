// SPDX-License-Identifier: BSL-1.0
// Peers that leave in the middle, talk rubbish or do not talk: nothing hangs, nothing is left, and each side says why.
#include <gmock/gmock.h>

#include <array>

#include "eddy/coro/task.hpp"
#include "eddy/flow/as_outcome.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/tls/attempt.hpp"
#include "tests/net/tls/pairs.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::one_side;
using eddy::testing::pattern;
using eddy::testing::side_result;
using eddy::testing::test_client;
using eddy::testing::test_server;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

namespace {

enum class cut { fin, reset, silence };

/// Two plain streams with somebody in between, who lets so many bytes through.
class interceptor {
 public:
  interceptor() : client_side_(memory_pipe()), server_side_(memory_pipe()) {}

  stream client() { return std::move(client_side_.first); }
  stream server() { return std::move(server_side_.first); }
  stream& to_client() { return client_side_.second; }
  stream& to_server() { return server_side_.second; }

  /// Bytes that went by, each way.
  std::size_t upward = 0;
  std::size_t downward = 0;

  /// Cuts both connections when `limit` bytes have gone one way.
  coro<> run(bool up, std::size_t limit, cut how) {
    auto there = create_task(
        [this, up, limit]() -> coro<> { co_await carry(to_client(), to_server(), upward, up ? limit : SIZE_MAX); });
    auto back = create_task(
        [this, up, limit]() -> coro<> { co_await carry(to_server(), to_client(), downward, up ? SIZE_MAX : limit); });
    if (up)
      co_await there;
    else
      co_await back;
    co_await cancel_and_join(there);
    co_await cancel_and_join(back);
    if (how == cut::silence) co_await sleep(1h);
    for (stream* each : {&to_client(), &to_server()}) {
      if (how == cut::reset) each->shared()->carrier().close(true);
    }
    co_await sleep(1ms);
    to_client() = stream();
    to_server() = stream();
  }

 private:
  static coro<> carry(stream& from, stream& to, std::size_t& count, std::size_t limit) {
    try {
      while (count < limit) {
        const std::string part = co_await from.reader().read(std::min<std::size_t>(limit - count, 64 * 1024));
        if (part.empty()) co_return co_await to.writer().write_eof();
        co_await to.writer().write(part);
        count += part.size();
      }
    } catch (const std::system_error&) {
    } catch (const closed_error&) {
    }
  }

  std::pair<stream, stream> client_side_;
  std::pair<stream, stream> server_side_;
};

class cut_result {
 public:
  side_result client;
  side_result server;
  std::size_t upward = 0;
  std::size_t downward = 0;
};

coro<cut_result> cut_after(tls::version how_new, bool up, std::size_t limit, cut how) {
  const auto contexts = eddy::testing::steady_contexts();
  const auto client = test_client().resumption(false).max_version(how_new);
  interceptor between;
  auto relay = create_task([&]() -> coro<> { co_await between.run(up, limit, how); });
  auto both = co_await gather(one_side(start_tls(between.client(), client, "localhost")),
                              one_side(start_tls(between.server(), contexts.second)));
  co_await cancel_and_join(relay);
  cut_result result;
  result.client = std::move(std::get<0>(both));
  result.server = std::move(std::get<1>(both));
  result.upward = between.upward;
  result.downward = between.downward;
  co_return result;
}

/// Each number of bytes each way, in steps, for one way to be cut off.
coro<> cut_everywhere(cut how, std::size_t step) {
  for (const tls::version each : {tls::version::v1_2, tls::version::v1_3}) {
    const cut_result whole = co_await cut_after(each, true, SIZE_MAX, cut::fin);
    EXPECT_EQ(whole.client.text + whole.server.text, "");
    EXPECT_GT(whole.upward, 300U);
    EXPECT_GT(whole.downward, 700U);
    for (const bool up : {true, false}) {
      // The last of them are the goodbye, which nobody insists on.
      const std::size_t all = (up ? whole.upward : whole.downward) - 60;
      for (std::size_t limit = 0; limit < all; limit += step) {
        const cut_result ends = co_await cut_after(each, up, limit, how);
        EXPECT_NE(ends.client.text + ends.server.text, "") << (up ? "up " : "down ") << limit;
        for (const side_result* side : {&ends.client, &ends.server}) {
          if (side->text.empty()) continue;
          EXPECT_THAT(side->text, AnyOf(HasSubstr("handshake"), HasSubstr("without a word"), HasSubstr("reset"),
                                        HasSubstr("Broken pipe"), HasSubstr("the stream ended"), HasSubstr("write")))
              << limit;
        }
      }
    }
  }
}

EDDY_TEST(tls_bad_moments, S45_a_peer_may_leave_after_any_byte) { co_await cut_everywhere(cut::fin, 1); }
EDDY_TEST(tls_bad_moments, S45_a_connection_may_be_reset_after_any_byte) { co_await cut_everywhere(cut::reset, 7); }

/// Both sides' handshakes are cut off by silence: each gives up in its own time.
EDDY_TEST(tls_bad_moments, S45_a_peer_may_fall_silent_after_any_byte) {
  const auto contexts = eddy::testing::steady_contexts();
  for (std::size_t limit = 0; limit < 500; limit += 23) {
    for (const bool up : {true, false}) {
      interceptor between;
      auto relay = create_task([&]() -> coro<> { co_await between.run(up, limit, cut::silence); });
      const auto told = co_await eddy::testing::complaint_of(start_tls(between.client(), contexts.first, "localhost"));
      const auto heard = co_await eddy::testing::complaint_of(start_tls(between.server(), contexts.second));
      EXPECT_THAT(told, HasSubstr("30000 ms")) << limit;
      EXPECT_NE(heard, "") << limit;
      co_await cancel_and_join(relay);
    }
  }
}

// -- after the handshake -------------------------------------------------------------------------------------

/// A client whose server is the test itself, behind the encryption: what it says is taken for records.
class behind {
 public:
  coro<> begin() {
    const auto contexts = eddy::testing::steady_contexts();
    relay_ = create_task([this]() -> coro<> { co_await between_.run(false, SIZE_MAX, cut::fin); });
    auto ends =
        co_await eddy::testing::secure_pair({between_.client(), between_.server()}, contexts.first, contexts.second);
    client = std::move(ends.first);
    server = std::move(ends.second);
    co_await sleep(1ms);  // what is under way arrives
  }
  coro<> say(std::string bytes) { co_await between_.to_client().writer().write(bytes); }
  coro<> finish() { co_await cancel_and_join(relay_); }

  stream client;
  stream server;

 private:
  interceptor between_;
  task<> relay_;
};

coro<std::string> end_of_reading(stream& from) {
  try {
    const std::string unused = co_await from.reader().read_all(1 << 20);
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "an orderly end";
}

std::string record(int kind, std::size_t size, char filling) {
  std::string made{static_cast<char>(kind), 3, 3, static_cast<char>(size >> 8U), static_cast<char>(size & 255U)};
  return made + std::string(size, filling);
}

EDDY_TEST(tls_bad_moments, S45_rubbish_between_records_ends_the_stream_with_its_reason) {
  struct {
    const char* name;
    std::string bytes;
    const char* reason;
  } const cases[] = {
      {"text", "HTTP/1.1 400 Bad Request\r\n\r\n", "wrong version number"},
      {"a forged record", record(23, 100, 'x'), "bad record mac"},
      {"a record that is too long", record(23, 17 * 1024, 'x'), "length too long"},
      {"an unencrypted alert", std::string("\x15\x03\x03\x00\x02\x01\x00", 7), ""},
      {"an empty record", record(23, 0, 'x'), ""},
  };
  for (const auto& each : cases) {
    behind scene;
    co_await scene.begin();
    co_await scene.server.writer().write("what came before stays");
    const std::string before = co_await scene.client.reader().read_exactly(22U);
    EXPECT_EQ(before, "what came before stays");
    co_await scene.say(each.bytes);
    const std::string told = co_await end_of_reading(scene.client);
    EXPECT_THAT(told, AllOf(HasSubstr("read: "), HasSubstr(each.reason))) << each.name;
    const std::string again = co_await end_of_reading(scene.client);
    EXPECT_EQ(again, told) << "an error stays";
    const std::string alert = co_await end_of_reading(scene.server);
    EXPECT_THAT(alert, HasSubstr("alert")) << each.name << ": the peer is told";
    co_await scene.finish();
  }
}

EDDY_TEST(tls_bad_moments, S45_a_peer_that_never_answers_the_goodbye_is_waited_for_a_little) {
  auto ends = co_await eddy::testing::secure_memory();
  co_await ends.first.writer().write("all of it");
  const time_point start = now();
  co_await ends.first.close(100ms);
  EXPECT_EQ(now() - start, 100ms);
  const std::string all = co_await ends.second.reader().read_all(100);
  EXPECT_EQ(all, "all of it");
}

EDDY_TEST(tls_bad_moments, S45_close_gives_up_when_the_peer_does_not_read) {
  auto ends = co_await eddy::testing::secure_memory(memory_pipe_options().capacity(100));
  co_await ends.first.writer().write(pattern(10'000));
  bool told = false;
  try {
    co_await ends.first.close(5s);
  } catch (const timeout_error&) {
    told = true;
  }
  EXPECT_TRUE(told);
  const std::string end = co_await end_of_reading(ends.second);
  EXPECT_THAT(end, HasSubstr("reset")) << "a part is not taken for the whole";
}

// A peer may ask for new keys again and again, and not read the answers: they do not pile up without end.
EDDY_TEST(tls_bad_moments, S45_answers_to_key_updates_do_not_pile_up) {
  auto ends = co_await eddy::testing::secure_memory(memory_pipe_options().capacity(2000));
  std::size_t sent = 0;
  auto asking = create_task([&]() -> coro<> {
    while (true) {
      tls::update_keys(ends.first);
      co_await ends.first.writer().write("x");
      ++sent;
    }
  });
  auto reading = create_task([&]() -> coro<> {
    while (true) {
      const std::string part = co_await ends.second.reader().read();
      if (part.empty()) co_return;
    }
  });
  co_await sleep(1h);
  EXPECT_GT(sent, 100U);
  EXPECT_FALSE(asking.done()) << "it waits: the other side reads no more until its answers are taken";
  const std::size_t until_then = sent;
  auto catching_up = create_task([&]() -> coro<> {
    std::array<char, 8> some{};
    const std::size_t unused = co_await ends.first.reader().read_some(some);
    ADD_FAILURE() << "nothing was written, but " << unused << " bytes were read";
  });
  while (sent < until_then + 1000) co_await sleep(0s);  // it goes on when the answers are taken
  co_await cancel_and_join(catching_up);
  co_await cancel_and_join(asking);
  ends.first.abort();
  const auto unused = co_await as_outcome(cancel_and_join(reading));
}

}  // namespace
