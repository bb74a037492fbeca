// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/frame_pool.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "eddy/base/config.hpp"

namespace eddy::detail::frame_pool {

namespace {

// The unused end of a slab whose thread has ended.
struct slab_rest {
  slab_rest* next;
  char* end;
};

constexpr std::size_t slab_size = 64 * 1024;
// What a process with many frames gets instead, once it has some: one page of the processor instead of 512, where the
// system has such.
constexpr std::size_t huge_slab_size = 2 * 1024 * 1024;
constexpr std::size_t slabs_before_huge = 256;  // 16 MiB: what the last of them leaves unused is little beside that

// A list that a thread has left behind, in its first block. So the end of a thread costs the same after a million
// frames.
struct left_list {
  block* rest;
  left_list* next;
};
static_assert(sizeof(left_list) <= step);

// Every slab ever made, the threads that use them, and the lists of threads that have ended. Never destroyed: other
// threads' and static objects' frames may be released after it would have been.
struct depot {
  std::mutex lock;
  std::vector<char*> slabs;  // null for one that there was no memory for
  std::array<left_list*, class_count> left{};
  slab_rest* rests = nullptr;
  thread_lists* threads = nullptr;
  std::int64_t ended_live = 0;  // of threads that have ended
};

depot& shared() {
  static depot* only = new depot;
  return *only;
}

thread_lists& here() noexcept { return lists_of_thread; }

std::int64_t live_of(const thread_lists& lists) noexcept { return __atomic_load_n(&lists.live, __ATOMIC_RELAXED); }

// Makes a thread's count known, and hands its lists to later threads when it ends.
struct lists_keeper {
  lists_keeper() {
    depot& all = shared();
    const std::scoped_lock guard(all.lock);
    here().next = std::exchange(all.threads, &here());
    here().kept = true;
  }
  lists_keeper(const lists_keeper&) = delete;
  lists_keeper& operator=(const lists_keeper&) = delete;
  ~lists_keeper() {
    depot& all = shared();
    const std::scoped_lock guard(all.lock);
    thread_lists& lists = here();
    forget(all, lists);
    lists.kept = false;
    for (std::size_t c = 0; c < class_count; ++c) {
      block* const first = std::exchange(lists.free[c], nullptr);
      if (first != nullptr) all.left[c] = new (first) left_list{first->next, all.left[c]};
    }
    if (lists.fresh != lists.fresh_end) {  // a multiple of `step`, so a slab_rest fits
      auto* rest = reinterpret_cast<slab_rest*>(lists.fresh);
      *rest = {all.rests, lists.fresh_end};
      all.rests = rest;
      lists.fresh = lists.fresh_end = nullptr;
    }
  }

 private:
  static void forget(depot& all, const thread_lists& lists) noexcept {
    all.ended_live += live_of(lists);
    thread_lists** link = &all.threads;
    while (*link != &lists) link = &(*link)->next;
    *link = lists.next;
  }
};

// Called before a thread's lists first hold anything: by refill(), by release() on a thread that only frees, and with
// blocks that go to the global allocator.
EDDY_NOINLINE void keep_lists() {
  static thread_local lists_keeper keeper;
  (void)keeper;
}

// What is left of this thread's slab becomes a block of its own class.
void give_up_slab(thread_lists& lists) noexcept {
  if (const auto rest = static_cast<std::size_t>(lists.fresh_end - lists.fresh); rest >= step) {
    const std::size_t c = std::min(rest / step, class_count) - 1;
    auto* left = reinterpret_cast<block*>(lists.fresh);
    left->next = lists.free[c];
    lists.free[c] = left;
  }
  lists.fresh = lists.fresh_end = nullptr;
}

char* make_slab(std::size_t size) {
  if (size == slab_size) return static_cast<char*>(::operator new(size));
  // Twice as much, of which the aligned part is kept.
  void* const room = ::mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<char*>(room);
  const std::size_t before = (size - reinterpret_cast<std::uintptr_t>(begin) % size) % size;
  if (before != 0) ::munmap(begin, before);
  ::munmap(begin + before + size, size - before);
  ::madvise(begin + before, size, MADV_HUGEPAGE);  // a wish: without it the pages are just small
  return begin + before;
}

// A slab, or the rest of one that a thread left behind; at least `largest` bytes.
void take_slab(depot& all, thread_lists& lists) {
  while (slab_rest* rest = all.rests) {
    all.rests = rest->next;
    lists.fresh = reinterpret_cast<char*>(rest);
    lists.fresh_end = rest->end;
    if (static_cast<std::size_t>(lists.fresh_end - lists.fresh) >= largest) return;
    give_up_slab(lists);
  }
  const std::size_t size = all.slabs.size() < slabs_before_huge ? slab_size : huge_slab_size;
  char*& slab = all.slabs.emplace_back(nullptr);
  slab = make_slab(size);
  lists.fresh = slab;
  lists.fresh_end = slab + size;
}

void* refill(thread_lists& lists, std::size_t size_class) {
  keep_lists();
  const std::size_t size = (size_class + 1) * step;
  if (static_cast<std::size_t>(lists.fresh_end - lists.fresh) < size) {
    depot& all = shared();
    const std::scoped_lock guard(all.lock);
    if (left_list* found = all.left[size_class]) {
      all.left[size_class] = found->next;
      lists.free[size_class] = found->rest;
      return found;
    }
    give_up_slab(lists);
    take_slab(all, lists);
  }
  void* made = lists.fresh;
  lists.fresh += size;
  return made;
}

}  // namespace

constinit thread_local thread_lists lists_of_thread{};

void* allocate_slowly(thread_lists& lists, std::size_t size) {
  void* made = nullptr;
  if (EDDY_ASAN || size > largest) {
    keep_lists();
    made = ::operator new(size);
  } else {
    made = refill(lists, class_of(size));
  }
  count(lists, 1);
  return made;
}

void release_slowly(thread_lists& lists, void* memory, std::size_t size) noexcept {
  keep_lists();
  count(lists, -1);
  if (EDDY_ASAN || size > largest) {
    ::operator delete(memory);
    return;
  }
  auto* freed = static_cast<block*>(memory);
  block*& first = lists.free[class_of(size)];
  freed->next = first;
  first = freed;
}

std::int64_t live_blocks() noexcept {
  depot& all = shared();
  const std::scoped_lock guard(all.lock);
  std::int64_t sum = all.ended_live;
  for (const thread_lists* each = all.threads; each != nullptr; each = each->next) sum += live_of(*each);
  return sum;
}

}  // namespace eddy::detail::frame_pool
