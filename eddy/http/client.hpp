// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "eddy/http/client_error.hpp"
#include "eddy/http/client_options.hpp"
#include "eddy/http/client_request.hpp"
#include "eddy/http/reply.hpp"
#include "eddy/http/url.hpp"

namespace eddy::http {

/// How a client's pool stands.
class client_statistics {
 public:
  std::size_t connections = 0;  ///< open or being made
  std::size_t idle = 0;         ///< of those, the ones that no request uses
  std::size_t waiting = 0;      ///< requests that wait for a connection
};

/// Makes HTTP requests, over connections that it keeps: one for a whole program or a part of it.
///
///     http::client client(http::client_options().per_host(6).header("User-Agent", "shop/1"));
///     auto reply = co_await client.get("http://example.org/search").query("q", "eddy").timeout(3s);
///     std::cout << reply.raise_for_status().text();
///
/// Connections are kept by host (scheme, name, port) and given to whoever has waited longest. One on which a request
/// failed, was cancelled or timed out is closed. One that the server closed while it was idle is replaced, also when
/// that shows only after sending, if nothing of an answer has come and the method is idempotent.
///
/// **Lifetime.** May go before its requests: they end as if it were there. Usable from one `run` after the other.
/// **Thread safety.** On one loop's thread at a time; a client for each loop.
/// **In asyncio.** `aiohttp.ClientSession`, `httpx.AsyncClient`.
class client {
 public:
  explicit client(const client_options& options = {});
  client(client&&) noexcept;
  client& operator=(client&& other) noexcept;
  ~client();

  /// @param url  http://host/path, or an http::url.  @throws url_error  It is none.
  client_request get(std::string_view url);
  client_request get(http::url url);
  client_request head(std::string_view url);
  client_request head(http::url url);
  client_request post(std::string_view url);
  client_request post(http::url url);
  client_request put(std::string_view url);
  client_request put(http::url url);
  client_request patch(std::string_view url);
  client_request patch(http::url url);
  /// DELETE, which is a word of the language.
  client_request del(std::string_view url);
  client_request del(http::url url);

  /// Any method but CONNECT, in capitals as a rule. @throws url_error, std::invalid_argument
  client_request request(std::string_view method, std::string_view url);
  client_request request(std::string_view method, http::url url);

  /// Closes the connections that are idle, and those under way when their requests have ended. The client can still be
  /// used; it keeps no connections then.
  void close() noexcept;

  client_statistics statistics() const noexcept;

 private:
  std::shared_ptr<detail::client_core> core_;  // shared with the requests under way
};

}  // namespace eddy::http
