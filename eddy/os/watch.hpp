// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "eddy/base/owned.hpp"
#include "eddy/coro/coro.hpp"

namespace eddy {

/// What has happened to something that is watched.
enum class file_change : std::uint8_t {
  created,     // a name is there: made, or moved here from elsewhere
  modified,    // its content has changed; it comes again and again while somebody writes
  written,     // somebody who could write has closed it
  attributes,  // permissions, owner, times, or one name less
  removed,     // a name is gone: removed, or moved elsewhere
  moved,       // a name has become another: `from` and `path`
  overflow,    // more has happened than the system remembers: look at everything anew
  gone,        // what is watched has been removed or unmounted; the last event
  moved_away,  // what is watched has a new name, which `path` does not tell; it is watched all the same
};

/// `created`, `modified`, ...
std::string_view to_string(file_change change) noexcept;

struct file_event {
  file_change change = file_change::modified;
  std::filesystem::path path;  // what it is about: the watched path, with a name in it when that is a folder
  std::filesystem::path from;  // moved: the old name
  bool directory = false;      // whether `path` is a folder
};

namespace detail {
struct watch_state;
}

/// What happens to a file, or to the names in a folder and what they stand for; made by watch().
///
/// A folder's own names, not those in the folders below: watch each of those as well (walk() finds them), or look at
/// them when an event of theirs comes. To follow one file that others replace by renaming, as editors do and
/// replace_file() does, watch its folder.
///
/// What happened since watch() began is not lost while nobody waits: the system keeps some thousands of events
/// (fs.inotify.max_queued_events), then reports an overflow.
///
/// **Cancellation.** Each event comes once, cancelled or not (L12).
/// **Thread safety.** On its own loop's thread; one next() at a time.
class file_watch {
 public:
  file_watch(file_watch&&) noexcept;
  file_watch& operator=(file_watch&&) noexcept;
  ~file_watch();

  /// Waits for the next; nothing after `gone`. @throws std::filesystem::filesystem_error
  coro<std::optional<file_event>> next();

 private:
  friend coro<file_watch> watch(std::filesystem::path path);
  explicit file_watch(detail::owned<detail::watch_state> state) noexcept;

  detail::owned<detail::watch_state> state_;
};

/// Watches a file or a folder from now on: `auto changes = co_await watch(path); while (auto e = co_await
/// changes.next()) ...`
///
/// @throws std::filesystem::filesystem_error  There is no such file; or ENOSPC, EMFILE: the user's limit of watches
/// (fs.inotify.max_user_watches) or of watchers (fs.inotify.max_user_instances).
/// @throws misuse_error  The path has a zero byte in it.
///
/// **Cancellation.** A cancellation point; atomic.
/// **In asyncio.** Nothing; `watchfiles.awatch`.
coro<file_watch> watch(std::filesystem::path path);

}  // namespace eddy
