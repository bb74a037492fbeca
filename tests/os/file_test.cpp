// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/open_file.hpp"
#include "tests/os/files.hpp"

using namespace eddy;
using namespace eddy::testing;
using namespace std::chrono_literals;

namespace {

static_assert(std::is_nothrow_move_constructible_v<file> && !std::is_copy_constructible_v<file>);

/// What opening gives, as a coroutine for error_of.
coro<file> opened(std::filesystem::path path, std::string mode) { co_return co_await open_file(path, mode); }

EDDY_FILE_TEST(file, S43_what_is_written_is_read_again) {
  scratch folder;
  const std::string text = pattern(300'000);
  co_await with(open_file(folder / "a", "w"), [&](file& f) -> coro<> {
    co_await f.write(text);
    EXPECT_EQ(f.tell(), text.size());
  });
  EXPECT_EQ(content_of(folder / "a"), text);
  co_await with(open_file(folder / "a"), [&](file& f) -> coro<> {
    std::string head(1000, '\0');
    co_await f.read_exactly(std::span<char>(head));
    EXPECT_EQ(head, text.substr(0, 1000));
    const std::string some = co_await f.read(10);
    EXPECT_EQ(some, text.substr(1000, 10));
    const std::string rest = co_await f.read_all();
    EXPECT_EQ(rest, text.substr(1010));
    const std::string end = co_await f.read();
    EXPECT_EQ(end, "");
  });
}

EDDY_FILE_TEST(file, S43_modes_are_those_of_python_and_fopen) {
  scratch folder;
  const auto path = folder / "a";
  co_await expect_error(ENOENT, opened(path, "r"));
  co_await expect_error(ENOENT, opened(path, "r+"));
  co_await with(open_file(path, "xb"), [&](file& f) -> coro<> { co_await f.write("one"); });
  co_await expect_error(EEXIST, opened(path, "x"));
  co_await with(open_file(path, "a"), [&](file& f) -> coro<> {
    co_await f.write("two");
    EXPECT_EQ(f.tell(), 6U);
  });
  co_await with(open_file(path, "r+"), [&](file& f) -> coro<> {
    co_await f.write("ONE");
    const std::string rest = co_await f.read_all();
    EXPECT_EQ(rest, "two");
  });
  co_await with(open_file(path, "a+"), [&](file& f) -> coro<> {
    const std::string start = co_await f.read(3);
    EXPECT_EQ(start, "ONE");
    co_await f.write("!");
    f.seek(0);
    const std::string all = co_await f.read_all();
    EXPECT_EQ(all, "ONEtwo!");
  });
  co_await with(open_file(path, "w+"), [&](file& f) -> coro<> {
    co_await f.write("new");
    f.seek(0);
    const std::string all = co_await f.read_all();
    EXPECT_EQ(all, "new");
  });
  for (const char* wrong : {"", "z", "rw", "r++", "+r"})
    EXPECT_THROW([[maybe_unused]] auto none = open_file(path, wrong), misuse_error) << wrong;
}

EDDY_FILE_TEST(file, S43_offsets_are_independent_of_where_the_file_stands) {
  scratch folder;
  co_await with(open_file(folder / "a", "w+"), [&](file& f) -> coro<> {
    co_await f.write_at(100, "end");
    co_await f.write_at(0, "begin");
    EXPECT_EQ(f.tell(), 0U);
    std::array<char, 10> some{};
    const std::size_t count = co_await f.read_at(98, std::span<char>(some));
    EXPECT_EQ(std::string(some.data(), count), std::string("\0\0end", 5));
    const std::size_t beyond = co_await f.read_at(1000, std::span<char>(some));
    EXPECT_EQ(beyond, 0U);
    EXPECT_EQ(f.seek_by(5), 5U);
    const std::uint64_t at = co_await f.seek_end(-3);
    EXPECT_EQ(at, 100U);
    const std::string end = co_await f.read_all();
    EXPECT_EQ(end, "end");
    co_await f.truncate(5);
    const file_info info = co_await f.status();
    EXPECT_EQ(info.size, 5U);
    EXPECT_TRUE(info.is_regular());
    co_await f.sync_data();
    co_await f.sync();
  });
  EXPECT_EQ(content_of(folder / "a"), "begin");
}

coro<std::size_t> read_one_at(file& f, std::size_t at, std::string& into) {
  return f.read_at(at, std::span<char>(into).subspan(at, 1000));
}

EDDY_FILE_TEST(file, S43_many_tasks_read_at_offsets_at_once) {
  scratch folder;
  const std::string text = pattern(64'000);
  put(folder / "a", text);
  std::string got(text.size(), '\0');
  co_await with(open_file(folder / "a"), [&](file& f) -> coro<> {
    std::vector<task<std::size_t>> parts;
    for (std::size_t at = 0; at < text.size(); at += 1000)
      parts.push_back(create_task(read_one_at, std::ref(f), at, std::ref(got)));
    for (auto& each : parts) {
      const std::size_t count = co_await each;
      EXPECT_EQ(count, 1000U);
    }
  });
  EXPECT_EQ(got, text);
}

EDDY_FILE_TEST(file, S43_lines_come_whole_whatever_their_length) {
  scratch folder;
  const std::string longest(60'000, 'x');
  put(folder / "a", "one\r\n\ntwo\n" + longest + "\n" + longest + "\nlast");
  co_await with(open_file(folder / "a"), [&](file& f) -> coro<> {
    auto lines = f.lines();
    std::vector<std::string> got;
    while (auto line = co_await lines.next()) got.push_back(*line);
    EXPECT_EQ(got, (std::vector<std::string>{"one", "", "two", longest, longest, "last"}));
    const auto again = co_await lines.next();
    EXPECT_FALSE(again);
  });
}

EDDY_FILE_TEST(file, S43_a_line_beyond_the_limit_is_an_error) {
  scratch folder;
  put(folder / "a", "short\n" + std::string(100'000, 'x') + "\n");
  co_await with(open_file(folder / "a"), [&](file& f) -> coro<> {
    auto lines = f.lines(1000);
    const auto line = co_await lines.next();
    EXPECT_EQ(line, "short");
    bool refused = false;
    try {
      auto unused = co_await lines.next();
    } catch (const limit_overrun_error& e) {
      refused = e.limit() == 1000;
    }
    EXPECT_TRUE(refused);
  });
}

EDDY_FILE_TEST(file, S43_an_early_end_hands_over_what_there_was) {
  scratch folder;
  put(folder / "a", "0123456789");
  co_await with(open_file(folder / "a"), [&](file& f) -> coro<> {
    std::string into(20, '\0');
    std::string partial;
    try {
      co_await f.read_exactly(std::span<char>(into));
    } catch (const incomplete_read_error& e) {
      partial = e.partial();
    }
    EXPECT_EQ(partial, "0123456789");
  });
}

EDDY_FILE_TEST(file, S43_errors_name_the_operation_and_the_path) {
  scratch folder;
  put(folder / "a", "text");
  std::string text;
  text = co_await expect_error(ENOENT, opened(folder / "none", "r"));
  EXPECT_NE(text.find("open_file"), std::string::npos) << text;
  EXPECT_NE(text.find((folder / "none").string()), std::string::npos) << text;
  co_await expect_error(ENOTDIR, opened(folder / "a/b", "r"));
  co_await expect_error(EISDIR, opened(folder.path(), "r"));
  co_await expect_error(EISDIR, opened(folder.path(), "w"));
  co_await expect_error(ENAMETOOLONG, opened(folder / std::string(300, 'x'), "w"));
  std::filesystem::create_symlink(folder / "loop", folder / "loop");
  co_await expect_error(ELOOP, opened(folder / "loop", "r"));
  file reader = co_await open_file(folder / "a");
  text = co_await expect_error(EBADF, reader.write("x"));
  EXPECT_NE(text.find("write"), std::string::npos) << text;
  co_await reader.close();
  co_await reader.close();
  EXPECT_THROW(reader.tell(), closed_error);
}

EDDY_FILE_TEST(file, S43_a_file_that_is_removed_or_cut_while_open_is_read_as_it_is) {
  scratch folder;
  put(folder / "a", pattern(100'000));
  file f = co_await open_file(folder / "a");
  const std::string head = co_await f.read(50'000);
  EXPECT_EQ(head, pattern(100'000).substr(0, 50'000));
  std::filesystem::resize_file(folder / "a", 50'010);
  std::filesystem::remove(folder / "a");
  const std::string rest = co_await f.read_all();
  EXPECT_EQ(rest, pattern(100'000).substr(50'000, 10));
  std::filesystem::path gone = f.path();
  EXPECT_FALSE(std::filesystem::exists(gone));
  co_await f.close();
}

coro<std::string> read_here(file& f) { return f.read(10); }

EDDY_FILE_TEST(file, L9_two_reads_at_the_position_are_refused_and_one_under_way_keeps_the_file) {
  scratch folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  file f = co_await open_file(folder / "pipe", "r+");
  auto first = create_task(read_here, std::ref(f));
  co_await sleep(0s);
  bool refused = false;
  try {
    std::string unused = co_await f.read(10);
  } catch (const misuse_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  refused = false;
  try {
    co_await f.close();
  } catch (const misuse_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  co_await f.write("there");
  const std::string got = co_await first;
  EXPECT_EQ(got, "there");
}

coro<int> count_reads(file& f, bool& stop) {
  int count = 0;
  std::array<char, 1> byte{};
  for (; count < 1'000'000 && !stop; ++count) {
    f.seek(0);
    const std::size_t got = co_await f.read_some(byte);
    if (got == 0) break;
  }
  co_return count;
}

coro<> turns(bool& stop) {
  for (int i = 0; i < 20; ++i) co_await sleep(0s);
  stop = true;
}

EDDY_FILE_TEST(file, L7_reads_out_of_memory_do_not_starve_others) {
  scratch folder;
  put(folder / "a", "x");
  file f = co_await open_file(folder / "a");
  bool stop = false;
  auto result = co_await gather(count_reads(f, stop), turns(stop));
  EXPECT_LT(std::get<0>(result), 1'000'000) << "the other task had its turns meanwhile";
}

TEST(file, S43_a_file_may_outlive_its_loop) {
  scratch folder;
  put(folder / "a", "x");
  const leak_check before;
  {
    file f = run(opened, folder / "a", std::string("r+"));
    EXPECT_TRUE(f.is_open());
  }
  EXPECT_EQ(before.compare(), "");
}

EDDY_FILE_TEST(file, L4_a_file_that_is_dropped_is_closed_by_the_end_of_the_loop) {
  scratch folder;
  file f = co_await open_file(folder / "a", "w");
  co_await f.write(pattern(10'000));
  // The leak check after this body looks for the descriptor.
}

EDDY_FILE_TEST(file, S43_the_engine_can_be_seen_and_is_chosen_once) {
  const file_engine_info now = file_engine();
  EXPECT_EQ(now.reason, "as the program asked");
  EXPECT_NO_THROW(use_file_engine(now.name));
  EXPECT_THROW(use_file_engine(now.name == "threads" ? "io_uring" : "threads"), misuse_error);
  EXPECT_THROW(use_file_engine("steam"), misuse_error);
  co_return;
}

}  // namespace
