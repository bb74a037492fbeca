// SPDX-License-Identifier: BSL-1.0
// Whom each side accepts, and how a refusal reads.
#include <gmock/gmock.h>

#include "eddy/flow/as_outcome.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/tls/attempt.hpp"
#include "tests/net/tls/pairs.hpp"

using namespace eddy;
using eddy::testing::attempt;
using eddy::testing::authority;
using eddy::testing::identity_of;
using eddy::testing::leaf;
using eddy::testing::test_authority;
using eddy::testing::test_client;
using eddy::testing::test_server;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace {

struct refusal {
  const char* name;
  leaf shown;
  const char* host;
  tls::certificate_trouble reason;
  std::vector<const char*> words;
};

std::vector<refusal> refusals() {
  using enum tls::certificate_trouble;
  return {
      {"expired", leaf("localhost").expired(), "localhost", expired, {"CN=localhost", "it expired on 20", "renew"}},
      {"not yet valid",
       leaf("localhost").not_yet_valid(),
       "localhost",
       not_yet_valid,
       {"not valid before 20", "clock"}},
      {"of another host",
       leaf("a.example").and_for("b.example"),
       "localhost",
       wrong_host,
       {"it is for a.example, b.example, not for localhost"}},
      {"of another address", leaf("127.0.0.2"), "127.0.0.1", wrong_host, {"it is for 127.0.0.2, not for 127.0.0.1"}},
      {"of a name, for an address", leaf("127.0.0.1.example"), "127.0.0.1", wrong_host, {"not for 127.0.0.1"}},
      {"a wildcard for two labels", leaf("*.example"), "a.b.example", wrong_host, {"it is for *.example"}},
      {"of a client", leaf("localhost").for_client(), "localhost", wrong_purpose, {"used by a server"}},
      {"for programs", leaf("localhost").for_nothing_here(), "localhost", wrong_purpose, {"used by a server"}},
  };
}

EDDY_TEST(tls_certificates, S45_what_is_wrong_with_a_servers_certificate_is_said_in_words) {
  for (const refusal& each : refusals()) {
    const tls::server_context server(identity_of(test_authority().issue(each.shown)));
    const auto ends = co_await attempt(test_client(), server, each.host);
    EXPECT_EQ(ends.client.reason, each.reason) << each.name;
    EXPECT_THAT(ends.client.text, HasSubstr("the TLS handshake with " + std::string(each.host) + " failed"))
        << each.name;
    for (const char* word : each.words) EXPECT_THAT(ends.client.text, HasSubstr(word)) << each.name;
    EXPECT_THAT(ends.server.text, HasSubstr("alert")) << each.name << ": the server learns it";
    EXPECT_EQ(server.counts().failed, 1U);
  }
}

EDDY_TEST(tls_certificates, S45_an_unknown_issuer_is_named) {
  const authority others("somebody else's authority");
  const tls::server_context server(identity_of(others.issue(leaf("localhost"))));
  const auto ends = co_await attempt(test_client(), server, "localhost");
  EXPECT_EQ(ends.client.reason, tls::certificate_trouble::unknown_issuer);
  EXPECT_THAT(ends.client.text, AllOf(HasSubstr("issued by \"CN=somebody else's authority\""), HasSubstr("ca_file()")));
}

EDDY_TEST(tls_certificates, S45_a_self_signed_certificate_is_called_so_and_can_be_trusted_by_itself) {
  const auto shown = authority::self_signed(leaf("localhost"));
  const tls::server_context server(identity_of(shown));
  const auto refused = co_await attempt(test_client(), server, "localhost");
  EXPECT_EQ(refused.client.reason, tls::certificate_trouble::self_signed);
  EXPECT_THAT(refused.client.text, HasSubstr("it is self-signed"));
}

EDDY_TEST(tls_certificates, S45_a_chain_over_an_intermediate_is_followed_and_a_missing_link_is_said) {
  const authority between = test_authority().intermediate("eddy test intermediate");
  auto shown = between.issue(leaf("localhost"));
  const tls::server_context whole(identity_of(shown));
  const auto good = co_await attempt(test_client(), whole, "localhost");
  EXPECT_EQ(good.client.text, "");
  EXPECT_EQ(good.server.text, "");
  shown.chain = shown.certificate;
  const tls::server_context cut(identity_of(shown));
  const auto bad = co_await attempt(test_client(), cut, "localhost");
  EXPECT_THAT(bad.client.text, AllOf(HasSubstr("eddy test intermediate"), HasSubstr("certificates in between")));
}

EDDY_TEST(tls_certificates, S45_names_wildcards_and_addresses_are_accepted) {
  const tls::server_context server(identity_of(
      test_authority().issue(leaf("localhost").and_for("*.example.org").and_for("127.0.0.1").and_for("::1"))));
  for (const char* host : {"localhost", "LOCALHOST", "localhost.", "www.example.org", "127.0.0.1", "::1", "::1%lo"}) {
    const auto ends = co_await attempt(test_client(), server, host);
    EXPECT_EQ(ends.client.text, "") << host;
  }
  for (const char* host : {"example.org", "a.b.example.org", "127.0.0.2", "127.0.0.1.example.org.evil"}) {
    const auto ends = co_await attempt(test_client(), server, host);
    EXPECT_EQ(ends.client.reason, tls::certificate_trouble::wrong_host) << host;
  }
}

EDDY_TEST(tls_certificates, S45_nobody_is_trusted_that_was_not_named) {
  // The system's authorities do not know the tests' one.
  const auto ends = co_await attempt(tls::client_context(), test_server(), "localhost");
  EXPECT_EQ(ends.client.reason, tls::certificate_trouble::unknown_issuer);
  const auto unchecked = co_await attempt(tls::client_context().without_verification(), test_server(), "elsewhere");
  EXPECT_EQ(unchecked.client.text, "");
  const auto any_host = co_await attempt(test_client().without_host_name_check(), test_server(), "elsewhere");
  EXPECT_EQ(any_host.client.text, "");
  const auto no_host = co_await attempt(test_client(), test_server(), "");
  EXPECT_THAT(no_host.client.text, HasSubstr("without_host_name_check()"));
}

EDDY_TEST(tls_certificates, S45_a_server_may_ask_its_clients_for_certificates) {
  const authority of_clients("the clients' authority");
  const auto asks = [&](tls::client_certificates how) {
    return test_server().client_ca_pem(how, of_clients.certificate());
  };
  const auto good = identity_of(of_clients.issue(leaf("alice").and_for("alice.example").for_client()));
  const auto foreign = identity_of(test_authority().issue(leaf("mallory").for_client()));
  const auto of_a_server = identity_of(of_clients.issue(leaf("alice")));

  const auto known =
      co_await attempt(test_client().certificate(good), asks(tls::client_certificates::required), "localhost");
  EDDY_ASSERT_TRUE(known.server.info && known.server.info->peer);
  EXPECT_EQ(known.server.info->peer->subject, "CN=alice");
  EXPECT_THAT(known.server.info->peer->names, ElementsAre("alice", "alice.example"));
  EXPECT_EQ(known.server.info->peer->issuer, "CN=the clients' authority");
  EXPECT_EQ(known.server.info->peer->fingerprint.size(), 64U);
  EXPECT_GT(known.server.info->peer->not_after, std::chrono::system_clock::now());
  EXPECT_EQ(known.server.info->chain.size(), 1U);

  const auto without = co_await attempt(test_client(), asks(tls::client_certificates::optional), "localhost");
  EXPECT_EQ(without.server.text, "");
  EXPECT_FALSE(without.server.info->peer);

  const auto none = co_await attempt(test_client(), asks(tls::client_certificates::required), "localhost");
  EXPECT_EQ(none.server.reason, tls::certificate_trouble::missing);
  EXPECT_THAT(none.server.text, HasSubstr("shown no certificate"));
  // TLS 1.3: the client is done before the server has looked; what it reads first is the alert.
  EXPECT_THAT(none.client.text, HasSubstr("alert \"certificate required\""));

  const auto stranger =
      co_await attempt(test_client().certificate(foreign), asks(tls::client_certificates::optional), "localhost");
  EXPECT_EQ(stranger.server.reason, tls::certificate_trouble::unknown_issuer);
  EXPECT_THAT(stranger.client.text, HasSubstr("alert \"unknown CA\""));
  const auto misused =
      co_await attempt(test_client().certificate(of_a_server), asks(tls::client_certificates::required), "localhost");
  EXPECT_EQ(misused.server.reason, tls::certificate_trouble::wrong_purpose);
}

EDDY_TEST(tls_certificates, S45_rsa_and_ecdsa_stand_side_by_side) {
  const auto rsa = identity_of(test_authority().issue(leaf("localhost").rsa()));
  const auto server = test_server().also(rsa);
  const auto by_ecdsa = co_await attempt(
      test_client().max_version(tls::version::v1_2).ciphers("ECDHE-ECDSA-AES128-GCM-SHA256"), server, "localhost");
  EXPECT_EQ(by_ecdsa.client.text, "");
  const auto by_rsa = co_await attempt(
      test_client().max_version(tls::version::v1_2).ciphers("ECDHE-RSA-AES128-GCM-SHA256"), server, "localhost");
  EXPECT_EQ(by_rsa.client.text, "");
  EXPECT_EQ(by_rsa.client.info->cipher, "ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_NE(by_rsa.client.info->peer->fingerprint, by_ecdsa.client.info->peer->fingerprint);
}

// -- certificates and keys of this side ----------------------------------------------------------------------

template <class F>
std::string complaint(F&& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

TEST(tls_identity, S45_a_key_that_is_not_the_certificates_is_refused_with_both_names) {
  const auto one = test_authority().issue(leaf("one"));
  const auto other = test_authority().issue(leaf("other"));
  const auto rsa = test_authority().issue(leaf("rsa").rsa());
  for (const auto* key : {&other.key, &rsa.key}) {
    const std::string told = complaint([&] { return tls::identity::from_pem(one.chain, *key); });
    EXPECT_THAT(told, AllOf(HasSubstr("is not that of the certificate"), HasSubstr("CN=one")));
  }
}

TEST(tls_identity, S45_encrypted_keys_need_their_passphrase) {
  const auto locked = test_authority().issue(leaf("locked").passphrase("sesame"));
  EXPECT_THAT(locked.key, HasSubstr("ENCRYPTED"));
  EXPECT_NO_THROW(tls::identity::from_pem(locked.chain, locked.key, "sesame"));
  EXPECT_THAT(complaint([&] { tls::identity::from_pem(locked.chain, locked.key); }), HasSubstr("give its passphrase"));
  EXPECT_THAT(complaint([&] { tls::identity::from_pem(locked.chain, locked.key, "wrong"); }),
              HasSubstr("does not open the key"));
}

TEST(tls_identity, S45_what_is_wrong_with_a_file_is_said_with_its_path) {
  const eddy::testing::certificate_files files(test_authority().issue(leaf("localhost")),
                                               test_authority().certificate());
  EXPECT_NO_THROW(tls::identity::from_files(files.chain(), files.key()));
  EXPECT_THAT(complaint([&] { tls::identity::from_files(files.directory() + "/none.pem", files.key()); }),
              HasSubstr("none.pem: No such file"));
  EXPECT_THAT(complaint([&] { tls::identity::from_files(files.chain(), files.chain()); }),
              HasSubstr("no private key in "));
  EXPECT_THAT(complaint([&] { tls::identity::from_files(files.key(), files.key()); }), HasSubstr("no certificate in "));
  EXPECT_THAT(complaint([&] { tls::client_context().ca_file(files.key()); }), HasSubstr("no certificate in "));
  EXPECT_THAT(complaint([] { tls::client_context().ca_file("/nowhere/ca.pem"); }), HasSubstr("/nowhere/ca.pem"));
  std::string cut = test_authority().certificate();
  cut[cut.size() / 2] = '!';
  EXPECT_THAT(complaint([&] { tls::client_context().ca_pem(test_authority().certificate() + cut); }),
              HasSubstr("damaged"));
  EXPECT_THAT(complaint([] { tls::client_context().ciphers("ROT13"); }), HasSubstr("ROT13"));
  EXPECT_THAT(complaint([] { tls::client_context().alpn(""); }), HasSubstr("1 to 255 bytes"));
}

}  // namespace
