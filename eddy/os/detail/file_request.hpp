// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "eddy/base/intrusive_list.hpp"
#include "eddy/exec/thread_pool.hpp"

namespace eddy::detail {

/// A call of the system that a ring can take as well as a thread.
enum class file_call : std::uint8_t { open, close, read, write, sync, status };

/// One such call: described by its owner, made by a file_engine.
///
/// What it points to stays valid until done(), also when it was withdrawn (L4).
struct file_request : pool_job, list_hook {
  file_call call = file_call::read;
  std::uint8_t stage = 0;  // the engine's own: how far it has come
  int fd = -1;             // open, status: the folder of `path`, or AT_FDCWD
  int flags = 0;           // open: of open(2); status: of statx(2); sync: whether data alone will do
  unsigned mode = 0;       // open: permissions of a new file; status: what is asked for
  const char* path = nullptr;
  void* data = nullptr;      // read, write: the bytes; status: a statx
  std::size_t size = 0;      // bytes
  std::int64_t offset = -1;  // -1: where the descriptor stands
  std::int64_t result = 0;   // as the system's; negative: -errno

  /// It has been made, or was taken back (-ECANCELED). On the loop's thread; must not run user code.
  virtual void done() noexcept = 0;

  void work() noexcept final;
  void back() noexcept final { done(); }

 protected:
  file_request() = default;
  ~file_request() = default;
  file_request(const file_request&) = default;
  file_request& operator=(const file_request&) = delete;
};

/// What a descriptor has shown not to bear; learnt from the first refusal.
struct file_limits {
  bool read_now = true;   // reading what lies in memory, or not at all
  bool write_now = true;  // writing to memory, or not at all
};

/// Makes the call, however long it takes.
void perform(file_request& request) noexcept;

/// Makes the call when that cannot wait for a disk. @returns false when it would, or the system cannot tell.
///
/// At most 1 MiB is read or written so, which takes a tenth of a millisecond.
bool perform_at_once(file_request& request, file_limits* limits) noexcept;

/// Opens for reading when that cannot wait. @returns a descriptor, -errno, or -EAGAIN when it would or might wait.
int open_at_once(const char* path) noexcept;
/// Reads at an offset what lies in memory. @returns bytes, or a negative number: what is not there, cannot be told, or
/// has no offsets. Nothing was read then.
std::int64_t read_at_once(int fd, void* into, std::size_t size, std::int64_t offset) noexcept;

}  // namespace eddy::detail
