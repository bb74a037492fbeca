// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/detail/buffer_ring.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace eddy::detail {

owned<buffer_ring> buffer_ring::make(ring& owner, unsigned count) noexcept {
  owned<buffer_ring> made(new (std::nothrow) buffer_ring(owner, count));
  if (made != nullptr && !made->set_up()) made.reset();
  return made;
}

bool buffer_ring::set_up() noexcept {
  void* const pages = mmap(nullptr, queue_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return false;
  queue_ = static_cast<io_uring_buf_ring*>(pages);
  io_uring_buf_reg about{};
  about.ring_addr = reinterpret_cast<std::uintptr_t>(pages);
  about.ring_entries = count_;
  about.bgid = group;
  registered_ = io_uring_register_buf_ring(&owner_.handle(), &about, 0) == 0;
  if (!registered_) return false;
  io_uring_buf_ring_init(queue_);
  refill();
  return missing_ == 0;
}

buffer_ring::~buffer_ring() {
  if (registered_) io_uring_unregister_buf_ring(&owner_.handle(), group);
  if (queue_ != nullptr) munmap(queue_, queue_bytes());
  for (byte_block* const block : blocks_)
    if (block != nullptr) byte_block::release(block);
}

void buffer_ring::give_back(unsigned id) noexcept {
  if (blocks_[id] != nullptr) [[likely]]
    return lend(id);
  ++missing_;
  refill();
}

void buffer_ring::refill() noexcept {
  for (unsigned id = 0; missing_ != 0 && id < count_; ++id) {
    byte_block*& block = blocks_[id];
    if (block != nullptr) continue;
    try {
      block = byte_block::make(size);
    } catch (const std::bad_alloc&) {
      return;
    }
    block->lender = &block;
    --missing_;
    lend(id);
  }
}

/// Shows the kernel a piece.
void buffer_ring::lend(unsigned id) noexcept {
  io_uring_buf_ring_add(queue_, at(id), static_cast<unsigned>(size), static_cast<unsigned short>(id),
                        io_uring_buf_ring_mask(count_), 0);
  io_uring_buf_ring_advance(queue_, 1);
}

}  // namespace eddy::detail
