// SPDX-License-Identifier: BSL-1.0
// Programs that others wrote at the other end: python3's asyncio, socat, nc, curl.
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "eddy/coro/task.hpp"
#include "eddy/exec/to_thread.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/net/datagram.hpp"
#include "eddy/net/open_connection.hpp"
#include "eddy/net/server.hpp"
#include "eddy/testing/test.hpp"
#include "tests/net/pairs.hpp"
#include "tests/net/temporary_directory.hpp"

using namespace eddy;
using namespace std::chrono_literals;
using eddy::testing::pattern;
using eddy::testing::temporary_directory;

namespace {

/// What a command prints. It is ended after 60 s, which no machine is too slow for.
std::string output_of(std::string command) {
  std::string printed;
  std::FILE* const pipe = ::popen(("{ timeout 60 " + command + "; } 2>&1").c_str(), "r");
  std::array<char, 4096> some{};
  while (const std::size_t count = std::fread(some.data(), 1, some.size(), pipe)) printed.append(some.data(), count);
  ::pclose(pipe);
  return printed;
}

coro<std::string> run_command(std::string command) {
  std::string printed = co_await to_thread(output_of, std::move(command));
  co_return printed;
}

/// A program in a file of its own, since it has quotes of every kind.
std::string python(const temporary_directory& home, const std::string& program, const std::string& arguments) {
  const std::string path = home / "peer.py";
  std::FILE* const file = std::fopen(path.c_str(), "we");
  std::fwrite(program.data(), 1, program.size(), file);
  std::fclose(file);
  return "python3 " + path + " " + arguments;
}

#define EDDY_NEEDS(program)                                       \
  if (std::system("command -v " program " >/dev/null 2>&1") != 0) \
  GTEST_SKIP() << program " is missing; scripts/setup test installs it"

coro<> echo(stream connection) {
  auto lines = connection.reader().lines();
  while (auto line = co_await lines.next()) co_await connection.writer().write(*line, "\n");
}

/// Sends everything back when the peer has said all it has to say.
coro<> echo_all(stream connection) {
  const std::string all = co_await connection.reader().read_all(64 << 20);
  co_await connection.writer().write(all);
}

// A client: a line and its answer, then 1 MiB there and back with a half-close in between.
constexpr const char* asyncio_client = R"(
import asyncio, sys
async def connect(): 
    if sys.argv[1] == "unix": return await asyncio.open_unix_connection(sys.argv[2])
    return await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
async def main():
    reader, writer = await connect()
    text = bytes(range(256)) * 4096
    writer.write(text)
    await writer.drain()
    writer.write_eof()
    back = await reader.read()
    writer.close()
    await writer.wait_closed()
    print("same" if back == text else "different", len(back))
asyncio.run(main())
)";

// A server: says how many bytes a client has sent until its half-close, and ends after the first.
constexpr const char* asyncio_server = R"(
import asyncio, sys
async def main():
    done = asyncio.Event()
    async def serve(reader, writer):
        text = await reader.read()
        writer.write(b"%d\n" % len(text) + text)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        done.set()
    if sys.argv[1] == "unix": server = await asyncio.start_unix_server(serve, sys.argv[2])
    else: server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[2]))
    async with server:
        await done.wait()
    print("served")
asyncio.run(main())
)";

coro<> python_client(const temporary_directory& home) {
  const unix_address path = home / "x.sock";
  std::vector<listen_place> places{endpoint(ip_address::loopback_v4(), 0), path};
  auto made = start_server(echo_all, places);
  co_await with(std::move(made), [&](server& s) -> coro<> {
    const std::string by_tcp = co_await run_command(python(home, asyncio_client, "tcp " + std::to_string(s.port())));
    EXPECT_EQ(by_tcp, "same 1048576\n");
    const std::string by_unix = co_await run_command(python(home, asyncio_client, "unix " + path.name()));
    EXPECT_EQ(by_unix, "same 1048576\n");
  });
}

TEST(peers, S44_asyncios_client_by_tcp_and_by_unix_socket) {
  EDDY_NEEDS("python3");
  const temporary_directory home;
  eddy::testing::run_test([&home] { return python_client(home); }, eddy::testing::test_clock::real_time);
}

/// As soon as somebody listens.
coro<stream> connect_when_there(socket_address to) {
  while (true) {
    try {
      if (to.as_unix() != nullptr) co_return co_await open_unix_connection(*to.as_unix());
      co_return co_await open_connection(*to.as_endpoint());
    } catch (const connect_error&) {
    }
    co_await sleep(5ms);
  }
}

coro<> talk_to_python(socket_address at) {
  const std::string text = pattern(1 << 20);
  stream connection = co_await connect_when_there(at);
  co_await connection.writer().write(text);
  co_await connection.writer().write_eof();
  const auto size = co_await connection.reader().readline();
  EXPECT_EQ(size, std::to_string(text.size()));
  const std::string back = co_await connection.reader().read_all(2 << 20);
  EXPECT_TRUE(back == text);
}

coro<> python_server(const temporary_directory& home) {
  const std::uint16_t free_port = listener(endpoint(ip_address::loopback_v4(), 0)).port();
  const endpoint by_tcp(ip_address::loopback_v4(), free_port);
  const unix_address by_unix = home / "python.sock";
  for (const socket_address& at : {socket_address(by_tcp), socket_address(by_unix)}) {
    const std::string where = at.as_unix() != nullptr ? "unix " + by_unix.name() : "tcp " + std::to_string(free_port);
    auto printed = co_await gather(run_command(python(home, asyncio_server, where)), talk_to_python(at));
    EXPECT_EQ(std::get<0>(printed), "served\n");
  }
}

TEST(peers, S44_asyncios_server_by_tcp_and_by_unix_socket) {
  EDDY_NEEDS("python3");
  const temporary_directory home;
  eddy::testing::run_test([&home] { return python_server(home); }, eddy::testing::test_clock::real_time);
}

coro<> socat_and_nc(const temporary_directory& home) {
  const unix_address path = home / "x.sock";
  const unix_address name = unix_address::abstract("eddy-peers-" + std::to_string(getpid()));
  std::vector<listen_place> places{endpoint(ip_address::loopback_v4(), 0), endpoint(ip_address::loopback_v6(), 0), path,
                                   name};
  auto made = start_server(echo, places);
  co_await with(std::move(made), [&](server& s) -> coro<> {
    const std::string port = std::to_string(s.port());
    const std::string targets[] = {"nc -N 127.0.0.1 " + port,
                                   "nc -N ::1 " + port,
                                   "nc -N -U " + path.name(),
                                   "socat -t 30 - TCP6:[::1]:" + port,
                                   "socat -t 30 - UNIX-CONNECT:" + path.name(),
                                   "socat -t 30 - ABSTRACT-CONNECT:" + name.name()};
    for (const std::string& each : targets) {
      const std::string answer = co_await run_command("sh -c 'printf \"one\\ntwo\\n\" | " + each + "'");
      EXPECT_EQ(answer, "one\ntwo\n") << each;
    }
  });
}

TEST(peers, S44_nc_and_socat_by_every_kind_of_address) {
  EDDY_NEEDS("nc");
  EDDY_NEEDS("socat");
  const temporary_directory home;
  eddy::testing::run_test([&home] { return socat_and_nc(home); }, eddy::testing::test_clock::real_time);
}

coro<> answer_http(stream connection) {
  auto lines = connection.reader().lines();
  const auto request = co_await lines.next();
  while (auto line = co_await lines.next())
    if (line->empty()) break;
  const std::string body = "you asked: " + request.value_or("") + "\n";
  co_await connection.writer().write(
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n", body);
}

coro<> curl_by_unix_socket(const temporary_directory& home) {
  const unix_address path = home / "http.sock";
  co_await with(start_unix_server(answer_http, path), [&path](server&) -> coro<> {
    const std::string got = co_await run_command("curl -sS --unix-socket " + path.name() + " http://host/page");
    EXPECT_EQ(got, "you asked: GET /page HTTP/1.1\n");
  });
}

TEST(peers, S44_curl_by_a_unix_socket) {
  EDDY_NEEDS("curl");
  const temporary_directory home;
  eddy::testing::run_test([&home] { return curl_by_unix_socket(home); }, eddy::testing::test_clock::real_time);
}

coro<> socat_datagrams(const temporary_directory& home) {
  datagram_socket udp = co_await open_datagram().local(endpoint(ip_address::loopback_v4(), 0));
  datagram_socket local = co_await open_datagram().local(unix_address(home / "dgram"));
  const std::string port = std::to_string(udp.local_address().as_endpoint()->port());
  const auto answer = [](datagram_socket& at) -> coro<> {
    const datagram got = co_await at.receive();
    co_await at.send_to("you said " + got.bytes, got.from);
    co_await at.send_to("", got.from);  // socat's sign of the end
  };
  const std::string commands[] = {"sh -c 'printf hello | socat -t 30 -T 30 - UDP4:127.0.0.1:" + port + ",null-eof'",
                                  "sh -c 'printf hello | socat -t 30 -T 30 - UNIX-SENDTO:" + (home / "dgram") +
                                      ",bind=" + (home / "client") + ",null-eof'"};
  auto by_udp = co_await gather(run_command(commands[0]), answer(udp));
  EXPECT_EQ(std::get<0>(by_udp), "you said hello");
  auto by_unix = co_await gather(run_command(commands[1]), answer(local));
  EXPECT_EQ(std::get<0>(by_unix), "you said hello");
}

// An asyncio datagram endpoint that answers each datagram, and says where it is.
constexpr const char* asyncio_datagrams = R"(
import asyncio, sys
async def main():
    done = asyncio.get_running_loop().create_future()
    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport
            transport.sendto(b"here", ("127.0.0.1", int(sys.argv[1])))
        def datagram_received(self, data, address):
            self.transport.sendto(b"%d bytes" % len(data), address)
            if not data: done.set_result(None)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Protocol, local_addr=("127.0.0.1", 0))
    await done
    transport.close()
asyncio.run(main())
)";

coro<> python_datagrams(const temporary_directory& home) {
  datagram_socket at = co_await open_datagram().local(endpoint(ip_address::loopback_v4(), 0));
  const std::string port = std::to_string(at.local_address().as_endpoint()->port());
  const auto talk = [&at]() -> coro<> {
    const datagram here = co_await at.receive();
    EXPECT_EQ(here.bytes, "here");
    for (const std::size_t size : {std::size_t{1}, std::size_t{9000}, std::size_t{65507}, std::size_t{0}}) {
      const std::string text = pattern(size);
      co_await at.send_to(text, here.from);
      const datagram answer = co_await at.receive();
      EXPECT_EQ(answer.bytes, std::to_string(size) + " bytes");
    }
  };
  auto printed = co_await gather(run_command(python(home, asyncio_datagrams, port)), talk());
  EXPECT_EQ(std::get<0>(printed), "");
}

TEST(peers, S46_socat_and_asyncio_by_udp_and_unix_datagrams) {
  EDDY_NEEDS("socat");
  EDDY_NEEDS("python3");
  const temporary_directory home;
  eddy::testing::run_test([&home] { return socat_datagrams(home); }, eddy::testing::test_clock::real_time);
  eddy::testing::run_test([&home] { return python_datagrams(home); }, eddy::testing::test_clock::real_time);
}

}  // namespace
