// SPDX-License-Identifier: BSL-1.0
// What two sides agree on, and how a handshake that goes wrong ends.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/tls/attempt.hpp"
#include "tests/net/tls/pairs.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::attempt;
using eddy::testing::complaint_of;
using eddy::testing::identity_of;
using eddy::testing::leaf;
using eddy::testing::test_authority;
using eddy::testing::test_client;
using eddy::testing::test_server;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

EDDY_TEST(tls_handshake, S45_both_versions_are_spoken_with_forward_secrecy) {
  for (const tls::version each : {tls::version::v1_2, tls::version::v1_3}) {
    const auto ends = co_await attempt(test_client().min_version(each).max_version(each), test_server(), "localhost");
    EDDY_ASSERT_TRUE(ends.client.info && ends.server.info);
    EXPECT_EQ(ends.client.info->version, each == tls::version::v1_2 ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(ends.client.info->cipher, ends.server.info->cipher);
    EXPECT_THAT(ends.client.info->cipher, HasSubstr(each == tls::version::v1_2 ? "ECDHE" : "TLS_"));
    EXPECT_EQ(ends.server.info->server_name, "localhost");
    EXPECT_EQ(ends.client.info->peer->subject, "CN=localhost");
    EXPECT_FALSE(ends.client.info->resumed);
  }
}

EDDY_TEST(tls_handshake, S45_sides_without_a_common_version_or_cipher_say_so) {
  const auto versions = co_await attempt(test_client().max_version(tls::version::v1_2),
                                         test_server().min_version(tls::version::v1_3), "localhost");
  EXPECT_THAT(versions.client.text, HasSubstr("alert \"protocol version\""));
  EXPECT_THAT(versions.server.text, HasSubstr("unsupported protocol"));
  const auto ciphers =
      co_await attempt(test_client().max_version(tls::version::v1_2).ciphers("ECDHE-ECDSA-AES128-GCM-SHA256"),
                       test_server().ciphers("ECDHE-ECDSA-AES256-GCM-SHA384"), "localhost");
  EXPECT_THAT(ciphers.server.text, HasSubstr("no shared cipher"));
  EXPECT_EQ(ciphers.client.kind, tls::trouble::alert);
}

EDDY_TEST(tls_handshake, S45_alpn_takes_the_servers_first_choice_and_refuses_strangers) {
  const auto both =
      co_await attempt(test_client().alpn("http/1.1", "h2"), test_server().alpn("h2", "http/1.1"), "localhost");
  EXPECT_EQ(both.client.info->alpn, "h2");
  EXPECT_EQ(both.server.info->alpn, "h2");
  const auto none = co_await attempt(test_client(), test_server().alpn("h2"), "localhost");
  EXPECT_EQ(none.client.info->alpn, "");
  const auto unasked = co_await attempt(test_client().alpn("h2"), test_server(), "localhost");
  EXPECT_EQ(unasked.client.info->alpn, "");
  const auto strangers = co_await attempt(test_client().alpn("smtp"), test_server().alpn("h2"), "localhost");
  EXPECT_THAT(strangers.client.text, HasSubstr("no application protocol"));
  EXPECT_EQ(strangers.server.kind, tls::trouble::protocol);
}

// -- server names --------------------------------------------------------------------------------------------

tls::server_context of_many_names(const tls::server_context& other) {
  return test_server().on_server_name([other](std::string_view name) -> std::optional<tls::server_context> {
    if (name == "throws.example") throw std::runtime_error("no such tenant");
    if (name != "other.example") return std::nullopt;
    return other;
  });
}

EDDY_TEST(tls_handshake, S45_a_callback_chooses_a_context_by_the_servers_name) {
  const auto client_issuer = eddy::testing::authority("the clients' authority");
  const auto other = tls::server_context(identity_of(test_authority().issue(leaf("other.example"))))
                         .alpn("other")
                         .client_ca_pem(tls::client_certificates::required, client_issuer.certificate());
  const auto server = of_many_names(other);
  const auto usual = co_await attempt(test_client(), server, "localhost");
  EXPECT_EQ(usual.client.text, "");
  EXPECT_EQ(usual.client.info->peer->subject, "CN=localhost");

  const auto refused = co_await attempt(test_client(), server, "other.example");
  EXPECT_EQ(refused.server.reason, tls::certificate_trouble::missing) << "the chosen context asks for certificates";
  const auto alice = identity_of(client_issuer.issue(leaf("alice").for_client()));
  const auto let_in = co_await attempt(test_client().certificate(alice).alpn("other"), server, "other.example");
  EXPECT_EQ(let_in.client.text, "");
  EXPECT_EQ(let_in.client.info->peer->subject, "CN=other.example");
  EXPECT_EQ(let_in.server.info->peer->subject, "CN=alice");
  EXPECT_EQ(let_in.client.info->alpn, "other");

  const auto thrown = co_await attempt(test_client(), server, "throws.example");
  EXPECT_EQ(thrown.server.text, "no such tenant");
  EXPECT_EQ(thrown.client.kind, tls::trouble::alert);
}

// -- sessions ------------------------------------------------------------------------------------------------

EDDY_TEST(tls_handshake, S45_sessions_are_resumed_with_both_versions_and_after_a_reload) {
  for (const tls::version each : {tls::version::v1_2, tls::version::v1_3}) {
    const auto client = test_client().min_version(each).max_version(each);
    auto server = test_server();
    const auto first = co_await attempt(client, server, "localhost");
    EXPECT_FALSE(first.client.info->resumed);
    for (int again = 0; again < 3; ++again) {
      if (again == 2) server.reload();
      const auto next = co_await attempt(client, server, "localhost");
      EXPECT_EQ(next.client.text, "");
      EXPECT_TRUE(next.client.info->resumed) << again;
      EXPECT_TRUE(next.server.info->resumed) << again;
      EXPECT_EQ(next.client.info->peer->subject, "CN=localhost");
    }
    EXPECT_EQ(server.counts().completed, 4U);
    EXPECT_EQ(server.counts().resumed, 3U);
    const auto elsewhere = co_await attempt(client, server, "127.0.0.1");
    EXPECT_FALSE(elsewhere.client.info->resumed) << "another host has sessions of its own";
  }
}

EDDY_TEST(tls_handshake, S45_resumption_can_be_switched_off_on_either_side) {
  const auto no_client = test_client().resumption(false);
  const auto client = test_client();
  const auto server = test_server();
  const auto no_server = test_server().resumption(false);
  for (int i = 0; i < 2; ++i) {
    const auto one = co_await attempt(no_client, server, "localhost");
    const auto other = co_await attempt(client, no_server, "localhost");
    EXPECT_FALSE(one.client.info->resumed || other.client.info->resumed);
  }
}

// Whoever has a ticket of one name must not come by it to another, which asks for certificates.
EDDY_TEST(tls_handshake, S45_a_session_of_one_name_does_not_open_another) {
  const auto client_issuer = eddy::testing::authority("the clients' authority");
  const auto other = tls::server_context(identity_of(test_authority().issue(leaf("other.example"))))
                         .client_ca_pem(tls::client_certificates::required, client_issuer.certificate());
  const auto server = of_many_names(other);
  for (const tls::version each : {tls::version::v1_2, tls::version::v1_3}) {
    const auto client = test_client().min_version(each).max_version(each);
    for (int i = 0; i < 2; ++i) {
      const auto usual = co_await attempt(client, server, "localhost");
      EXPECT_EQ(usual.client.info->resumed, i == 1);
    }
    // This client's sessions are by name, so it offers none; an evil one would be refused by the server's own check.
    const auto refused = co_await attempt(client, server, "other.example");
    EXPECT_NE(refused.server.text, "");
    const auto alice = identity_of(client_issuer.issue(leaf("alice").for_client()));
    const auto known = test_client().certificate(alice).min_version(each).max_version(each);
    for (int i = 0; i < 2; ++i) {
      const auto let_in = co_await attempt(known, server, "other.example");
      EXPECT_EQ(let_in.server.text, "");
      EXPECT_EQ(let_in.server.info->peer->subject, "CN=alice");
    }
  }
}

// -- reload --------------------------------------------------------------------------------------------------

EDDY_TEST(tls_handshake, S45_certificates_are_reloaded_while_connections_go_on) {
  const eddy::testing::certificate_files files(test_authority().issue(leaf("localhost")),
                                               test_authority().certificate());
  tls::server_context server(tls::identity::from_files(files.chain(), files.key()));
  const auto client = test_client().resumption(false);
  auto running = co_await eddy::testing::secure_pair(memory_pipe(), client, server);
  const auto before = tls::info(running.first).peer->fingerprint;

  const auto renewed = test_authority().issue(leaf("localhost"));
  files.replace(renewed);
  server.reload();
  auto after = co_await eddy::testing::secure_pair(memory_pipe(), client, server);
  EXPECT_NE(tls::info(after.first).peer->fingerprint, before);
  co_await running.first.writer().write("still here");
  const std::string heard = co_await running.second.reader().read();
  EXPECT_EQ(heard, "still here");

  auto mismatched = renewed;
  mismatched.key = test_authority().issue(leaf("localhost")).key;
  files.replace(mismatched);
  EXPECT_THROW(server.reload(), tls::error);
  std::filesystem::remove(files.key());
  EXPECT_THROW(server.reload(), std::system_error);
  auto same = co_await eddy::testing::secure_pair(memory_pipe(), client, server);
  EXPECT_EQ(tls::info(same.first).peer->fingerprint, tls::info(after.first).peer->fingerprint) << "the old one stays";
  server.reload(identity_of(test_authority().issue(leaf("localhost"))));
  auto given = co_await eddy::testing::secure_pair(memory_pipe(), client, server);
  EXPECT_NE(tls::info(given.first).peer->fingerprint, tls::info(after.first).peer->fingerprint);
}

// -- what goes wrong -----------------------------------------------------------------------------------------

EDDY_TEST(tls_handshake, S45_a_silent_peer_is_given_up_on_either_side) {
  auto quiet = memory_pipe();
  const time_point start = now();
  const auto served = co_await complaint_of(start_tls(std::move(quiet.first), test_server()));
  EXPECT_EQ(now() - start, 10s);
  EXPECT_THAT(served, AllOf(HasSubstr("the TLS handshake with a client"), HasSubstr("10000 ms")));
  auto mute = memory_pipe();
  const auto asked =
      co_await complaint_of(start_tls(std::move(mute.first), test_client().handshake_timeout(2s), "localhost"));
  EXPECT_THAT(asked, AllOf(HasSubstr("localhost"), HasSubstr("2000 ms")));
}

EDDY_TEST(tls_handshake, S45_plain_text_is_called_that_on_either_side) {
  auto http = memory_pipe();
  co_await http.second.writer().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto served = co_await complaint_of(start_tls(std::move(http.first), test_server()));
  EXPECT_THAT(served, AllOf(HasSubstr("does not speak TLS"), HasSubstr("http request")));
  auto banner = memory_pipe();
  auto client = create_task([&]() -> coro<std::string> {
    co_return co_await complaint_of(start_tls(std::move(banner.first), test_client(), "localhost"));
  });
  co_await banner.second.writer().write("220 mail.example ESMTP ready and waiting\r\n");
  const std::string asked = co_await std::move(client);
  EXPECT_THAT(asked, AllOf(HasSubstr("does not speak TLS"), HasSubstr("right port")));
}

EDDY_TEST(tls_handshake, S45_plain_bytes_before_starttls_are_refused) {
  auto ends = memory_pipe();
  co_await ends.second.writer().write("220 go ahead\r\n250 injected\r\n");
  const auto line = co_await ends.first.reader().readline();
  EXPECT_EQ(line, "220 go ahead");
  const auto told = co_await complaint_of(start_tls(std::move(ends.first), test_client(), "localhost"));
  EXPECT_THAT(told, HasSubstr("14 bytes that came in plain text are unread"));
  const auto nothing = co_await complaint_of(start_tls(stream(), test_client(), "localhost"));
  EXPECT_THAT(nothing, HasSubstr("this stream is empty"));
  auto others = memory_pipe();
  const auto no_context = co_await complaint_of(start_tls(std::move(others.first), server_security_ref()));
  EXPECT_THAT(no_context, HasSubstr("there is no context"));
}

EDDY_TEST(tls_handshake, S45_starttls_after_plain_lines_sends_what_was_written_first) {
  auto ends = memory_pipe(memory_pipe_options().capacity(8));
  co_await ends.first.writer().write("STARTTLS please, and a few words more\r\n");
  auto server = create_task([&]() -> coro<stream> {
    co_await ends.second.reader().readline();
    co_await ends.second.writer().write("220 go ahead, in as many words as there have been before\r\n");
    co_return co_await start_tls(std::move(ends.second), test_server());
  });
  co_await ends.first.reader().readline();
  stream client = co_await start_tls(std::move(ends.first), test_client(), "localhost");
  stream served = co_await std::move(server);
  EXPECT_TRUE(tls::is_secure(client) && tls::is_secure(served));
  EXPECT_FALSE(tls::is_secure(stream()));
  auto plain = memory_pipe();
  EXPECT_THROW(tls::info(plain.first), misuse_error);
}

EDDY_TEST(tls_handshake, S45_a_connection_of_1_2_cannot_update_keys) {
  auto ends =
      co_await eddy::testing::secure_pair(memory_pipe(), test_client().max_version(tls::version::v1_2), test_server());
  EXPECT_THROW(tls::update_keys(ends.first), misuse_error);
}

}  // namespace
