// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>

#include "eddy/coro/coro.hpp"
#include "eddy/exec/thread_pool.hpp"
#include "eddy/flow/rate_limiter.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/http/client.hpp"
#include "eddy/sync/queue.hpp"
#include "fetch.hpp"
#include "options.hpp"
#include "report.hpp"
#include "robots.hpp"
#include "store.hpp"

namespace crawler {

/// One crawl: follows the links inside the start's origin until there are none left.
///
/// How it is built, and the patterns it shows:
/// ```
///   frontier_ (queue) ──take()──> worker x concurrency ──fetch──> read_page (thread) ──> found links back into
///   frontier_
///                                      └──put()──> store ──write_all──> SQLite's thread
/// ```
/// - Workers on a queue: `take()` gives a lease, `join()` tells that every page is done, then the group is cancelled.
/// - A page's failure is that page's result; only a fault of the crawler itself ends the crawl.
/// - Parsing happens on a pool of as many threads as there are cores: the loop's thread only moves bytes.
class crawl {
 public:
  /// Learns of every page that has ended, in the order of their ends.
  using observer = std::function<void(const page&)>;

  explicit crawl(crawl_options options, observer on_page = {});

  /// Crawls. When it is cancelled, what has been fetched is stored before it ends.
  eddy::coro<> run();

  const statistics& results() const noexcept { return statistics_; }
  progress now() const;
  /// Pages of HTML that were answered with 200.
  std::size_t html_pages() const noexcept { return html_pages_; }

 private:
  eddy::coro<> crawl_all();
  eddy::coro<> read_robots();
  eddy::coro<> seed();
  eddy::coro<> work();
  eddy::coro<> visit(const std::string& url);
  eddy::coro<> read_links(fetched& got, page_record& record);
  std::vector<std::string> note_links(const std::vector<std::string>& links);
  bool note(const std::string& url);
  eddy::rate_limiter* limiter() noexcept { return rate_ ? &*rate_ : nullptr; }
  void finished(const page& row);

  crawl_options options_;
  observer on_page_;
  std::string start_;
  eddy::http::client client_;
  std::optional<eddy::rate_limiter> rate_;
  eddy::thread_pool parsers_;
  store store_;
  robots robots_;
  statistics statistics_;
  eddy::queue<std::string> frontier_;
  std::unordered_set<std::string> known_;  // every URL that was ever put into the frontier
  std::size_t active_ = 0;
  std::size_t html_pages_ = 0;
  std::size_t done_before_ = 0;  // by the crawl that this one resumes
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace crawler
