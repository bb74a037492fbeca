// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/os/detail/process_frame.hpp"
#include "eddy/os/msgpack/reader.hpp"

namespace eddy::detail {

class process_pool_core;
class worker_life;

/// The exception that an answer of this kind tells of.
std::exception_ptr to_exception(const received_frame& answer) noexcept;

/// A job of a process_pool, as it waits in the awaiting frame.
///
/// Life: queued -> with a worker -> settled; or queued -> withdrawn.
class process_job : public leaf<process_job>, public list_hook {
 public:
  process_job(std::shared_ptr<process_pool_core> pool, std::vector<std::byte> call, bool kill_on_cancel) noexcept;
  process_job(process_job&&) noexcept;

  bool try_complete() const noexcept { return false; }
  void begin();
  bool take_back() noexcept;
  std::string describe() const override;

 protected:
  ~process_job();
  void set_kill_on_cancel(bool on) noexcept { kill_on_cancel_ = on; }
  /// The value's MessagePack. @throws what came instead of one
  msgpack::reader value() const;

 private:
  friend class process_pool_core;
  friend class worker_life;

  void settle(received_frame answer) noexcept;
  void fail(std::exception_ptr error) noexcept;
  /// It was cancelled, and nobody works on it any more.
  void give_up() noexcept { context_->withdrawn(); }

  std::shared_ptr<process_pool_core> pool_;
  std::vector<std::byte> call_;
  bool kill_on_cancel_;
  bool retried_ = false;         // a worker went before it had been sent whole; once is chance
  bool killed_ = false;          // its worker was killed because it was cancelled
  worker_life* life_ = nullptr;  // the worker that has it; null while it is queued
  received_frame answer_;
  std::exception_ptr error_;
};

}  // namespace eddy::detail
