// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <string>

namespace eddy::testing {

/// The books about things that go in somewhere and come out again: queue items, messages, leases, pooled connections.
///
/// What was put has to be taken or be left, exactly once, when the books are closed: neither lost nor doubled. Declare
/// it before what uses it; its destructor closes the books, and a run of EDDY_TEST or `explore` fails when they do not
/// balance. The order of the notes does not matter: a consumer may well note what it took before the producer goes on.
///
/// ```
/// ledger books("orders");
/// co_await orders.put(7);  books.put(7);        // an await that has its effect is always resumed, so this runs too
/// int got = co_await orders.get();  books.took(got);
/// while (auto rest = orders.try_get()) books.left(*rest);
/// ```
///
/// **Thread safety.** One thread at a time.
class ledger {
 public:
  explicit ledger(std::string name) : name_(std::move(name)) {}
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;
  ~ledger();

  /// @returns a number that no item of these books had before.
  int next_item() noexcept { return ++last_; }

  /// The item went in.
  void put(int item) { ++entries_[item].put; }
  /// The item came out, for good.
  void took(int item) { ++entries_[item].taken; }
  /// The item is found inside at the end.
  void left(int item) { ++entries_[item].left; }

  /// What does not balance, a line each; empty when all is well.
  std::string imbalance() const;

 private:
  struct entry {
    int put = 0;
    int taken = 0;
    int left = 0;
  };

  std::string name_;
  std::map<int, entry> entries_;
  int last_ = 0;
};

}  // namespace eddy::testing
