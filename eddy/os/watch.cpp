// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "eddy/base/owned.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/os/detail/file_failure.hpp"
#include "eddy/os/detail/file_job.hpp"
#include "eddy/os/detail/owned_descriptor.hpp"
#include "eddy/os/detail/watched_descriptor.hpp"
#include "eddy/os/file_name.hpp"

namespace eddy {

namespace {

using std::filesystem::path;

constexpr std::uint32_t wanted = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM |
                                 IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
// The second half of a move follows the first at once, though perhaps not in the same read.
constexpr std::chrono::milliseconds second_half{2};

}  // namespace

namespace detail {

/// A move whose second half has not been seen.
struct half_move {
  file_event event;
  std::uint32_t cookie;
};

struct watch_state {
  explicit watch_state(path at) : root(std::move(at)) {}

  path root;
  watched_descriptor descriptor;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer{};
  std::deque<file_event> events;  // read and not handed out
  std::optional<half_move> half;
  bool ended = false;

  void take(std::size_t size) {
    for (std::size_t at = 0; at < size;) {
      inotify_event head{};
      std::memcpy(&head, buffer.data() + at, sizeof head);
      // The name is filled up with zeros.
      const char* const name = buffer.data() + at + sizeof head;
      add(head, head.len != 0 ? root / name : root);
      at += sizeof head + head.len;
    }
  }

  void add(const inotify_event& what, path about) {
    const bool folder = (what.mask & IN_ISDIR) != 0;
    if ((what.mask & IN_MOVED_TO) != 0 && half && half->cookie == what.cookie) {
      events.push_back({file_change::moved, std::move(about), half->event.path, folder});
      half.reset();
      return;
    }
    give_up_half();
    if ((what.mask & IN_MOVED_FROM) != 0) {
      half = half_move{{file_change::removed, std::move(about), {}, folder}, what.cookie};
      return;
    }
    if (const auto change = change_of(what.mask)) push({*change, std::move(about), {}, folder});
  }

  /// It went elsewhere.
  void give_up_half() {
    if (half) events.push_back(std::move(half->event));
    half.reset();
  }

 private:
  void push(file_event event) {
    if (ended) return;
    ended = event.change == file_change::gone;
    events.push_back(std::move(event));
  }

  static std::optional<file_change> change_of(std::uint32_t mask) noexcept {
    constexpr std::pair<std::uint32_t, file_change> meanings[] = {
        {IN_Q_OVERFLOW, file_change::overflow}, {IN_IGNORED, file_change::gone},
        {IN_UNMOUNT, file_change::gone},        {IN_MOVE_SELF, file_change::moved_away},
        {IN_CREATE, file_change::created},      {IN_MOVED_TO, file_change::created},
        {IN_DELETE, file_change::removed},      {IN_MODIFY, file_change::modified},
        {IN_CLOSE_WRITE, file_change::written}, {IN_ATTRIB, file_change::attributes}};
    for (const auto& [bit, change] : meanings)
      if ((mask & bit) != 0) return change;
    return std::nullopt;  // IN_DELETE_SELF: IN_IGNORED follows, when it is really gone
  }
};

}  // namespace detail

std::string_view to_string(file_change change) noexcept {
  constexpr std::array<std::string_view, 9> names{"created", "modified", "written", "attributes", "removed",
                                                  "moved",   "overflow", "gone",    "moved_away"};
  return names[static_cast<std::size_t>(change)];
}

file_watch::file_watch(detail::owned<detail::watch_state> state) noexcept : state_(std::move(state)) {}
file_watch::file_watch(file_watch&&) noexcept = default;
file_watch& file_watch::operator=(file_watch&&) noexcept = default;
file_watch::~file_watch() = default;

coro<file_watch> watch(path at) {
  detail::check_path(at.native());
  // Finding the file may have to wait for a disk.
  auto job = [&](const detail::stop_flag&) {
    detail::owned_descriptor fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    detail::checked(fd.get(), "watch", at);
    detail::checked(::inotify_add_watch(fd.get(), at.c_str(), wanted), "watch", at);
    return fd.release();
  };
  const int fd = co_await detail::file_job(detail::current_file_engine(), job, "watch");
  detail::owned_descriptor owned(fd);
  auto state = std::make_unique<detail::watch_state>(at);
  state->descriptor.adopt(event_loop::current().scheduler(), owned.release());
  co_return file_watch(std::move(state));
}

coro<std::optional<file_event>> file_watch::next() {
  detail::watch_state& s = *state_;
  co_await checkpoint();
  bool waited_for_half = false;
  while (s.events.empty()) {
    if (s.ended) co_return std::nullopt;
    // Asked first: what did not fit into the last read makes no edge of its own.
    const ssize_t count = ::read(s.descriptor.fd(), s.buffer.data(), s.buffer.size());
    if (count > 0) {
      s.take(static_cast<std::size_t>(count));
    } else if (count < 0 && errno != EAGAIN && errno != EINTR) {
      detail::throw_file_error("watch", s.root, errno);
    } else if (s.half && waited_for_half) {
      s.give_up_half();
    } else if (s.half) {
      co_await sleep(second_half);
      waited_for_half = true;
    } else {
      const int result = co_await s.descriptor.wait_readable("file_watch::next");
      if (result < 0) detail::throw_file_error("watch", s.root, -result);
    }
  }
  file_event event = std::move(s.events.front());
  s.events.pop_front();
  co_return event;
}

}  // namespace eddy
