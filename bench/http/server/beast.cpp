// SPDX-License-Identifier: BSL-1.0
// The same with Boost.Beast and coroutines, after its example of a coroutine server: parser with its default limits,
// a timeout on the stream, keep-alive. `beast PORT`
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using tcp_stream = typename beast::tcp_stream::rebind_executor<
    asio::use_awaitable_t<>::executor_with_default<asio::any_io_executor>>::other;

namespace {

http::response<http::string_body> answer(const http::request<http::string_body>& request) {
  const bool found = request.target() == "/";
  http::response<http::string_body> made(found ? http::status::ok : http::status::not_found, request.version());
  made.set(http::field::server, BOOST_BEAST_VERSION_STRING);
  made.set(http::field::content_type, "text/plain");
  made.keep_alive(request.keep_alive());
  made.body() = found ? "Hello, World!" : "Not Found";
  made.prepare_payload();
  return made;
}

asio::awaitable<void> serve(tcp_stream stream) {
  beast::flat_buffer buffer;
  try {
    while (true) {
      stream.expires_after(std::chrono::seconds(30));
      http::request<http::string_body> request;
      co_await http::async_read(stream, buffer, request);
      http::response<http::string_body> made = answer(request);
      const bool keep_alive = made.keep_alive();
      co_await http::async_write(stream, made);
      if (!keep_alive) break;
    }
  } catch (const boost::system::system_error&) {  // the client has gone
  }
  beast::error_code ignored;
  (void)stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> listen(tcp::endpoint at) {
  auto acceptor = asio::use_awaitable_t<>::as_default_on(tcp::acceptor(co_await asio::this_coro::executor, at));
  while (true) {
    tcp_stream stream(co_await acceptor.async_accept());
    stream.socket().set_option(tcp::no_delay(true));
    asio::co_spawn(acceptor.get_executor(), serve(std::move(stream)), asio::detached);
  }
}

}  // namespace

int main(int, char** arguments) {
  asio::io_context context(1);
  const auto port = static_cast<unsigned short>(std::atoi(arguments[1]));
  asio::co_spawn(context, listen(tcp::endpoint(asio::ip::address_v4::loopback(), port)), asio::detached);
  context.run();
}
