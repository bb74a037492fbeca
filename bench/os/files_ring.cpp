// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <liburing.h>

#include <cstdlib>

#include "bench/os/files_peers.hpp"

namespace bench {

namespace {

constexpr std::size_t file_size = 4096;
enum part : unsigned { opened, has_read, closed };

void require(bool holds) {
  if (!holds) std::abort();
}

/// One chain: each of its parts begins when the one before has succeeded.
void submit(io_uring& ring, const char* path, unsigned slot, char* into) {
  io_uring_sqe* entry = io_uring_get_sqe(&ring);
  io_uring_prep_openat_direct(entry, AT_FDCWD, path, O_RDONLY, 0, slot);
  entry->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
  entry->user_data = opened;
  entry = io_uring_get_sqe(&ring);
  io_uring_prep_read(entry, static_cast<int>(slot), into, file_size, 0);
  entry->flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK;
  entry->user_data = has_read;
  entry = io_uring_get_sqe(&ring);
  io_uring_prep_close_direct(entry, slot);
  entry->user_data = (static_cast<std::uint64_t>(slot) << 8) | closed;
}

}  // namespace

std::size_t ring_small(const std::vector<std::string>& paths, std::size_t at_once) {
  io_uring ring;
  require(io_uring_queue_init(static_cast<unsigned>(4 * at_once), &ring,
                              IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN) == 0);
  require(io_uring_register_files_sparse(&ring, static_cast<unsigned>(at_once)) == 0);
  std::vector<char> buffers(at_once * file_size);
  std::size_t next = 0;
  std::size_t left = paths.size();
  std::size_t sum = 0;
  const auto start = [&](std::size_t slot) {
    if (next == paths.size()) return;
    submit(ring, paths[next++].c_str(), static_cast<unsigned>(slot), buffers.data() + slot * file_size);
  };
  for (std::size_t slot = 0; slot < at_once; ++slot) start(slot);
  while (left > 0) {
    io_uring_submit_and_wait(&ring, 1);
    unsigned head = 0;
    unsigned seen = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring, head, entry) {
      ++seen;
      require(entry->res >= 0);
      if (entry->user_data == has_read) sum += static_cast<std::size_t>(entry->res);
      if ((entry->user_data & 0xff) != closed) continue;
      --left;
      start(entry->user_data >> 8);
    }
    io_uring_cq_advance(&ring, seen);
  }
  io_uring_queue_exit(&ring);
  return sum;
}

}  // namespace bench
