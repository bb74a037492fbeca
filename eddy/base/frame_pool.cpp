// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/frame_pool.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "eddy/base/config.hpp"

namespace eddy::detail::frame_pool {

namespace {

struct block {
  block* next;
};

// The unused end of a slab whose thread has ended.
struct slab_rest {
  slab_rest* next;
  char* end;
};

constexpr std::size_t step = 16;
constexpr std::size_t class_count = largest / step;
constexpr std::size_t slab_size = 64 * 1024;

constexpr std::size_t class_of(std::size_t size) noexcept { return (size + step - 1) / step - 1; }

struct thread_lists {
  std::array<block*, class_count> free;
  char* fresh;  // the rest of this thread's slab
  char* fresh_end;
  std::atomic<std::int64_t> live;  // written by this thread alone, read by whoever sums up
  thread_lists* next;              // of all threads that hold or held something
};

// Every slab ever made, the threads that use them, and the lists of threads that have ended. Never destroyed: other
// threads' and static objects' frames may be released after it would have been.
struct depot {
  std::mutex lock;
  std::vector<void*> slabs;
  std::array<block*, class_count> free{};
  slab_rest* rests = nullptr;
  thread_lists* threads = nullptr;
  std::int64_t ended_live = 0;  // of threads that have ended
};

depot& shared() {
  static depot* only = new depot;
  return *only;
}

// Trivial on purpose, so that the fast path tests no initialisation guard; `lists_keeper` does what a destructor would.
constinit thread_local thread_lists lists_of_thread{};

thread_lists& here() noexcept { return lists_of_thread; }

// No read-modify-write: it costs what a plain counter costs.
void count(thread_lists& lists, std::int64_t difference) noexcept {
  lists.live.store(lists.live.load(std::memory_order_relaxed) + difference, std::memory_order_relaxed);
}

// Makes a thread's count known, and hands its lists to later threads when it ends.
struct lists_keeper {
  lists_keeper() {
    depot& all = shared();
    const std::scoped_lock guard(all.lock);
    here().next = std::exchange(all.threads, &here());
  }
  lists_keeper(const lists_keeper&) = delete;
  lists_keeper& operator=(const lists_keeper&) = delete;
  ~lists_keeper() {
    depot& all = shared();
    const std::scoped_lock guard(all.lock);
    thread_lists& lists = here();
    forget(all, lists);
    for (std::size_t c = 0; c < class_count; ++c) {
      while (block* first = lists.free[c]) {
        lists.free[c] = first->next;
        first->next = all.free[c];
        all.free[c] = first;
      }
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
    all.ended_live += lists.live.load(std::memory_order_relaxed);
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

// A slab, or the rest of one that a thread left behind; at least `largest` bytes.
void take_slab(depot& all, thread_lists& lists) {
  while (slab_rest* rest = all.rests) {
    all.rests = rest->next;
    lists.fresh = reinterpret_cast<char*>(rest);
    lists.fresh_end = rest->end;
    if (static_cast<std::size_t>(lists.fresh_end - lists.fresh) >= largest) return;
    give_up_slab(lists);
  }
  auto* slab = static_cast<char*>(::operator new(slab_size));
  all.slabs.push_back(slab);
  lists.fresh = slab;
  lists.fresh_end = slab + slab_size;
}

EDDY_NOINLINE void* refill(thread_lists& lists, std::size_t size_class) {
  keep_lists();
  const std::size_t size = (size_class + 1) * step;
  if (static_cast<std::size_t>(lists.fresh_end - lists.fresh) < size) {
    depot& all = shared();
    const std::scoped_lock guard(all.lock);
    if (block* found = all.free[size_class]) {
      lists.free[size_class] = found->next;  // take the whole list
      all.free[size_class] = nullptr;
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

void* allocate(std::size_t size) {
  thread_lists& lists = here();
  if (EDDY_ASAN || size > largest) {
    keep_lists();
    void* made = ::operator new(size);
    count(lists, 1);
    return made;
  }
  const std::size_t c = class_of(size);
  block* found = lists.free[c];
  void* made = found;
  if (found != nullptr) [[likely]]
    lists.free[c] = found->next;
  else
    made = refill(lists, c);
  count(lists, 1);
  return made;
}

void release(void* memory, std::size_t size) noexcept {
  thread_lists& lists = here();
  count(lists, -1);
  if (EDDY_ASAN || size > largest) {
    keep_lists();
    ::operator delete(memory);
    return;
  }
  auto* freed = static_cast<block*>(memory);
  const std::size_t c = class_of(size);
  freed->next = lists.free[c];
  lists.free[c] = freed;
  if (freed->next == nullptr) [[unlikely]]
    keep_lists();
}

std::int64_t live_blocks() noexcept {
  depot& all = shared();
  const std::scoped_lock guard(all.lock);
  std::int64_t sum = all.ended_live;
  for (const thread_lists* each = all.threads; each != nullptr; each = each->next)
    sum += each->live.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace eddy::detail::frame_pool
