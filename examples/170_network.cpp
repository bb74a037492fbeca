// SPDX-License-Identifier: BSL-1.0
// A small service as a machine runs it: one server on TCP and on a Unix socket, its state asked for by datagrams, and
// an end in which nobody is cut off. Run: `example_170_network`.
#include <eddy/eddy.hpp>

#include <unistd.h>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using eddy::coro;

// [handler]
coro<> count_words(eddy::stream connection, eddy::server_view server) {
  auto lines = connection.reader().lines();
  while (!server.closing()) {
    auto first = co_await eddy::race(lines.next(), server.wait_closing());
    auto& line = first.get<0>();
    if (line && !*line) co_return;  // the client has said everything
    if (line) co_await connection.writer().write(std::to_string((*line)->size()), " bytes\n");
  }
  co_await connection.writer().write("closing\n");
}
// [handler]

// [status]
coro<> tell_status(eddy::datagram_socket& socket, const eddy::server& server) {
  while (auto question = co_await socket.next())
    co_await socket.send_to(std::to_string(server.statistics().accepted) + " connections", question->from);
}
// [status]

coro<> print_answer(std::string name, eddy::stream& connection) {
  auto line = co_await connection.reader().readline();
  std::cout << name << ": " << line.value_or("(the end)") << '\n';
}

// [main]
coro<> main_coro() {
  const auto name = eddy::unix_address::abstract("eddy-example-" + std::to_string(::getpid()));
  std::vector<eddy::listen_place> places{eddy::listen_place("127.0.0.1", 0), name};
  auto serving = eddy::start_server(count_words, std::move(places)).close_timeout(5s);
  eddy::stream idle;

  co_await eddy::with(std::move(serving), [&](eddy::server& server) -> coro<> {
    auto status = co_await eddy::open_datagram().local(eddy::endpoint(eddy::ip_address::loopback_v4(), 0));
    auto telling = eddy::create_task(tell_status, std::ref(status), std::cref(server));

    auto by_tcp = co_await eddy::open_connection("127.0.0.1", server.port());
    co_await by_tcp.writer().write("hello\n");
    co_await print_answer("by TCP", by_tcp);

    idle = co_await eddy::open_unix_connection(name);
    co_await idle.writer().write("hello, world\n");
    co_await print_answer("by Unix socket", idle);

    auto asking = co_await eddy::open_datagram().remote(status.local_address());
    co_await asking.send("status?");
    const eddy::datagram answer = co_await asking.receive();
    std::cout << "status: " << answer.bytes << '\n';

    status.close();
    co_await telling;
  });  // both clients are still connected, and are told
  co_await print_answer("at the end", idle);
}

int main() { eddy::run(main_coro); }
// [main]
