// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/coro/coro.hpp"

namespace eddy::sqlite {

class connection;

namespace detail {

enum class role : unsigned char { reader, writer };

class pool_state;
struct pool_slot;

/// A slot of a pool in use; goes back when it is destroyed.
class lease {
 public:
  lease(std::shared_ptr<pool_state> from, pool_slot& what) noexcept : pool_(std::move(from)), slot_(&what) {}
  lease(lease&& other) noexcept : pool_(std::move(other.pool_)), slot_(eddy::detail::exchanged(other.slot_, nullptr)) {}
  lease& operator=(lease&&) = delete;
  ~lease();

  pool_slot& slot() const noexcept { return *slot_; }
  connection& operator*() const noexcept;
  connection* operator->() const noexcept { return &**this; }

 private:
  std::shared_ptr<pool_state> pool_;
  pool_slot* slot_;
};

/// pool_state::acquire().
coro<lease> acquire(pool_state& from, role what);
/// pool_state::first_choice().
role first_choice(const pool_state& pool, const std::string& sql);
/// pool_state::remember().
void remember(pool_state& pool, const std::string& sql, role what);

}  // namespace detail
}  // namespace eddy::sqlite
