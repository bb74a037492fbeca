// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>

#include "crawl.hpp"
#include "eddy/coro/coro.hpp"
#include "options.hpp"

namespace crawler {

/// Runs a crawl, shows its progress on stderr and its tables on stdout.
///
/// @returns the exit code: 0, or 1 when the start page itself could not be had.
eddy::coro<int> show_crawl(crawl_options options);

/// Runs the demo: the made-up site, a directory, or another server. @returns 0 when what came is what was expected.
eddy::coro<int> run_demo(demo_options options);

/// Prints what the database has for some words. @returns 0, or 1 when there is nothing.
eddy::coro<int> run_search(search_options options);

}  // namespace crawler
