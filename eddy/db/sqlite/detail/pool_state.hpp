// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/db/sqlite/connection.hpp"
#include "eddy/db/sqlite/detail/lease.hpp"
#include "eddy/db/sqlite/pool.hpp"
#include "eddy/loop/timer_queue.hpp"
#include "eddy/sync/mutex.hpp"

namespace eddy::sqlite {

namespace detail {

/// A place for a connection, which is opened when it is first needed.
struct pool_slot {
  explicit pool_slot(role what) noexcept : kind(what) {}
  role kind;
  std::optional<connection> held = {};
};

/// Waits for a slot, for so long at most. Atomic.
class acquire_operation final : public eddy::detail::leaf<acquire_operation>,
                                public eddy::detail::list_hook,
                                private eddy::detail::timer {
 public:
  acquire_operation(std::shared_ptr<pool_state> pool, role what) noexcept : pool_(std::move(pool)), kind_(what) {}
  acquire_operation(acquire_operation&&) = default;

  bool try_complete();
  void begin();
  bool take_back() noexcept;
  lease await_resume();
  std::string describe() const override;

 private:
  friend class pool_state;
  void due() noexcept override;
  void granted(pool_slot& slot) noexcept;
  void refused() noexcept;

  std::shared_ptr<pool_state> pool_;
  role kind_;
  pool_slot* slot_ = nullptr;
  std::string refusal_;  // why it got none, when the limit was reached
};

/// A pool's connections, and who waits for them. One loop's.
///
/// Invariant: tasks wait for a role only while no slot of that role is free.
class pool_state final : public std::enable_shared_from_this<pool_state> {
 public:
  pool_state(std::string path, open_options options, std::size_t readers, std::chrono::nanoseconds wait_limit);

  /// A connection to read or to write with, opened if need be.
  /// @throws timeout_error  None was free within the limit. @throws usage_error  The pool is closed.
  coro<lease> acquire(role what);

  /// The connection that a statement is sent to first; unknown ones are tried on a reader.
  role first_choice(const std::string& sql) const;
  void remember(const std::string& sql, role what);

  /// Whose `with` holds the writer, so that waiting for oneself is found out.
  void set_writer_holder(const context* holder) noexcept { writer_holder_ = holder; }

  coro<> close();
  void abort() noexcept;
  bool closed() const noexcept { return closed_; }
  pool_statistics statistics() const noexcept;

 private:
  friend class lease;
  friend class acquire_operation;

  role effective(role what) const noexcept { return readers_.empty() ? role::writer : what; }
  static std::size_t index(role what) noexcept { return static_cast<std::size_t>(what); }
  pool_slot* take(role what) noexcept;
  void give_back(pool_slot& slot) noexcept;
  std::string why_none(role what) const;
  coro<> open_slot(pool_slot& slot);
  void check_waits(const context& c, role what) const;

  std::string path_;
  open_options options_;
  std::chrono::nanoseconds wait_limit_;
  pool_slot writer_{role::writer};
  std::vector<eddy::detail::owned<pool_slot>> readers_;
  std::array<std::vector<pool_slot*>, 2> free_;  // by role; the last given back is taken first
  std::array<eddy::detail::intrusive_list<acquire_operation>, 2> waiting_;
  std::unordered_map<std::string, role> roles_;
  eddy::mutex creating_;  // the file is created by one connection, before others read it
  bool created_ = false;
  bool closed_ = false;
  const context* writer_holder_ = nullptr;
  std::size_t replaced_ = 0;
  std::size_t timed_out_ = 0;
};

}  // namespace detail
}  // namespace eddy::sqlite
