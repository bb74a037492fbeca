// SPDX-License-Identifier: BSL-1.0
// A program of somebody else, on all that this eddy has: one thing of each library, so that each is linked
// with what it stands on.
#include <eddy/eddy.hpp>

#include <iostream>
#include <string>

eddy::coro<std::string> version() { co_return "eddy " EDDY_VERSION; }

#if EDDY_HAS_PROCESS_POOL
int twice(int number) { return 2 * number; }
eddy::coro<> with_processes(eddy::process_pool& pool) {
  const int four = co_await pool.submit(twice, 2);
  std::cout << "from another process: " << four << '\n';
}
#endif

eddy::coro<> main_coro() {
  const std::string text = co_await version();
  std::cout << text << '\n';
#if EDDY_HAS_HTTP
  std::cout << "host of a url: " << eddy::http::url::parse("http://example.org/b").host() << '\n';
#endif
#if EDDY_HAS_SQLITE
  eddy::sqlite::database database(":memory:");
  std::cout << "database is open: " << database.is_open() << '\n';
#endif
#if EDDY_HAS_TLS
  std::cout << "handshakes so far: " << eddy::tls::client_context().counts().completed << '\n';
#endif
#if EDDY_HAS_PROCESS_POOL
  co_await eddy::with(eddy::process_pool(1), with_processes);
#endif
}

int main() { eddy::run(main_coro); }
