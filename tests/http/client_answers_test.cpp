// SPDX-License-Identifier: BSL-1.0
// What servers answer, well or badly, and what becomes of it.
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "eddy/flow/with.hpp"
#include "eddy/http/client.hpp"
#include "eddy/testing/test.hpp"
#include "origin.hpp"

namespace eddy::http {
namespace {

using test::failure_of;
using test::ok;
using test::origin;
using test::read_request;

std::string gzip(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

/// Sends these bytes to every request and closes.
origin closing_after(std::string bytes) {
  return origin::running([bytes = std::move(bytes)](stream& io, int) {
    return [](stream& s, std::string text) -> coro<> {
      const std::string request = co_await read_request(s);
      co_await s.writer().write(text);
    }(io, bytes);
  });
}

class answer_case {
 public:
  answer_case(const char* n, std::string b, std::string t, bool kept)
      : name(n), bytes(std::move(b)), body(std::move(t)), reused(kept) {}
  const char* name;
  std::string bytes;
  std::string body;
  bool reused;
};

EDDY_TEST(client_answers, S50_bodies_of_every_framing) {
  const std::vector<answer_case> table{
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", true},
      {"no bytes", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc", true},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", "", true},
      {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "", true},
      {"interim answers",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
       "1\r\n\r\nz",
       "z", true},
      {"connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "abc", false},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", false},
      {"HTTP/1.0 keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", "abc", true},
      {"more than the answer", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n", "abc", false},
  };
  for (const answer_case& each : table) {
    const origin site = origin::answering([&](const std::string&, int) { return each.bytes; });
    client c(site.options());
    const reply r = co_await c.get("http://h/");
    EXPECT_EQ(r.bytes(), each.body) << each.name;
    co_await c.get("http://h/");
    EXPECT_EQ(site.connections(), each.reused ? 1 : 2) << each.name;
  }
}

EDDY_TEST(client_answers, S50_a_body_may_end_with_the_connection) {
  const origin site = closing_after("HTTP/1.1 200 OK\r\n\r\nto the end");
  client c(site.options());
  const reply r = co_await c.get("http://h/");
  EXPECT_EQ(r.bytes(), "to the end");
  EXPECT_EQ(c.statistics().connections, 0U);
}

EDDY_TEST(client_answers, S50_head_has_no_body_and_keeps_the_connection) {
  const origin site = origin::answering([](const std::string& request, int) {
    return request.starts_with("HEAD ")
               ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\n")
               : ok("x");
  });
  client c(site.options());
  const reply r = co_await c.head("http://h/");
  EXPECT_EQ(r.bytes(), "");
  EXPECT_EQ(r.headers().get("Content-Length"), "5");
  const reply after = co_await c.get("http://h/");
  EXPECT_EQ(after.bytes(), "x");
  EXPECT_EQ(site.connections(), 1);
}

EDDY_TEST(client_answers, S50_trailers_are_kept_apart) {
  const origin site = origin::answering([](const std::string&, int) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n";
  });
  client c(site.options());
  const reply r = co_await c.get("http://h/");
  EXPECT_EQ(r.trailers().get("x-sum"), "7");
  EXPECT_FALSE(r.headers().contains("x-sum"));
}

EDDY_TEST(client_answers, S50_compressed_bodies_are_decoded) {
  const std::string text(100'000, 'a');
  const origin site = origin::answering([&](const std::string& request, int) {
    const bool asked = request.find("Accept-Encoding: gzip, deflate\r\n") != std::string::npos;
    return ok(gzip(text), asked ? "Content-Encoding: gzip\r\n" : "");
  });
  client c(site.options());
  const reply decoded = co_await c.get("http://h/");
  EXPECT_EQ(decoded.bytes(), text);
  EXPECT_FALSE(decoded.headers().contains("Content-Encoding"));
  EXPECT_FALSE(decoded.headers().contains("Content-Length"));
  const reply raw = co_await c.get("http://h/").decode(false);
  EXPECT_EQ(raw.bytes(), gzip(text));
  EXPECT_EQ(site.connections(), 1);
}

EDDY_TEST(client_answers, S50_text_comes_by_its_charset) {
  const origin site = origin::answering(
      [](const std::string&, int) { return ok("caf\xe9", "Content-Type: text/plain; charset=iso-8859-1\r\n"); });
  client c(site.options());
  const reply r = co_await c.get("http://h/");
  EXPECT_EQ(r.text(), "caf\xc3\xa9");
}

EDDY_TEST(client_answers, S50_a_large_body_of_known_size_arrives_whole) {
  std::string large(3'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i * 31 % 26);
  const origin site = origin::answering([&](const std::string&, int) { return ok(large); });
  client c(site.options());
  const reply r = co_await c.get("http://h/");
  EXPECT_TRUE(r.bytes() == large);
  co_await c.get("http://h/");
  EXPECT_EQ(site.connections(), 1);
}

class fault_case {
 public:
  fault_case(const char* n, client_errc k, std::string b) : name(n), kind(k), bytes(std::move(b)) {}
  const char* name;
  client_errc kind;
  std::string bytes;
};

EDDY_TEST(client_answers, L1_a_bad_answer_has_a_kind_and_costs_the_connection) {
  const std::string bomb = gzip(std::string(4'000'000, 'x'));
  const std::vector<fault_case> table{
      {"nothing", client_errc::disconnected, ""},
      {"garbage", client_errc::protocol, "SSH-2.0-OpenSSH_9.2\r\n"},
      {"folded line", client_errc::protocol, "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"},
      {"two lengths", client_errc::protocol, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"},
      {"101", client_errc::protocol, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"},
      {"bad chunk", client_errc::protocol, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"},
      {"half a head", client_errc::truncated, "HTTP/1.1 200 OK\r\nContent-Le"},
      {"half a body", client_errc::truncated, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
      {"half a chunk", client_errc::truncated, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"},
      {"half a gzip", client_errc::truncated, ok(gzip("hello hello").substr(0, 20), "Content-Encoding: gzip\r\n")},
      {"no gzip", client_errc::decode, ok("plain text", "Content-Encoding: gzip\r\n")},
      {"unknown coding", client_errc::decode, ok("x", "Content-Encoding: zstd\r\n")},
      {"too large by length", client_errc::too_large, ok(std::string(2'000'001, 'x'))},
      {"too large by chunks", client_errc::too_large,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" + std::string(0x200000, 'x') +
           "\r\n0\r\n\r\n"},
      {"too large to the end", client_errc::too_large, "HTTP/1.1 200 OK\r\n\r\n" + std::string(2'000'001, 'x')},
      {"bomb", client_errc::expansion, ok(bomb, "Content-Encoding: gzip\r\n")},
      {"endless interim", client_errc::protocol,
       [] {
         std::string all;
         for (int i = 0; i < 40; ++i) all += "HTTP/1.1 102 Processing\r\n\r\n";
         return all;
       }()},
  };
  for (const fault_case& each : table) {
    const origin site = closing_after(each.bytes);
    client c(site.options());
    const bool is_bomb = each.kind == client_errc::expansion;
    const client_error e = co_await failure_of(c.get("http://h/p").max_body(is_bomb ? 64'000'000U : 2'000'000U));
    EXPECT_EQ(to_string(e.kind()), to_string(each.kind)) << each.name << ": " << e.what();
    EXPECT_TRUE(std::string(e.what()).starts_with("get http://h/p: ")) << e.what();
    EXPECT_EQ(c.statistics().connections, 0U) << each.name;
  }
}

EDDY_TEST(client_answers, S50_a_body_of_just_the_limit_is_taken) {
  const origin site =
      origin::answering([](const std::string&, int) { return ok(gzip("12345"), "Content-Encoding: gzip\r\n"); });
  client c(site.options());
  const reply r = co_await c.get("http://h/").max_body(5);
  EXPECT_EQ(r.bytes(), "12345");
  const client_error e = co_await failure_of(c.get("http://h/").max_body(4));
  EXPECT_EQ(e.kind(), client_errc::too_large);
}

EDDY_TEST(client_answers, S50_an_early_answer_is_heard_while_a_large_body_is_being_sent) {
  const origin site = origin::running([](stream& io, int) {
    return [](stream& s) -> coro<> {
      std::string some = co_await s.reader().read(100);
      co_await s.writer().write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nstop");
      co_await s.writer().drain();
      while (!(co_await s.reader().read(1)).empty()) {  // never the whole of it: the client closes
      }
    }(io);
  });
  client c(site.options());
  const reply r = co_await c.post("http://h/").body(std::string(10'000'000, 'x'));
  EXPECT_EQ(r.status(), 413);
  EXPECT_EQ(r.bytes(), "stop");
  EXPECT_EQ(c.statistics().connections, 0U);  // what the server reads next is half a body
}

EDDY_TEST(client_answers, S50_a_large_body_is_sent_whole) {
  std::size_t got = 0;
  const origin site = origin::answering([&](const std::string& request, int) {
    got = request.size() - request.find("\r\n\r\n") - 4;
    return ok("thanks");
  });
  client c(site.options());
  const reply r = co_await c.put("http://h/").body(std::string(1'000'000, 'x'));
  EXPECT_EQ(r.bytes(), "thanks");
  EXPECT_EQ(got, 1'000'000U);
  co_await c.get("http://h/");
  EXPECT_EQ(site.connections(), 1);
}

EDDY_TEST(client_answers, S52_a_bad_status_is_an_answer_until_it_is_raised) {
  const origin site = origin::answering([](const std::string&, int) {
    return "HTTP/1.1 404 Not Found\r\nContent-Length: 22\r\n\r\nno such\npage, \x01mate  !";
  });
  client c(site.options());
  const reply r = co_await c.get("http://h/x");
  EXPECT_FALSE(r.ok());
  try {
    r.raise_for_status();
    ADD_FAILURE() << "it did not throw";
  } catch (const status_error& e) {
    EXPECT_STREQ(e.what(), "get http://h/x: 404 Not Found: no such page,  mate  !");
    EXPECT_EQ(e.status(), 404);
    EXPECT_EQ(e.kind(), client_errc::status);
    EXPECT_EQ(e.method(), "GET");
    EXPECT_EQ(e.url(), "http://h/x");
    EXPECT_EQ(e.body_start(), "no such page,  mate  !");
    EXPECT_FALSE(e.temporary());
  }
}

EDDY_TEST(client_answers, S51_a_body_is_read_piece_by_piece) {
  std::string text;
  for (unsigned i = 0, x = 1; i < 300'000; ++i)
    text += static_cast<char>('a' + ((x = x * 1664525 + 1013904223) >> 24) % 26);
  const origin site =
      origin::answering([&](const std::string&, int) { return ok(gzip(text), "Content-Encoding: gzip\r\n"); });
  client c(site.options());
  std::string all;
  std::size_t pieces = 0;
  co_await with(c.get("http://h/").stream(), [&](reply_stream& r) -> coro<> {
    EXPECT_EQ(r.status(), 200);
    EXPECT_EQ(r.head().url().str(), "http://h/");
    while (auto piece = co_await r.next()) {
      EXPECT_FALSE(piece->empty());
      all += *piece;
      ++pieces;
    }
    const auto after_the_end = co_await r.next();
    EXPECT_FALSE(after_the_end);
  });
  EXPECT_TRUE(all == text);
  EXPECT_GT(pieces, 1U);
  EXPECT_EQ(c.statistics().idle, 1U);
}

EDDY_TEST(client_answers, S51_L1_leaving_a_stream_early_closes_its_connection) {
  const origin site = origin::answering([](const std::string&, int) { return ok(std::string(500'000, 'x')); });
  client c(site.options());
  co_await with(c.get("http://h/").stream(), [](reply_stream& r) -> coro<> {
    const auto piece = co_await r.next();
    EXPECT_TRUE(piece);
  });
  EXPECT_EQ(c.statistics().connections, 0U);
}

EDDY_TEST(client_answers, S51_a_stream_has_no_limit_on_its_size_unless_one_is_set) {
  const origin site = origin::running([](stream& io, int) {
    return [](stream& s) -> coro<> {
      const std::string request = co_await read_request(s);
      co_await s.writer().write("HTTP/1.1 200 OK\r\nContent-Length: 73400320\r\n\r\n");
      const std::string part(1 << 20, 'x');
      for (int i = 0; i < 70; ++i) co_await s.writer().write(part);
    }(io);
  });
  client c(site.options());
  std::size_t size = 0;
  const auto count = [&](reply_stream& r) -> coro<> {
    while (auto piece = co_await r.next()) size += piece->size();
  };
  co_await with(c.get("http://h/").stream(), count);
  EXPECT_EQ(size, std::size_t{70} << 20);
  bool refused = false;
  try {
    co_await with(c.get("http://h/").max_body(1000).stream(), count);
  } catch (const client_error& e) {
    refused = e.kind() == client_errc::too_large;
  }
  EXPECT_TRUE(refused);
}

EDDY_TEST(client_answers, S51_a_stream_that_breaks_off_is_an_error) {
  const origin site = closing_after("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  client c(site.options());
  std::string got;
  client_errc kind{};
  try {
    co_await with(c.get("http://h/").stream(), [&](reply_stream& r) -> coro<> {
      while (auto piece = co_await r.next()) got += *piece;
    });
  } catch (const client_error& e) {
    kind = e.kind();
  }
  EXPECT_EQ(got, "abc");
  EXPECT_EQ(kind, client_errc::truncated);
}

}  // namespace
}  // namespace eddy::http
