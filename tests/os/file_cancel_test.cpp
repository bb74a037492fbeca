// SPDX-License-Identifier: BSL-1.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/detail/file_engine.hpp"
#include "eddy/os/open_file.hpp"
#include "eddy/os/temporary.hpp"
#include "eddy/os/whole_file.hpp"
#include "tests/os/files.hpp"
#include "tests/support/moments.hpp"

using namespace eddy;
using namespace eddy::testing;
using namespace std::chrono_literals;

// Every await of files cancelled at every moment, on both engines.

namespace {

explore_options all() { return explore_options().everything(); }

/// Drops a file from the page cache, so that reading it has to wait for the disk.
void forget(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::fsync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

TEST(file_cancel, L1_L4_reading_and_writing_may_be_cancelled_anywhere) {
  const scratch folder;
  put(folder / "in", pattern(5000));
  const auto result = explore_on_engines(
      [&]() -> coro<> {
        forget(folder / "in");
        std::string text;
        co_await with(open_file(folder / "in"), [&](file& f) -> coro<> { text = co_await f.read_all(); });
        EXPECT_EQ(text, pattern(5000));
        co_await with(open_file(folder / "out", "w"), [&](file& f) -> coro<> {
          co_await f.write(text);
          co_await f.sync();
        });
        EXPECT_EQ(content_of(folder / "out"), text);
      },
      all());
  EXPECT_GT(result.cancel_points, 8U);
}

TEST(file_cancel, L1_a_cancelled_read_has_not_moved_the_position) {
  const scratch folder;
  put(folder / "in", pattern(300));
  // The file stands outside of what is cancelled, so that its position can be compared with what was delivered.
  const auto result = explore_on_engines([&]() -> coro<> {
    forget(folder / "in");
    file f = co_await open_file(folder / "in");
    std::string got;
    co_await with(task_group(), [&](task_group& group) -> coro<> {
      group.create_task([&]() -> coro<> {
        while (true) {
          std::string part(100, '\0');
          const std::size_t count = co_await f.read_some(std::span<char>(part));
          got += part.substr(0, count);
          if (count == 0) break;
          forget(folder / "in");
        }
      });
      co_await checkpoint();
      group.cancel();
    });
    EXPECT_EQ(f.tell(), got.size());
    const std::string rest = co_await f.read_all();
    EXPECT_EQ(got + rest, pattern(300));
  });
  EXPECT_GT(result.cancel_points, 3U);
}

TEST(file_cancel, L12_lines_survive_a_cancelled_next) {
  const scratch folder;
  put(folder / "in", "one\ntwo\nthree\n");
  explore_on_engines([&]() -> coro<> {
    forget(folder / "in");
    file f = co_await open_file(folder / "in");
    auto lines = f.lines();
    std::vector<std::string> got;
    co_await with(task_group(), [&](task_group& group) -> coro<> {
      group.create_task([&]() -> coro<> {
        while (auto line = co_await lines.next()) got.push_back(*line);
      });
      co_await checkpoint();
      group.cancel();
    });
    while (auto line = co_await lines.next()) got.push_back(*line);
    EXPECT_EQ(got, (std::vector<std::string>{"one", "two", "three"}));
  });
}

TEST(file_cancel, L1_L3_whole_files_and_temporary_ones_leave_nothing_behind) {
  const scratch folder;
  const auto result = explore_on_engines(
      [&]() -> coro<> {
        co_await with(temporary_directory(folder.path()), [&](const std::filesystem::path& own) -> coro<> {
          co_await write_file(own / "a", "some text");
          co_await replace_file(own / "a", "another");
          const std::string now = co_await read_file(own / "a");
          EXPECT_EQ(now, "another");
          co_await with(named_temporary_file(own), [&](file& f) -> coro<> { co_await f.write("x"); });
          co_await with(temporary_file(own), [&](file& f) -> coro<> { co_await f.write("x"); });
          EXPECT_EQ(std::distance(std::filesystem::directory_iterator(own), {}), 1);
        });
      },
      explore_options().timeouts().closing().second_cancel().faults().check(
          [&]() -> std::string { return folder.count() == 0 ? "" : "a temporary file or folder is left"; }));
  EXPECT_GT(result.cancel_points, 20U);
}

TEST(file_cancel, L1_a_replaced_file_is_the_old_or_the_new_one) {
  const scratch folder;
  const auto result = explore_on_engines(
      [&]() -> coro<> {
        put(folder / "a", "old");
        co_await replace_file(folder / "a", "new");
      },
      all().check([&]() -> std::string {
        const std::string now = content_of(folder / "a");
        if (folder.count() != 1) return "something is left behind";
        return now == "old" || now == "new" ? "" : "the file holds \"" + now + "\"";
      }));
  EXPECT_GT(result.cancel_points, 2U);
}

TEST(file_cancel, S43_a_fifo_without_a_peer_can_be_given_up) {
  const scratch folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  ::mkfifo((folder / "other").c_str(), 0600);
  explore_on_engines(
      [&]() -> coro<> {
        int over = 0;
        try {
          file f = co_await open_file(folder / "pipe");
          co_await wait_for(f.read(), 3ms);
        } catch (const timeout_error&) {
          ++over;
        }
        try {
          co_await timeout(3ms, [&]() -> coro<> { file f = co_await open_file(folder / "other", "w"); });
        } catch (const timeout_error&) {
          ++over;
        }
        EXPECT_EQ(over, 2);
      },
      explore_options().closing().second_cancel());
}

TEST(file_cancel, L4_the_loop_may_shut_down_at_any_turn) {
  const scratch folder;
  put(folder / "in", pattern(5000));
  for (const std::string& engine : file_engines()) {
    for (int turns = 0; turns < 8; ++turns) {
      const leak_check before;
      forget(folder / "in");
      shut_down_during(with_engine(engine,
                                   [&]() -> coro<> {
                                     const std::string text = co_await read_file(folder / "in");
                                     co_await replace_file(folder / "out", text);
                                   }),
                       turns);
      EXPECT_EQ(before.compare(), "") << engine << " after " << turns;
      if (std::filesystem::exists(folder / "out")) {
        EXPECT_EQ(content_of(folder / "out"), pattern(5000));
      }
      std::filesystem::remove(folder / "out");
      EXPECT_EQ(folder.count(), 1U);
    }
  }
}

/// Breaks the n-th request of a kind.
class nth_fault final : public detail::file_faults {
 public:
  nth_fault(detail::file_call which, int nth, detail::io_fault fault) : which_(which), left_(nth), fault_(fault) {}
  std::optional<detail::io_fault> strike(const detail::file_request& request) override {
    if (request.call != which_ || left_-- != 0) return std::nullopt;
    return fault_;
  }

 private:
  detail::file_call which_;
  int left_;
  detail::io_fault fault_;
};

void inject(detail::file_faults* faults) { detail::file_engine::of(event_loop::current().scheduler()).faults = faults; }

EDDY_FILE_TEST(file_cancel, S43_an_error_of_the_disk_reaches_the_caller_and_the_position_stays) {
  const scratch folder;
  put(folder / "a", pattern(1000));
  file f = co_await open_file(folder / "a", "r+");
  nth_fault broken(detail::file_call::read, 1, {EIO});
  inject(&broken);
  const std::string first = co_await f.read(10);
  co_await expect_error(EIO, f.read(10));
  EXPECT_EQ(f.tell(), 10U);
  const std::string next = co_await f.read(10);
  EXPECT_EQ(first + next, pattern(1000).substr(0, 20));
  nth_fault full(detail::file_call::write, 0, {ENOSPC});
  inject(&full);
  co_await expect_error(ENOSPC, f.write("x"));
  inject(nullptr);
  co_await f.close();
}

/// Makes every transfer one byte long.
class short_counts final : public detail::file_faults {
 public:
  std::optional<detail::io_fault> strike(const detail::file_request&) override { return detail::io_fault{}; }
};

EDDY_FILE_TEST(file_cancel, S43_short_reads_and_writes_lose_nothing) {
  const scratch folder;
  short_counts one_byte;
  inject(&one_byte);
  co_await with(open_file(folder / "a", "w"), [&](file& f) -> coro<> { co_await f.write(pattern(100)); });
  std::string back;
  co_await with(open_file(folder / "a"), [&](file& f) -> coro<> { back = co_await f.read_all(); });
  EXPECT_EQ(back, pattern(100));
  std::vector<std::string> lines;
  co_await write_file(folder / "b", "one\ntwo");
  co_await with(open_file(folder / "b"), [&](file& f) -> coro<> {
    auto all_lines = f.lines();
    while (auto line = co_await all_lines.next()) lines.push_back(*line);
  });
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
  inject(nullptr);
}

EDDY_FILE_TEST(file_cancel, L4_what_a_cancelled_write_has_written_is_reported_as_done) {
  const scratch folder;
  file f = co_await open_file(folder / "a", "w");
  const std::string text = pattern(3 << 20);
  for (int i = 0; i < 20; ++i) {
    auto writer = create_task([&]() -> coro<> { co_await f.write(text); });
    for (int k = 0; k < i; ++k) co_await sleep(0s);
    co_await cancel_and_join(writer);
    EXPECT_EQ(std::filesystem::file_size(folder / "a"), f.tell());
  }
}

}  // namespace
