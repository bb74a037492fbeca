// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "eddy/coro/coro.hpp"
#include "eddy/flow/rate_limiter.hpp"
#include "eddy/http/client.hpp"
#include "options.hpp"
#include "storage.hpp"

namespace crawler {

/// What came of one URL: its row, and the decoded body when it was stored.
struct fetched {
  fetched() = default;

  page row;
  std::string body;
};

/// Fetches one URL: with the limits of `options`, and again what may be tried again, with growing pauses or after the
/// server's Retry-After. Never throws for what the network or the server does: that is the row's error.
///
/// Redirects are followed inside the URL's origin.
///
/// @param rate  Asked before each attempt; null for no limit.
///
/// **Cancellation.** Ends at once, also in a pause.
eddy::coro<fetched> fetch(eddy::http::client& client, std::string url, const crawl_options& options,
                          eddy::rate_limiter* rate = nullptr);

}  // namespace crawler
