// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "eddy/base/outcome.hpp"
#include "eddy/coro/coro.hpp"
#include "eddy/db/sqlite/connection.hpp"
#include "eddy/sync/queue.hpp"
#include "storage.hpp"

namespace crawler {

/// What is written together: a page, its links, and what it added to the frontier.
struct page_record {
  page_record() = default;

  page row;
  std::vector<std::string> links;
  std::vector<std::string> discovered;  // links that nobody had found before
};

/// The crawl's database: pages go in through a bounded queue, and are written in transactions of many.
///
/// A resource: use it with `with`. Its aexit writes what is left in the queue, so that Ctrl-C loses nothing that was
/// fetched. Patterns shown: a bounded queue for back-pressure; leases, so that what a cancelled transaction took goes
/// back into the queue; clean-up that awaits.
class store {
 public:
  /// @param path  The database file; empty stores nothing, and every call is a no-op.
  explicit store(std::string path) : path_(std::move(path)) {}

  eddy::coro<> aenter();
  eddy::coro<> aexit();

  bool enabled() const noexcept { return !path_.empty(); }

  /// Forgets an earlier crawl and begins one with `start`.
  eddy::coro<> begin(std::string start);
  /// What an earlier crawl knew: the URLs that are done, and those that were found and not done.
  struct progress {
    progress() = default;
    std::vector<std::string> done;
    std::vector<std::string> open;
  };
  eddy::coro<progress> resume();

  /// Hands a page over; waits while the writer is far behind. A page whose put() is cancelled is written by aexit().
  eddy::coro<> put(page_record record);
  /// Writes what put() brings, for ever: run it as a task.
  eddy::coro<> write_all();

 private:
  using lease = eddy::queue<page_record>::lease;

  // Enough for long transactions, and few enough to be written within the second that Ctrl-C may take.
  static constexpr std::size_t most_waiting = 128;
  static constexpr std::size_t most_in_transaction = 64;

  eddy::coro<> write(const std::vector<const page_record*>& records);

  std::string path_;
  std::optional<eddy::sqlite::connection> database_;
  eddy::queue<page_record> waiting_{most_waiting};
  std::vector<page_record> late_;  // whose put() was cancelled while the queue was full
};

}  // namespace crawler
