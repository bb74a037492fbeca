// SPDX-License-Identifier: BSL-1.0
// Other people's TLS on the other end: openssl, curl, Python's asyncio, nginx, sslscan.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>

#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/net/socket.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/tls/pairs.hpp"
#include "tests/net/tls/peer.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::authority;
using eddy::testing::certificate_files;
using eddy::testing::identity_of;
using eddy::testing::leaf;
using eddy::testing::peer_end;
using eddy::testing::peer_program;
using eddy::testing::run_peer;
using eddy::testing::test_authority;
using eddy::testing::test_client;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

const certificate_files& server_files() {
  static const certificate_files files(test_authority().issue(leaf("localhost").and_for("127.0.0.1")),
                                       test_authority().certificate());
  return files;
}
const certificate_files& client_files() {
  static const certificate_files files(test_authority().issue(leaf("alice").for_client()),
                                       test_authority().certificate());
  return files;
}

/// Our server, which does not mind failures; they are other people's tests.
tls::server_context our_server() {
  return tls::server_context(tls::identity::from_files(server_files().chain(), server_files().key()))
      .on_handshake_failure([](const std::exception_ptr&) {});
}

coro<> echo_line(stream connection) {
  const auto line = co_await connection.reader().readline();
  if (!line) co_return;  // it only looked
  co_await connection.writer().write("you said " + *line, "\n");
}

template <class... More>
std::vector<std::string> s_client(std::uint16_t port, More... more) {
  std::vector<std::string> all{"openssl",
                               "s_client",
                               "-connect",
                               "127.0.0.1:" + std::to_string(port),
                               "-servername",
                               "localhost",
                               "-CAfile",
                               server_files().ca(),
                               "-verify_return_error"};
  (all.emplace_back(more), ...);
  return all;
}

EDDY_IO_TEST(tls_peers, S45_openssls_client_speaks_with_our_server_in_both_versions) {
  co_await with(start_server(echo_line, "127.0.0.1", 0).tls(our_server()), [](eddy::server& s) -> coro<> {
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
      const auto speaking = s_client(s.port(), version, "-quiet");
      const peer_end end = co_await to_thread(run_peer, speaking, std::string("hello\n"));
      EXPECT_EQ(end.status, 0) << end.said;
      EXPECT_THAT(end.said, HasSubstr("you said hello")) << version;
    }
    const auto outdated = s_client(s.port(), "-tls1_1", "-quiet", "-cipher", "DEFAULT@SECLEVEL=0");
    const peer_end old = co_await to_thread(run_peer, outdated, std::string("hello\n"));
    EXPECT_NE(old.status, 0);
    EXPECT_THAT(old.said, HasSubstr("alert protocol version"));
  });
}

coro<> name_the_client(stream connection) {
  const auto facts = tls::info(connection);
  const std::string name = facts.peer ? facts.peer->subject : "nobody";
  co_await connection.writer().write("you are " + name + " at " + facts.server_name, "\n");
}

EDDY_IO_TEST(tls_peers, S45_openssls_client_shows_its_certificate_or_is_refused) {
  auto server = our_server().client_ca_pem(tls::client_certificates::required, test_authority().certificate());
  co_await with(start_server(name_the_client, "127.0.0.1", 0).tls(server), [](eddy::server& s) -> coro<> {
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
      const auto showing =
          s_client(s.port(), version, "-quiet", "-cert", client_files().chain(), "-key", client_files().key());
      const peer_end known = co_await to_thread(run_peer, showing, std::string());
      EXPECT_THAT(known.said, HasSubstr("you are CN=alice")) << version;
      const auto hiding = s_client(s.port(), version, "-quiet");
      const peer_end unknown = co_await to_thread(run_peer, hiding, std::string());
      EXPECT_THAT(unknown.said, AllOf(HasSubstr("alert"), Not(HasSubstr("you are")))) << version;
    }
  });
}

// Commands of s_client are letters at the front of what one read of its input brings.
std::string update_keys_in_between(std::uint16_t port) {
  peer_program client(s_client(port, "-tls1_3", "-msg"));
  client.hear("read R BLOCK");
  client.say("K\n");
  client.hear(">>> TLS 1.3, Handshake [length 0005], KeyUpdate");
  client.say("hello\n");
  client.hear("<<< TLS 1.3, Handshake [length 0005], KeyUpdate");  // our answer, before what we write next
  client.hear("you said hello");
  return client.said();
}

/// Who asks for a renegotiation and does not get it hangs up with an alert.
coro<> echo_a_line_or_bear_an_alert(stream connection) {
  try {
    co_await echo_line(std::move(connection));
  } catch (const tls::error& e) {
    EXPECT_EQ(e.kind(), tls::trouble::alert);
  }
}

std::string ask_for_renegotiation(std::uint16_t port) {
  peer_program client(s_client(port, "-tls1_2"));
  client.hear("Verify return code: 0 (ok)");
  client.say("R\n");
  client.hear("RENEGOTIATING");
  client.finish();
  return client.said();
}

EDDY_IO_TEST(tls_peers, S45_openssls_client_updates_keys_and_may_not_renegotiate) {
  co_await with(start_server(echo_a_line_or_bear_an_alert, "127.0.0.1", 0).tls(our_server()),
                [](eddy::server& s) -> coro<> {
                  const std::string updated = co_await to_thread(update_keys_in_between, s.port());
                  EXPECT_THAT(updated, AllOf(HasSubstr("you said"), HasSubstr("Compression: NONE")));
                  const std::string refused = co_await to_thread(ask_for_renegotiation, s.port());
                  EXPECT_THAT(refused, HasSubstr("no renegotiation"));
                });
}

// Whoever has a ticket for one name must not come by it to another, which asks for certificates.
EDDY_IO_TEST(tls_peers, S45_a_ticket_for_one_name_does_not_open_another) {
  const tls::server_context members =
      our_server().client_ca_pem(tls::client_certificates::required, test_authority().certificate());
  const auto server =
      our_server().on_server_name([members](std::string_view name) -> std::optional<tls::server_context> {
        if (name == "members.example") return members;
        return std::nullopt;
      });
  co_await with(start_server(name_the_client, "127.0.0.1", 0).tls(server), [](eddy::server& s) -> coro<> {
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
      const std::string ticket = client_files().directory() + "/ticket.pem";
      const auto open = s_client(s.port(), version, "-quiet", "-sess_out", ticket);
      const peer_end first = co_await to_thread(run_peer, open, std::string());
      EXPECT_THAT(first.said, HasSubstr("you are nobody")) << version;
      const auto again = s_client(s.port(), version, "-quiet", "-sess_in", ticket);
      const peer_end second = co_await to_thread(run_peer, again, std::string());
      EXPECT_THAT(second.said, HasSubstr("you are nobody")) << version;
      const auto evil = s_client(s.port(), version, "-quiet", "-sess_in", ticket, "-servername", "members.example");
      const peer_end refused = co_await to_thread(run_peer, evil, std::string());
      // With TLS 1.2 the session's name counts, whatever is asked for now: it stays the old visit.
      EXPECT_THAT(refused.said, AnyOf(HasSubstr("alert"), HasSubstr("you are nobody at localhost"))) << version;
      EXPECT_THAT(refused.said, Not(HasSubstr("at members.example"))) << version;
    }
  });
  EXPECT_GE(server.counts().resumed, 1U);
}

/// A server of openssl's, and its port.
class openssl_server {
 public:
  explicit openssl_server(std::vector<std::string> more)
      : program_([&] {
          std::vector<std::string> all{"openssl",     "s_server",
                                       "-accept",     "127.0.0.1:0",
                                       "-cert_chain", server_files().chain(),
                                       "-cert",       server_files().chain(),
                                       "-key",        server_files().key()};
          all.insert(all.end(), more.begin(), more.end());
          return all;
        }()),
        port(static_cast<std::uint16_t>(std::stoi(program_.word_after("ACCEPT 127.0.0.1:")))) {}

 private:
  peer_program program_;

 public:
  peer_program& program() { return program_; }
  const std::uint16_t port;
};

EDDY_IO_TEST(tls_peers, S45_our_client_speaks_with_openssls_server_in_both_versions) {
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    for (const bool shows : {false, true}) {
      std::vector<std::string> how{version, "-rev"};
      if (shows) how.insert(how.end(), {"-Verify", "1", "-verify_return_error", "-CAfile", client_files().ca()});
      openssl_server server(how);
      auto context = test_client();
      if (shows)
        context =
            std::move(context).certificate(tls::identity::from_files(client_files().chain(), client_files().key()));
      stream client = co_await open_connection("127.0.0.1", server.port).tls(context, "localhost");
      EXPECT_EQ(tls::info(client).version, std::string(version) == "-tls1_2" ? "TLSv1.2" : "TLSv1.3");
      co_await client.writer().write("hello\n");
      const auto line = co_await client.reader().readline();
      EXPECT_EQ(line, "olleh");
      co_await client.close();
    }
  }
}

EDDY_IO_TEST(tls_peers, S45_our_client_follows_key_updates_and_refuses_to_renegotiate) {
  {
    openssl_server server({"-tls1_3", "-msg"});
    stream client = co_await open_connection("127.0.0.1", server.port).tls(test_client(), "localhost");
    co_await client.writer().write("first\n");
    co_await to_thread([&] {
      server.program().hear("first");
      server.program().say("K\n");
    });
    auto answering = create_task([&]() -> coro<std::string> {
      const auto line = co_await client.reader().readline();
      co_return line.value_or("nothing");
    });
    co_await to_thread([&] {
      server.program().hear(">>> TLS 1.3, Handshake [length 0005], KeyUpdate");
      server.program().say("second\n");
    });
    const std::string heard = co_await std::move(answering);
    EXPECT_EQ(heard, "second");
    co_await client.writer().write("third\n");
    co_await to_thread([&] {
      server.program().hear("<<< TLS 1.3, Handshake [length 0005], KeyUpdate");
      server.program().hear("third");
    });
  }
  openssl_server server({"-tls1_2"});
  stream client = co_await open_connection("127.0.0.1", server.port).tls(test_client(), "localhost");
  co_await client.writer().write("first\n");
  co_await to_thread([&] {
    server.program().hear("first");
    server.program().say("r\n");
  });
  std::string end;
  try {
    end = co_await client.reader().read();
  } catch (const tls::error& e) {
    end = e.what();
  }
  co_await to_thread([&] { server.program().hear("no renegotiation"); });
}

coro<> answer_http(stream connection) {
  auto lines = connection.reader().lines();
  while (true) {
    const auto line = co_await lines.next();
    if (!line) co_return;  // it does not trust us, and asks nothing
    if (line->empty()) break;
  }
  co_await connection.writer().write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n", "hello\n");
}

EDDY_IO_TEST(tls_peers, S45_curl_reads_from_our_server_and_refuses_a_foreign_one) {
  const auto curl = [](std::uint16_t port, const std::string& ca, const std::string& host) {
    return std::vector<std::string>{"curl",
                                    "-sS",
                                    "--cacert",
                                    ca,
                                    "--resolve",
                                    host + ":" + std::to_string(port) + ":127.0.0.1",
                                    "https://" + host + ":" + std::to_string(port) + "/"};
  };
  co_await with(start_server(answer_http, "127.0.0.1", 0).tls(our_server().alpn("http/1.1")),
                [&](eddy::server& s) -> coro<> {
                  const auto to_us = curl(s.port(), server_files().ca(), "localhost");
                  const peer_end good = co_await to_thread(run_peer, to_us, std::string());
                  EXPECT_EQ(good.said, "hello\n");
                  EXPECT_EQ(good.status, 0);
                  const auto to_another = curl(s.port(), server_files().ca(), "other.example");
                  const peer_end other = co_await to_thread(run_peer, to_another, std::string());
                  EXPECT_EQ(other.status, 60) << other.said;
                });
}

EDDY_IO_TEST(tls_peers, S45_asyncio_is_served_and_serves) {
  const std::string script = std::string(EDDY_TLS_TESTS) + "/peer.py";
  co_await with(start_server(echo_line, "127.0.0.1", 0).tls(our_server()), [&](eddy::server& s) -> coro<> {
    const std::vector<std::string> ask{"python3",           script, "ask", std::to_string(s.port()),
                                       server_files().ca(), "hello"};
    const peer_end end = co_await to_thread(run_peer, ask, std::string());
    EXPECT_EQ(end.status, 0) << end.said;
    EXPECT_THAT(end.said, AllOf(HasSubstr("TLSv1.3 you said hello"), HasSubstr("rest 0")));
  });
  peer_program program({"python3", script, "serve", server_files().chain(), server_files().key()});
  const std::string port = co_await to_thread([&] { return program.word_after("port "); });
  stream client = co_await open_connection("127.0.0.1", static_cast<std::uint16_t>(std::stoi(port)))
                      .tls(test_client(), "localhost");
  const std::string big = eddy::testing::pattern(300'000);
  for (const std::string& text : {std::string("hello"), big.substr(0, 60'000)}) {
    co_await client.writer().write(text, "\n");
    const auto line = co_await client.reader().readline();
    EXPECT_EQ(line.value_or("").size(), text.size());
  }
  co_await client.close();
  const int status = co_await to_thread([&] { return program.finish(); });
  EXPECT_EQ(status, 0) << program.said();
}

/// A connection to a socket in the file system.
coro<stream> connect_to_file(std::string path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  while (true) {  // until the other program listens
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      auto made = std::make_unique<eddy::detail::socket>();
      made->adopt(fd);
      co_return stream(std::move(made));
    }
    ::close(fd);
    co_await sleep(2ms);
  }
}

std::string nginx_configuration(const std::string& at, std::uint16_t ours) {
  const std::string secure =
      "ssl_certificate " + server_files().chain() + "; ssl_certificate_key " + server_files().key() + ";";
  return "daemon off; master_process off; pid " + at +
         "/nginx.pid; error_log stderr;\n"
         "events {}\nhttp { access_log off; client_body_temp_path " +
         at + "; proxy_temp_path " + at + "; fastcgi_temp_path " + at + "; uwsgi_temp_path " + at +
         "; scgi_temp_path " + at +
         ";\n"
         "server { listen unix:" +
         at + "/secure.sock ssl; " + secure +
         " location / { return 200 'hello from nginx'; } }\n"
         "server { listen unix:" +
         at + "/plain.sock; location / { proxy_pass https://127.0.0.1:" + std::to_string(ours) +
         "; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_server_name on; proxy_ssl_trusted_certificate " +
         server_files().ca() + "; proxy_ssl_protocols TLSv1.2 TLSv1.3; } }\n}\n";
}

EDDY_IO_TEST(tls_peers, S45_nginx_is_our_server_and_our_client) {
  co_await with(start_server(answer_http, "127.0.0.1", 0).tls(our_server()), [&](eddy::server& s) -> coro<> {
    const certificate_files place(test_authority().issue(leaf("unused")), "");  // a directory that goes away
    std::ofstream(place.directory() + "/nginx.conf") << nginx_configuration(place.directory(), s.port());
    peer_program nginx({"/usr/sbin/nginx", "-p", place.directory(), "-c", place.directory() + "/nginx.conf"});

    stream first = co_await connect_to_file(place.directory() + "/secure.sock");
    stream secure = co_await start_tls(std::move(first), test_client(), "localhost");
    co_await secure.writer().write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const std::string answer = co_await secure.reader().read_all(10'000);
    EXPECT_THAT(answer, HasSubstr("hello from nginx"));
    co_await secure.close();

    for (int i = 0; i < 3; ++i) {  // it resumes its session with us
      stream plain = co_await connect_to_file(place.directory() + "/plain.sock");
      co_await plain.writer().write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      const std::string passed_on = co_await plain.reader().read_all(10'000);
      EXPECT_THAT(passed_on, AllOf(HasSubstr("200 OK"), HasSubstr("hello\n")));
    }
  });
}

EDDY_IO_TEST(tls_peers, S45_sslscan_finds_nothing_weak) {
  const auto server = our_server();
  co_await with(start_server(echo_line, "127.0.0.1", 0).tls(server), [&](eddy::server& s) -> coro<> {
    const std::vector<std::string> scan{"sslscan", "--no-colour", "--sni-name=localhost",
                                        "127.0.0.1:" + std::to_string(s.port())};
    const peer_end end = co_await to_thread(run_peer, scan, std::string());
    const std::string& report = end.said;
    for (const char* off : {"SSLv2     disabled", "SSLv3     disabled", "TLSv1.0   disabled", "TLSv1.1   disabled",
                            "Session renegotiation not supported"})
      EXPECT_THAT(report, HasSubstr(off));
    for (const char* on : {"TLSv1.2   enabled", "TLSv1.3   enabled", "ECDHE-ECDSA-AES256-GCM-SHA384"})
      EXPECT_THAT(report, HasSubstr(on));
    for (const char* weak : {"CBC", "RC4", "DES", "NULL", "EXP", "AES128-SHA"})
      EXPECT_THAT(report, Not(HasSubstr(weak)));
    EXPECT_THAT(report, HasSubstr("not vulnerable to heartbleed"));
  });
  EXPECT_GT(server.counts().completed, 3U);
  EXPECT_GT(server.counts().failed, 3U);
}

}  // namespace
