// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace eddy::detail {

/// The two links of an element of `intrusive_list`. Unlinked on construction; copying does not copy the links.
struct list_hook {
  list_hook* previous = nullptr;
  list_hook* next = nullptr;

  list_hook() = default;
  list_hook(const list_hook&) noexcept {}
  list_hook& operator=(const list_hook&) noexcept { return *this; }  // NOLINT(bugprone-unhandled-self-assignment)

  bool linked() const noexcept { return next != nullptr; }
  void unlink() noexcept {
    previous->next = next;
    next->previous = previous;
    previous = next = nullptr;
  }
};

/// A doubly linked first-in first-out list of elements that live elsewhere (mostly in coroutine frames).
///
/// `T` derives from `list_hook`. Never allocates, never owns; an element can leave from the middle by `unlink()`.
template <class T>
class intrusive_list {
 public:
  intrusive_list() noexcept { end_.previous = end_.next = &end_; }
  intrusive_list(const intrusive_list&) = delete;
  intrusive_list& operator=(const intrusive_list&) = delete;

  bool empty() const noexcept { return end_.next == &end_; }
  // The analyzer does not see that unlink() took out the element that was deleted before.
  T& front() noexcept { return static_cast<T&>(*end_.next); }  // NOLINT(clang-analyzer-cplusplus.NewDelete)

  void push_back(T& element) noexcept { insert_before(end_, element); }
  void push_front(T& element) noexcept { insert_before(*end_.next, element); }

  T& pop_front() noexcept {
    T& element = front();
    static_cast<list_hook&>(element).unlink();
    return element;
  }

  /// The element after `element`; null at the end.
  T* after(T& element) noexcept {
    list_hook* next = static_cast<list_hook&>(element).next;
    return next == &end_ ? nullptr : static_cast<T*>(next);
  }
  T* first() noexcept { return empty() ? nullptr : &front(); }

  std::size_t size() const noexcept {
    std::size_t count = 0;
    for (const list_hook* at = end_.next; at != &end_; at = at->next) ++count;
    return count;
  }

  /// Moves all elements of `other` to the end of this list, in their order.
  void splice_back(intrusive_list& other) noexcept {
    while (!other.empty()) push_back(other.pop_front());
  }

 private:
  static void insert_before(list_hook& place, T& element) noexcept {
    list_hook& hook = element;
    hook.previous = place.previous;
    hook.next = &place;
    place.previous->next = &hook;
    place.previous = &hook;
  }

  list_hook end_;
};

}  // namespace eddy::detail
