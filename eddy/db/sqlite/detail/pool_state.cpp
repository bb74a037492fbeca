// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/detail/pool_state.hpp"

#include "eddy/base/errors.hpp"
#include "eddy/db/sqlite/detail/access.hpp"

namespace eddy::sqlite::detail {
namespace {

// Texts that are built from data hardly come twice: forget all of them now and then.
constexpr std::size_t most_roles = 1024;
constexpr std::size_t longest_remembered = 4096;

const char* name_of(role what) noexcept { return what == role::writer ? "the writer" : "a reader"; }

}  // namespace

lease::~lease() {
  if (slot_ != nullptr) pool_->give_back(*slot_);
}

connection& lease::operator*() const noexcept { return *slot_->held; }

coro<lease> acquire(pool_state& from, role what) { return from.acquire(what); }
role first_choice(const pool_state& pool, const std::string& sql) { return pool.first_choice(sql); }
void remember(pool_state& pool, const std::string& sql, role what) { pool.remember(sql, what); }

// ---------------------------------------------------------------------------------------------------------------------

bool acquire_operation::try_complete() {
  kind_ = pool_->effective(kind_);
  if (pool_->closed_) throw usage_error("the pool of \"" + pool_->path_ + "\" is closed");
  slot_ = pool_->take(kind_);
  return slot_ != nullptr;
}

void acquire_operation::begin() {
  pool_->check_waits(*context_, kind_);
  auto& s = context_->scheduler();
  s.timers.arm(*this, s.now() + pool_->wait_limit_);
  pool_->waiting_[pool_state::index(kind_)].push_back(*this);
}

bool acquire_operation::take_back() noexcept {
  unlink();
  context_->scheduler().timers.cancel(*this);
  return true;
}

void acquire_operation::due() noexcept {
  unlink();
  ++pool_->timed_out_;
  refusal_ = pool_->why_none(kind_);
  context_->completed();
}

void acquire_operation::granted(pool_slot& slot) noexcept {
  slot_ = &slot;
  context_->scheduler().timers.cancel(*this);
  context_->completed();
}

void acquire_operation::refused() noexcept {
  context_->scheduler().timers.cancel(*this);
  context_->completed();
}

lease acquire_operation::await_resume() {
  if (!refusal_.empty()) throw timeout_error(refusal_);
  if (slot_ == nullptr) throw usage_error("the pool of \"" + pool_->path_ + "\" was closed");
  return lease(std::move(pool_), *slot_);
}

std::string acquire_operation::describe() const {
  return std::string("sqlite pool: ") + name_of(kind_) + " of " + pool_->path_;
}

// ---------------------------------------------------------------------------------------------------------------------

pool_state::pool_state(std::string path, open_options options, std::size_t readers, std::chrono::nanoseconds wait_limit)
    : path_(std::move(path)), options_(options), wait_limit_(wait_limit) {
  free_[index(role::writer)].push_back(&writer_);
  for (std::size_t i = 0; i < readers; ++i) {
    readers_.push_back(std::make_unique<pool_slot>(role::reader));
    free_[index(role::reader)].push_back(readers_.back().get());
  }
}

coro<lease> pool_state::acquire(role what) {
  auto taken = co_await acquire_operation(shared_from_this(), what);
  if (!taken.slot().held) co_await open_slot(taken.slot());
  co_return taken;
}

coro<> pool_state::open_slot(pool_slot& slot) {
  const auto self = shared_from_this();
  auto creating = co_await creating_.lock();
  if (created_) creating.unlock();
  auto options = options_;
  if (created_ && slot.kind == role::reader) options.mode = open_mode::read_only;
  if (!created_ && slot.kind == role::reader) {
    // Whoever reads first creates the file with a connection for the writer, and goes on with one of its own kind.
    auto first = co_await connection::open_here(path_, options, true);
    created_ = true;
    if (!writer_.held && !free_[index(role::writer)].empty()) writer_.held.emplace(std::move(first));
    options.mode = open_mode::read_only;
    auto opened = co_await connection::open_here(path_, options, true);
    slot.held.emplace(std::move(opened));
    co_return;
  }
  auto opened = co_await connection::open_here(path_, options, true);
  created_ = true;
  slot.held.emplace(std::move(opened));
}

pool_slot* pool_state::take(role what) noexcept {
  auto& free = free_[index(what)];
  if (free.empty()) return nullptr;
  pool_slot* taken = free.back();
  free.pop_back();
  return taken;
}

void pool_state::give_back(pool_slot& slot) noexcept {
  if (slot.held && !slot.held->is_healthy()) {
    slot.held.reset();
    ++replaced_;
  }
  if (closed_) slot.held.reset();
  auto& waiting = waiting_[index(slot.kind)];
  if (waiting.empty())
    free_[index(slot.kind)].push_back(&slot);
  else
    waiting.pop_front().granted(slot);
}

void pool_state::check_waits(const context& c, role what) const {
  if (what == role::writer && runs_inside(c, writer_holder_))
    throw misuse_error(
        "a pool was asked to write inside the body of its own transaction, which it would wait for; use the "
        "connection that the body is given: with(db.transaction(), [&](sqlite::connection& tx) ...)");
}

std::string pool_state::why_none(role what) const {
  const std::size_t others = waiting_[index(what)].size();
  return "waited " + eddy::detail::format_duration(wait_limit_) + " for " + name_of(what) +
         " of the sqlite pool of \"" + path_ + "\": all " + std::to_string(what == role::writer ? 1 : readers_.size()) +
         " in use, " + std::to_string(others) +
         " other tasks wait; make transactions and streams shorter, or raise readers() or wait_limit()";
}

role pool_state::first_choice(const std::string& sql) const {
  const auto known = roles_.find(sql);
  return known == roles_.end() ? role::reader : known->second;
}

void pool_state::remember(const std::string& sql, role what) {
  if (sql.size() > longest_remembered) return;
  if (roles_.size() >= most_roles) roles_.clear();
  roles_.insert_or_assign(sql, what);
}

coro<> pool_state::close() {
  const auto self = shared_from_this();
  std::vector<pool_slot*> idle;
  if (!closed_) {
    closed_ = true;
    for (auto& free : free_) idle.insert(idle.end(), free.begin(), free.end());
    for (auto& waiting : waiting_)
      while (!waiting.empty()) waiting.pop_front().refused();
  }
  for (pool_slot* slot : idle) {
    if (!slot->held) continue;
    connection closing = std::move(*slot->held);
    slot->held.reset();
    co_await closing.close();
  }
}

void pool_state::abort() noexcept {
  closed_ = true;
  for (auto& waiting : waiting_)
    while (!waiting.empty()) waiting.pop_front().refused();
  for (auto& free : free_)
    for (pool_slot* slot : free) slot->held.reset();
}

pool_statistics pool_state::statistics() const noexcept {
  pool_statistics now;
  now.connections = writer_.held ? 1 : 0;
  for (const auto& reader : readers_) now.connections += reader->held ? 1 : 0;
  now.readers_in_use = readers_.size() - free_[index(role::reader)].size();
  now.writer_in_use = free_[index(role::writer)].empty();
  now.readers_waiting = waiting_[index(role::reader)].size();
  now.writers_waiting = waiting_[index(role::writer)].size();
  now.replaced = replaced_;
  now.timed_out = timed_out_;
  return now;
}

}  // namespace eddy::sqlite::detail
