// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/loop/loop_life.hpp"
#include "eddy/os/detail/file_engine.hpp"

namespace eddy::detail {

/// What a `file` stands for: counted, not atomic, since what is under way keeps it too (L4).
///
/// A regular file (or folder, disk, /dev/null) has a position of its own and goes to the engine; what can be polled (a
/// pipe, a FIFO, a terminal) is watched by the loop's backend.
class file_core final : public loop_dependent {
 public:
  /// Takes `fd` over, also when this throws. @throws std::system_error
  static file_core* make(event_loop& loop, int fd, std::filesystem::path path, int flags);

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

  bool watched() const noexcept { return watched_; }
  /// Whether a read is to be tried before it waits: a terminal gives a line and keeps the next without a word. A FIFO
  /// that nobody has opened for writing so far would seem to be at its end.
  bool tries_first() const noexcept { return !fifo_; }
  bool reads() const noexcept;
  bool writes() const noexcept;
  bool appends() const noexcept;
  bool is_folder() const noexcept { return folder_; }
  backend& io() const noexcept { return *loop_->scheduler().io; }
  event_loop* loop() const noexcept { return loop_; }
  file_engine& engine() const noexcept { return *engine_; }
  /// Calls that wait in the kernel: without O_NONBLOCK, which the system was asked for when opening.
  void let_it_wait() noexcept;
  /// Whether closing can only take long for the sake of what was written, or a large file that has no name any more.
  bool closes_at_once() const noexcept { return closes_at_once_; }
  /// Bytes when it was opened, as far as the kernel knew without asking a disk or a network; 0 when it did not, and for
  /// what has no size.
  std::int64_t first_size() const noexcept { return first_size_; }
  /// The descriptor, to be closed by somebody else; what is watched is closed by the backend and gives -1.
  int give_up() noexcept;

  descriptor target;  // what is watched; else only its number
  file_limits limits;
  std::filesystem::path path;
  std::int64_t position = 0;
  unsigned under_way = 0;   // requests
  bool reads_here = false;  // one of them is a read, a write at the position
  bool writes_here = false;
  bool closed = false;

 private:
  file_core(event_loop& loop, int fd, std::filesystem::path name, int flags);
  ~file_core();
  void look(int fd);
  void loop_ended() noexcept override;

  event_loop* loop_;
  file_engine* engine_;
  unsigned references_ = 1;
  int flags_;
  std::int64_t first_size_ = 0;
  bool watched_ = false;
  bool folder_ = false;
  bool fifo_ = false;
  bool closes_at_once_ = false;
  bool may_block_ = false;
};

/// Shares a file_core.
class file_ref {
 public:
  file_ref() noexcept = default;
  /// Takes over the reference of its maker.
  explicit file_ref(file_core* made) noexcept : core_(made) {}
  file_ref(const file_ref& other) noexcept : core_(other.core_) {
    if (core_ != nullptr) core_->retain();
  }
  file_ref(file_ref&& other) noexcept : core_(detail::exchanged(other.core_, nullptr)) {}
  file_ref& operator=(file_ref other) noexcept {
    core_ = detail::exchanged(other.core_, core_);
    return *this;
  }
  ~file_ref() {
    if (core_ != nullptr) core_->release();
  }
  file_core* operator->() const noexcept { return core_; }
  file_core& operator*() const noexcept { return *core_; }
  explicit operator bool() const noexcept { return core_ != nullptr; }

 private:
  file_core* core_ = nullptr;
};

}  // namespace eddy::detail
