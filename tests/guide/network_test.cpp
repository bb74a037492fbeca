// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/network.md that stands in no example.
#include <gtest/gtest.h>
#include <netdb.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/datagram.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using eddy::endpoint;
using eddy::ip_address;
using eddy::server;
using eddy::stream;

namespace {

// [handler]
coro<> answer(stream connection) {
  auto lines = connection.reader().lines();
  while (auto line = co_await lines.next()) co_await connection.writer().write("you said ", *line + "\n");
}  // what was written is still sent
// [handler]

// [client]
coro<std::string> ask(std::string host, std::uint16_t port) {
  stream connection = co_await eddy::open_connection(host, port).timeout(3s);
  co_await connection.writer().write("hello\n");
  co_await connection.writer().write_eof();  // we have said everything; reading goes on
  std::string all = co_await connection.reader().read_all(1024 * 1024);
  co_await connection.close();
  co_return all;
}
// [client]

EDDY_IO_TEST(network, S44_ask_and_answer) {
  co_await eddy::with(eddy::start_server(answer, "localhost", 0), [](server& s) -> coro<> {
    const std::string all = co_await ask("localhost", s.port());
    EXPECT_EQ(all, "you said hello\n");
  });
}

// [frame]
coro<std::string> read_frame(stream& from) {
  const std::string size = co_await from.reader().read_exactly(4);
  try {
    co_return co_await from.reader().read_exactly(std::stoul(size));
  } catch (const eddy::incomplete_read_error& e) {
    co_return "cut after: " + e.partial();  // it is not lost
  }
}
// [frame]

EDDY_IO_TEST(network, S44_frames) {
  auto speak = [](stream connection) -> coro<> { co_await connection.writer().write("0005hello0099world"); };
  co_await eddy::with(eddy::start_server(speak, "127.0.0.1", 0), [](server& s) -> coro<> {
    stream connection = co_await eddy::open_connection("127.0.0.1", s.port());
    const std::string whole = co_await read_frame(connection);
    EXPECT_EQ(whole, "hello");
    const std::string cut = co_await read_frame(connection);
    EXPECT_EQ(cut, "cut after: world");
  });
}

struct socket_directory {
  socket_directory() { mkdtemp(path.data()); }
  ~socket_directory() { std::filesystem::remove_all(path); }
  std::string path = "/tmp/eddy-guide-XXXXXX";
};

// [unix]
coro<> serve_on_a_path(std::string path) {
  auto serving = eddy::start_unix_server(answer, path).permissions(0660);
  co_await eddy::with(std::move(serving), [&path](server&) -> coro<> {
    stream connection = co_await eddy::open_unix_connection(path);
    const auto peer = connection.credentials();  // as the kernel knows them
    EXPECT_EQ(peer->uid, geteuid());
  });
}
// [unix]

// [places]
coro<> serve_everywhere(std::string path) {
  std::vector<eddy::listen_place> places;
  places.emplace_back("localhost", 0);                               // all addresses of the name
  places.emplace_back(endpoint(ip_address::v4({127, 0, 0, 2}), 0));  // the same free port
  places.emplace_back(eddy::unix_address(path));
  for (auto& each : eddy::inherited_sockets()) places.emplace_back(std::move(each));  // socket activation
  auto serving = eddy::start_server(answer, std::move(places));
  co_await eddy::with(std::move(serving), [](server& s) -> coro<> {
    for (const eddy::socket_address& each : s.addresses()) EXPECT_NE(each.to_string(), "");
    co_return;
  });
}
// [places]

EDDY_IO_TEST(network, S44_unix_sockets_and_many_places) {
  const socket_directory home;
  co_await serve_on_a_path(home.path + "/x.sock");
  co_await serve_everywhere(home.path + "/y.sock");
}

// [options]
coro<stream> connect_carefully(std::string host, std::uint16_t port) {
  namespace options = eddy::socket_options;
  stream connection = co_await eddy::open_connection(host, port)
                          .option(options::keepalive(60s, 10s, 5))  // set before it connects
                          .option(options::user_timeout(30s))
                          .local(endpoint(ip_address::loopback_v4(), 0));
  connection.set_option(options::tos(0x10));  // or later
  co_return connection;
}
// [options]

EDDY_IO_TEST(network, S44_options) {
  co_await eddy::with(eddy::start_server(answer, "127.0.0.1", 0), [](server& s) -> coro<> {
    const stream connection = co_await connect_carefully("localhost", s.port());
    EXPECT_TRUE(connection.local_endpoint()->address().is_v4());
  });
}

// [datagrams]
coro<> answer_datagrams(eddy::datagram_socket& socket) {
  while (auto question = co_await socket.next()) {  // nothing once the socket is closed
    if (question->truncated()) continue;
    co_await socket.send_to("you said " + question->bytes, question->from);
  }
}

coro<std::string> ask_by_datagram(std::uint16_t port) {
  auto socket = co_await eddy::open_datagram().remote("localhost", port);
  while (true) {
    co_await socket.send("hello");
    try {
      const eddy::datagram answer = co_await eddy::wait_for(socket.receive(), 1s);
      co_return answer.bytes;
    } catch (const eddy::timeout_error&) {  // one of the two was lost: ask again
    }
  }
}
// [datagrams]

EDDY_IO_TEST(network, S46_datagrams) {
  const auto all = co_await eddy::resolve("localhost", 0);
  auto socket = co_await eddy::open_datagram().local(all.front());
  auto answering = eddy::create_task(answer_datagrams, std::ref(socket));
  const std::string said = co_await ask_by_datagram(socket.local_address().as_endpoint()->port());
  EXPECT_EQ(said, "you said hello");
  socket.close();
  co_await answering;
}

// [resolver]
class hosts_file : public eddy::host_resolver {
 public:
  coro<std::vector<ip_address>> look_up(std::string host) override {
    co_await eddy::sleep(1ms);  // ask whoever knows; cancelled when nobody waits any more
    if (host != "db.internal") throw eddy::resolve_error(host, EAI_NONAME);
    co_return std::vector<ip_address>{ip_address::loopback_v6(), ip_address::loopback_v4()};
  }
};

coro<stream> connect_by_name(std::uint16_t port) {
  eddy::set_host_resolver(std::make_shared<hosts_file>());  // for this loop
  co_return co_await eddy::open_connection("db.internal", port).happy_eyeballs_delay(100ms);
}
// [resolver]

// [attempts]
coro<std::string> what_was_tried(std::uint16_t port) {
  try {
    stream connection = co_await connect_by_name(port);
  } catch (const eddy::connect_error& e) {
    std::string text;
    for (const auto& each : e.attempts()) text += each.address.to_string() + ": " + each.error.message() + "\n";
    co_return text;
  }
  co_return "";
}
// [attempts]

EDDY_IO_TEST(network, S47_names) {
  std::uint16_t port = 0;
  co_await eddy::with(eddy::start_server(answer, "127.0.0.1", 0), [&port](server& s) -> coro<> {
    port = s.port();
    const stream connection = co_await connect_by_name(port);
    EXPECT_TRUE(connection.remote_endpoint()->address().is_v4());
  });
  const std::string text = co_await what_was_tried(port);
  EXPECT_EQ(text, "[::1]:" + std::to_string(port) + ": Connection refused\n127.0.0.1:" + std::to_string(port) +
                      ": Connection refused\n");
}

// [closing]
coro<> converse(stream connection, eddy::server_view server) {
  auto lines = connection.reader().lines();
  while (!server.closing()) {
    auto first = co_await eddy::race(lines.next(), server.wait_closing());
    auto& line = first.get<0>();  // there when one came, whoever was first
    if (line && !*line) co_return;
    if (line) co_await connection.writer().write("you said ", **line + "\n");
  }
  co_await connection.writer().write("goodbye\n");
}
// [closing]

// [stop]
coro<eddy::server_statistics> serve_for_a_while(std::chrono::milliseconds time, stream& client) {
  eddy::server_statistics counts;
  auto serving = eddy::start_server(converse, "127.0.0.1", 0).close_timeout(10s);
  co_await eddy::with(std::move(serving), [&](server& s) -> coro<> {
    client = co_await eddy::open_connection("127.0.0.1", s.port());
    co_await eddy::sleep(time);  // a program awaits s.serve_forever(), or a signal
    counts = s.statistics();
  });  // no new ones; those that run have 10 s; then they are cancelled; here all have ended
  co_return counts;
}
// [stop]

EDDY_IO_TEST(network, S49_goodbye) {
  stream client;
  const auto counts = co_await serve_for_a_while(100ms, client);
  EXPECT_LE(counts.accepted, 1U);
  if (counts.accepted == 0) co_return;  // a very busy machine
  const auto last = co_await client.reader().readline();
  EXPECT_EQ(last, "goodbye");
}

}  // namespace
