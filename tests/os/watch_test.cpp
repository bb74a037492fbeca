// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/watch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/whole_file.hpp"
#include "tests/os/files.hpp"

using namespace eddy;
using namespace eddy::testing;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// `created a`, `moved a -> b`
std::string text_of(const file_event& e) {
  std::string text(to_string(e.change));
  if (!e.from.empty()) text += " " + e.from.filename().string() + " ->";
  return text + " " + e.path.filename().string() + (e.directory ? "/" : "");
}

coro<std::vector<std::string>> take(file_watch& changes, std::size_t count) {
  std::vector<std::string> found;
  while (found.size() < count) {
    const auto event = co_await changes.next();
    if (!event) break;
    found.push_back(text_of(*event));
  }
  co_return found;
}

using list = std::vector<std::string>;

EDDY_FILE_TEST(watch, S43_what_happens_in_a_folder_is_told_in_order) {
  scratch folder;
  auto changes = co_await watch(folder.path());
  put(folder / "a", "text");
  fs::rename(folder / "a", folder / "b");
  fs::create_directory(folder / "sub");
  fs::rename(folder / "b", folder / "sub/c");
  fs::rename(folder / "sub/c", folder / "d");
  ::chmod((folder / "d").c_str(), 0600);
  fs::remove(folder / "d");
  const auto found = co_await take(changes, 9);
  EXPECT_EQ(found, (list{"created a", "modified a", "written a", "moved a -> b", "created sub/", "removed b",
                         "created d", "attributes d", "removed d"}));
}

EDDY_FILE_TEST(watch, S43_a_watched_file_that_goes_is_the_end) {
  scratch folder;
  put(folder / "a", "text");
  auto changes = co_await watch(folder / "a");
  put(folder / "a", "another");
  fs::rename(folder / "a", folder / "b");
  fs::remove(folder / "b");
  std::vector<std::string> found;
  while (auto event = co_await changes.next()) found.push_back(std::string(to_string(event->change)));
  EXPECT_EQ(found.back(), "gone");
  EXPECT_NE(std::find(found.begin(), found.end(), "moved_away"), found.end());
  const auto again = co_await changes.next();
  EXPECT_FALSE(again);
  co_await expect_error(ENOENT, watch(folder / "a"));
}

EDDY_FILE_TEST(watch, S43_a_move_out_of_the_folder_is_a_removal) {
  scratch folder;
  scratch elsewhere;
  put(folder / "a", "");
  auto changes = co_await watch(folder.path());
  fs::rename(folder / "a", elsewhere / "a");
  const auto found = co_await take(changes, 1);
  EXPECT_EQ(found, list{"removed a"});
}

EDDY_FILE_TEST(watch, S43_an_overflow_is_reported_and_the_watch_goes_on) {
  scratch folder;
  put(folder / "a", "");
  put(folder / "b", "");
  auto changes = co_await watch(folder.path());
  std::size_t most = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  // Two names by turns: equal events that follow each other are made one.
  for (std::size_t i = 0; i < most / 2 + 100; ++i)
    for (const auto& name : {folder / "a", folder / "b"}) ::close(::open(name.c_str(), O_WRONLY | O_CLOEXEC));
  bool overflow = false;
  std::size_t count = 0;
  while (!overflow) {
    const auto event = co_await changes.next();
    overflow = event->change == file_change::overflow;
    ++count;
  }
  EXPECT_EQ(count, most + 1);
  put(folder / "c", "");
  const auto found = co_await take(changes, 1);
  EXPECT_EQ(found, list{"created c"});
}

TEST(watch, L12_every_event_comes_once_however_often_it_is_cancelled) {
  const scratch folder;
  const auto result = explore_on_engines(
      [&]() -> coro<> {
        auto changes = co_await watch(folder.path());
        std::vector<std::string> found;
        const auto listen = [&]() -> coro<> {
          while (found.size() < 6) {
            const auto event = co_await changes.next();
            found.push_back(text_of(*event));
          }
        };
        co_await with(task_group(), [&](task_group& group) -> coro<> {
          group.create_task(std::ref(listen));
          co_await checkpoint();
          ::mkdir((folder / "a").c_str(), 0700);
          fs::rename(folder / "a", folder / "b");
          group.cancel();
        });
        ::rmdir((folder / "b").c_str());
        ::mkdir((folder / "a").c_str(), 0700);
        fs::rename(folder / "a", folder / "b");
        ::rmdir((folder / "b").c_str());
        co_await listen();
        EXPECT_EQ(found,
                  (list{"created a/", "moved a -> b/", "removed b/", "created a/", "moved a -> b/", "removed b/"}));
      },
      explore_options().check([&]() -> std::string {
        fs::remove(folder / "a");
        fs::remove(folder / "b");
        return {};
      }));
  EXPECT_GT(result.cancel_points, 5U);
}

}  // namespace
