// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/tls.md that stands in no example.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <string>

#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/memory_pipe.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/net/tls/client_context.hpp"
#include "eddy/net/tls/connection_info.hpp"
#include "eddy/net/tls/server_context.hpp"
#include "eddy/testing/test.hpp"
#include "eddy/testing/tls/authority.hpp"

using namespace std::chrono_literals;
using eddy::coro;
namespace tls = eddy::tls;

namespace {

// [fetch]
coro<std::string> fetch(std::string host, tls::client_context context) {
  auto connection = co_await eddy::open_connection(host, 443).tls(context).timeout(5s);
  co_await connection.writer().write("GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n");
  co_return co_await connection.reader().read_all(1 << 20);
}
// [fetch]

// [contexts]
tls::client_context for_our_own_servers(std::string ca) {
  return tls::client_context()
      .ca_file(ca)  // in place of the system's authorities
      .alpn("h2", "http/1.1")
      .min_version(tls::version::v1_3)
      .handshake_timeout(5s);
}
// [contexts]

// [starttls]
coro<eddy::stream> start_mail(eddy::stream plain, tls::client_context context) {
  auto greeting = co_await plain.reader().readline();
  co_await plain.writer().write("STARTTLS\r\n");
  auto answer = co_await plain.reader().readline();
  if (!answer || !answer->starts_with("220")) throw std::runtime_error("no STARTTLS");
  co_return co_await eddy::start_tls(std::move(plain), context, "mail.example.org");
}
// [starttls]

// [names]
tls::server_context by_name(tls::identity ours, tls::identity of_shop) {
  tls::server_context shop(of_shop);
  return tls::server_context(ours).on_server_name([shop](std::string_view name) -> std::optional<tls::server_context> {
    if (name == "shop.example.org") return shop;
    return std::nullopt;  // everybody else gets ours
  });
}
// [names]

// [clients]
coro<> greet(eddy::stream connection) {
  const auto facts = tls::info(connection);
  const std::string name = facts.peer ? facts.peer->subject : "stranger";
  co_await connection.writer().write("hello, " + name + "\n");
}
tls::server_context for_members(tls::identity shown, std::string their_authority) {
  return tls::server_context(shown).client_ca_file(tls::client_certificates::required, their_authority);
}
// [clients]

// [reload]
coro<> reload_now(tls::server_context& context) {
  try {
    co_await eddy::to_thread([&context] { context.reload(); });  // reads files, so not on the loop
  } catch (const std::exception& e) {
    std::cerr << "the old certificate stays: " << e.what() << '\n';
  }
}
// [reload]

// [test]
EDDY_TEST(greeting, knows_its_members) {
  const eddy::testing::authority authority;  // nobody else trusts it
  const auto of_server = authority.issue(eddy::testing::leaf("localhost"));
  const auto of_alice = authority.issue(eddy::testing::leaf("alice").for_client());
  const eddy::testing::certificate_files files(of_server, authority.certificate());
  const auto serving = for_members(tls::identity::from_files(files.chain(), files.key()), files.ca());
  const auto asking =
      tls::client_context().ca_file(files.ca()).certificate(tls::identity::from_pem(of_alice.chain, of_alice.key));

  auto ends = eddy::memory_pipe();  // no port, no clock
  auto server =
      eddy::create_task([&]() -> coro<> { co_await greet(co_await eddy::start_tls(std::move(ends.second), serving)); });
  auto client = co_await eddy::start_tls(std::move(ends.first), asking, "localhost");
  auto line = co_await client.reader().readline();
  EXPECT_EQ(line, "hello, CN=alice");
  co_await server;
}
// [test]

tls::identity made_for(const eddy::testing::authority& authority, const char* host) {
  const auto made = authority.issue(eddy::testing::leaf(host));
  return tls::identity::from_pem(made.chain, made.key);
}

coro<> answer_mail(eddy::stream plain, tls::server_context context) {
  co_await plain.writer().write("220 mail.example.org\r\n");
  co_await plain.reader().readline();
  co_await plain.writer().write("220 go ahead\r\n");
  auto secure = co_await eddy::start_tls(std::move(plain), context);
  co_await secure.close(1ms);
}

EDDY_TEST(guide_tls, S45_starttls) {
  const eddy::testing::authority authority;
  const tls::server_context context(made_for(authority, "mail.example.org"));
  auto ends = eddy::memory_pipe();
  auto server = eddy::create_task(answer_mail, std::move(ends.second), context);
  auto client = co_await start_mail(std::move(ends.first), tls::client_context().ca_pem(authority.certificate()));
  EXPECT_TRUE(tls::is_secure(client));
  co_await server;
}

EDDY_IO_TEST(guide_tls, S45_names_and_reload) {
  const eddy::testing::authority authority;
  auto context = by_name(made_for(authority, "example.org"), made_for(authority, "shop.example.org"));
  const auto asking = tls::client_context().ca_pem(authority.certificate());
  co_await eddy::with(eddy::start_server(greet, "127.0.0.1", 0).tls(context), [&](eddy::server& s) -> coro<> {
    for (const char* name : {"example.org", "shop.example.org"}) {
      auto client = co_await eddy::open_connection("127.0.0.1", s.port()).tls(asking, name);
      auto line = co_await client.reader().readline();
      EXPECT_EQ(line, "hello, stranger");
      co_await client.close();
    }
    co_await reload_now(context);
  });
}

EDDY_IO_TEST(guide_tls, S45_fetch_of_a_name_that_does_not_exist) {
  const eddy::testing::authority authority;
  const eddy::testing::certificate_files files(authority.issue(eddy::testing::leaf("localhost")),
                                               authority.certificate());
  bool failed = false;
  try {
    const std::string unused = co_await fetch("no.such.host.invalid", for_our_own_servers(files.ca()));
  } catch (const std::exception&) {
    failed = true;
  }
  EXPECT_TRUE(failed);
}

}  // namespace
