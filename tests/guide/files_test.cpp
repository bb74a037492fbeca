// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/files.md and signals.md that stands in no example.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "eddy/coro/task.hpp"
#include "eddy/flow/gather.hpp"
#include "eddy/flow/race.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/copy_file.hpp"
#include "eddy/os/directory.hpp"
#include "eddy/os/file_engine.hpp"
#include "eddy/os/file_tree.hpp"
#include "eddy/os/open_file.hpp"
#include "eddy/os/signals.hpp"
#include "eddy/os/temporary.hpp"
#include "eddy/os/watch.hpp"
#include "eddy/os/whole_file.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;
using std::filesystem::path;

namespace {

// [offsets]
coro<std::string> last_bytes(eddy::file& f, std::size_t count) {
  const eddy::file_info info = co_await f.status();
  const std::size_t wanted = std::min<std::size_t>(count, info.size);
  std::string tail(wanted, '\0');
  co_await f.read_at(info.size - wanted, std::span<char>(tail));  // the position stays
  co_return tail;
}
// [offsets]

// [errors]
coro<std::string> config_of(path name) {
  try {
    co_return co_await eddy::read_file(name);
  } catch (const std::filesystem::filesystem_error& e) {
    if (e.code() == std::errc::no_such_file_or_directory) co_return "";  // the defaults
    throw;  // "filesystem error: open_file: Permission denied [/etc/shop.conf]"
  }
}
// [errors]

// [walk]
coro<std::uint64_t> bytes_below(path folder) {
  std::uint64_t sum = 0;
  auto all = eddy::walk(folder);
  while (auto entry = co_await all.next()) {
    if (entry->error || !entry->is_regular()) continue;  // a folder that may not be read says so, and the walk goes on
    const auto info = co_await eddy::symlink_status(entry->path);
    sum += info.size;
  }
  co_return sum;
}
// [walk]

// [watch]
coro<> wait_for_name(path folder, std::string name) {
  auto changes = co_await eddy::watch(folder);
  const bool there = co_await eddy::exists(folder / name);  // asked after the watch began: nothing slips through
  if (there) co_return;
  while (auto change = co_await changes.next()) {
    if (change->path.filename() == name && change->change != eddy::file_change::removed) co_return;
    if (change->change == eddy::file_change::overflow) {  // more has happened than the system remembers
      const bool now = co_await eddy::exists(folder / name);
      if (now) co_return;
    }
  }
  throw std::runtime_error(folder.string() + " is gone");
}
// [watch]

// [temporary]
coro<std::size_t> size_of_a_copy(std::string text) {
  co_return co_await eddy::with(eddy::temporary_directory(), [&](const path& folder) -> coro<std::size_t> {
    co_await eddy::write_file(folder / "in", text);
    co_await eddy::copy_file(folder / "in", folder / "out");
    const std::string back = co_await eddy::read_file(folder / "out");
    co_return back.size();
  });  // the folder is gone here, whatever happened
}
// [temporary]

// [engine]
coro<std::string> which_engine() {
  const eddy::file_engine_info engine = eddy::file_engine();
  co_return engine.name + ": " + engine.reason;  // "io_uring: the system allows it"
}
// [engine]

// [serve]
coro<> serve_requests(int& served) {
  while (true) {
    co_await eddy::sleep(1ms);
    ++served;
  }
}

coro<> serve_until_told(int& served) {
  auto ends = eddy::signals(SIGTERM, SIGINT);
  const auto stop = [&]() -> coro<> {
    const auto signal = co_await ends.next();
    std::printf("%s from process %d\n", signal->name().c_str(), static_cast<int>(signal->sender));
  };
  co_await eddy::race(stop(), serve_requests(served));  // the first end cancels the other
}
// [serve]

// [reload]
coro<> reload_on_hangup(int& reloads) {
  auto hangups = eddy::signals(SIGHUP);
  while (auto each = co_await hangups.next()) ++reloads;
}
// [reload]

EDDY_IO_TEST(guide_files, S43_the_pieces_of_the_page_work) {
  co_await eddy::with(eddy::temporary_directory(), [&](const path& folder) -> coro<> {
    const std::string none = co_await config_of(folder / "none");
    EXPECT_EQ(none, "");
    co_await eddy::write_file(folder / "a", "0123456789");
    std::string tail;
    co_await eddy::with(eddy::open_file(folder / "a"),
                        [&](eddy::file& f) -> coro<> { tail = co_await last_bytes(f, 3); });
    EXPECT_EQ(tail, "789");
    co_await eddy::create_directories(folder / "b/c");
    co_await eddy::write_file(folder / "b/c/d", "01234");
    const std::uint64_t sum = co_await bytes_below(folder);
    EXPECT_EQ(sum, 15U);
    co_await eddy::gather(wait_for_name(folder, "late"), eddy::write_file(folder / "late", ""));
    const std::size_t size = co_await size_of_a_copy("text");
    EXPECT_EQ(size, 4U);
    const std::string engine = co_await which_engine();
    EXPECT_FALSE(engine.empty());
  });
}

EDDY_IO_TEST(guide_signals, S48_a_program_that_serves_until_it_is_told) {
  int served = 0;
  auto serving = eddy::create_task(serve_until_told, std::ref(served));
  while (served == 0) co_await eddy::sleep(1ms);
  ::testing::internal::CaptureStdout();
  ::raise(SIGTERM);
  co_await serving;
  std::fflush(stdout);
  EXPECT_NE(::testing::internal::GetCapturedStdout().find("SIGTERM"), std::string::npos);
}

EDDY_IO_TEST(guide_signals, S48_a_program_that_reloads_on_hangup) {
  int reloads = 0;
  auto reloading = eddy::create_task(reload_on_hangup, std::ref(reloads));
  co_await eddy::sleep(0s);
  ::raise(SIGHUP);
  while (reloads == 0) co_await eddy::sleep(1ms);
  co_await eddy::cancel_and_join(reloading);
  EXPECT_EQ(reloads, 1);
}

}  // namespace
