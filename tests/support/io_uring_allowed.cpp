// SPDX-License-Identifier: BSL-1.0
// Run when the tests are configured: whether this machine lets a program use io_uring.
#include <liburing.h>

int main() {
  io_uring ring{};
  if (io_uring_queue_init(4, &ring, 0) != 0) return 1;
  io_uring_queue_exit(&ring);
}
