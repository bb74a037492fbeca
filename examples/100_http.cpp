// SPDX-License-Identifier: BSL-1.0
// An HTTP server with routes, and a client that asks it. Run: `example_100_http`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using eddy::coro;
namespace http = eddy::http;

// [routes]
http::router routes() {
  http::router app;
  app.get("/hello/{name}", [](std::string name) { return "hello, " + name; });
  app.get("/double/{number}", [](int number) -> coro<http::response> {
    co_await eddy::sleep(1ms);  // stands for a query to a database
    co_return http::text(std::to_string(2 * number));
  });
  app.post("/echo", [](http::server_request& request) -> coro<http::response> {
    auto text = co_await request.text();
    if (text.empty()) throw http::reply_error(400, "nothing to echo");
    co_return http::text(text);
  });
  return app;
}
// [routes]

// [client]
coro<> ask(std::string site) {
  http::client client;  // one for all requests: it keeps its connections
  auto hello = co_await client.get(site + "/hello/ada").timeout(3s);
  std::cout << hello.status() << ' ' << hello.text() << '\n';

  auto both = co_await eddy::gather(client.get(site + "/double/20"), client.get(site + "/double/21"));
  std::cout << std::get<0>(both).text() << ' ' << std::get<1>(both).text() << '\n';

  try {
    auto nothing = co_await client.post(site + "/echo");
    nothing.raise_for_status();
  } catch (const http::status_error& error) {
    std::cout << error.what() << '\n';
  }
}
// [client]

// [main]
coro<> main_coro() {
  co_await eddy::with(http::server(routes(), "127.0.0.1", 0), [](http::server& server) -> coro<> {
    co_await ask("http://127.0.0.1:" + std::to_string(server.port()));
  });  // a program that only serves: co_await http::serve(app, "127.0.0.1:8080")
}

int main() { eddy::run(main_coro); }
// [main]
