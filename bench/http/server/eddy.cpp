// SPDX-License-Identifier: BSL-1.0
// An HTTP server as a user writes it: a router, one handler, all limits and timeouts as they come. `eddy PORT`
#include "eddy/coro/run.hpp"
#include "eddy/http/router.hpp"
#include "eddy/http/server.hpp"

#include <string>

namespace http = eddy::http;

int main(int, char** arguments) {
  http::router app;
  app.get("/", [] { return "Hello, World!"; });
  eddy::run([&] { return http::serve(app, std::string("127.0.0.1:") + arguments[1]); });
}
