// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/detail/buffer_ring.hpp"
#include "eddy/base/owned.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace eddy::detail {

namespace {

constexpr std::size_t queue_bytes = buffer_ring::count * sizeof(io_uring_buf);

}  // namespace

owned<buffer_ring> buffer_ring::make(ring& owner) noexcept {
  owned<buffer_ring> made(new (std::nothrow) buffer_ring(owner));
  if (made != nullptr && !made->set_up()) made.reset();
  return made;
}

bool buffer_ring::set_up() noexcept {
  bytes_.reset(new (std::nothrow) std::byte[count * size]);
  void* const pages = mmap(nullptr, queue_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return false;
  queue_ = static_cast<io_uring_buf_ring*>(pages);
  if (bytes_ == nullptr) return false;
  io_uring_buf_reg about{};
  about.ring_addr = reinterpret_cast<std::uintptr_t>(pages);
  about.ring_entries = count;
  about.bgid = group;
  registered_ = io_uring_register_buf_ring(&owner_.handle(), &about, 0) == 0;
  if (!registered_) return false;
  io_uring_buf_ring_init(queue_);
  for (unsigned id = 0; id < count; ++id) give_back(id);
  return true;
}

buffer_ring::~buffer_ring() {
  if (registered_) io_uring_unregister_buf_ring(&owner_.handle(), group);
  if (queue_ != nullptr) munmap(queue_, queue_bytes);
}

void buffer_ring::give_back(unsigned id) noexcept {
  io_uring_buf_ring_add(queue_, at(id), static_cast<unsigned>(size), static_cast<unsigned short>(id),
                        io_uring_buf_ring_mask(count), 0);
  io_uring_buf_ring_advance(queue_, 1);
}

}  // namespace eddy::detail
