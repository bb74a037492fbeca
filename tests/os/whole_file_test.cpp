// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/whole_file.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "eddy/os/copy_file.hpp"
#include "eddy/os/file_tree.hpp"
#include "eddy/os/open_file.hpp"
#include "tests/os/files.hpp"

using namespace eddy;
using namespace eddy::testing;
namespace fs = std::filesystem;

namespace {

EDDY_FILE_TEST(whole_file, S43_write_append_read) {
  scratch folder;
  co_await write_file(folder / "a", "one");
  co_await append_file(folder / "a", "two");
  const std::string both = co_await read_file(folder / "a");
  EXPECT_EQ(both, "onetwo");
  co_await write_file(folder / "a", "x");
  EXPECT_EQ(content_of(folder / "a"), "x");
  co_await write_file(folder / "big", pattern(3'000'000));
  const std::string big = co_await read_file(folder / "big");
  EXPECT_EQ(big, pattern(3'000'000));
  bool refused = false;
  try {
    std::string unused = co_await read_file(folder / "big", 2'999'999);
  } catch (const limit_overrun_error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  const std::string exact = co_await read_file(folder / "big", 3'000'000);
  EXPECT_EQ(exact.size(), 3'000'000U);
}

EDDY_FILE_TEST(whole_file, S43_replace_keeps_permissions_owner_and_links) {
  scratch folder;
  put(folder / "a", "old");
  ::chmod((folder / "a").c_str(), 0640);
  if (::geteuid() == 0) {
    EXPECT_EQ(::chown((folder / "a").c_str(), 12, 34), 0);
  }
  struct stat before{};
  ::stat((folder / "a").c_str(), &before);
  fs::create_symlink("a", folder / "link");
  co_await replace_file(folder / "link", "new");
  EXPECT_EQ(content_of(folder / "a"), "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  struct stat after{};
  ::stat((folder / "a").c_str(), &after);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
  EXPECT_NE(after.st_ino, before.st_ino) << "it is another file, renamed";
  co_await replace_file(folder / "fresh", "made");
  EXPECT_EQ(content_of(folder / "fresh"), "made");
  EXPECT_EQ(folder.count(), 3U) << "nothing temporary is left";
}

EDDY_FILE_TEST(whole_file, S43_replace_that_fails_leaves_the_old_file) {
  scratch folder;
  fs::create_directory(folder / "sub");
  co_await expect_error(EISDIR, replace_file(folder / "sub", "x"));
  const std::string text = co_await expect_error(ENOENT, replace_file(folder / "none/a", "x"));
  EXPECT_NE(text.find("replace_file"), std::string::npos);
  EXPECT_NE(text.find((folder / "none/a").string()), std::string::npos);
  ::mkfifo((folder / "pipe").c_str(), 0600);
  co_await expect_error(ENOTSUP, replace_file(folder / "pipe", "x"));
  EXPECT_EQ(folder.count(), 2U);
}

EDDY_FILE_TEST(whole_file, S43_copies_are_whole_or_not_there) {
  scratch folder;
  put(folder / "a", pattern(5'000'000));
  ::chmod((folder / "a").c_str(), 0750);
  co_await eddy::copy_file(folder / "a", folder / "b");
  EXPECT_EQ(content_of(folder / "b"), pattern(5'000'000));
  EXPECT_EQ(fs::status(folder / "b").permissions(), static_cast<fs::perms>(0750));
  const std::string text = co_await expect_error(EEXIST, eddy::copy_file(folder / "a", folder / "b"));
  EXPECT_NE(text.find((folder / "a").string()), std::string::npos) << text;
  EXPECT_NE(text.find((folder / "b").string()), std::string::npos) << text;
  put(folder / "c", "other");
  co_await eddy::copy_file(folder / "c", folder / "b", if_there::overwrite);
  EXPECT_EQ(content_of(folder / "b"), "other");
  co_await eddy::copy_file("/proc/self/status", folder / "status");
  EXPECT_NE(content_of(folder / "status").find("Threads:"), std::string::npos);
  put(folder / "empty", "");
  co_await eddy::copy_file(folder / "empty", folder / "empty2");
  EXPECT_EQ(fs::file_size(folder / "empty2"), 0U);
  co_await expect_error(ENOTSUP, eddy::copy_file(folder.path(), folder / "d"));
  co_await expect_error(ENOENT, eddy::copy_file(folder / "none", folder / "d"));
  EXPECT_EQ(folder.count(), 6U);
}

TEST(whole_file, L1_a_cancelled_copy_leaves_nothing) {
  const scratch folder;
  put(folder / "a", pattern(1000));
  explore_on_engines([&]() -> coro<> { co_await eddy::copy_file(folder / "a", folder / "b", if_there::overwrite); },
                     explore_options().everything().check([&]() -> std::string {
                       const bool there = fs::exists(folder / "b");
                       const bool whole = !there || content_of(folder / "b") == pattern(1000);
                       const bool clean = folder.count() == (there ? 2U : 1U);
                       fs::remove(folder / "b");
                       if (!whole) return "a part of the copy is there";
                       return clean ? "" : "something is left behind";
                     }));
}

/// Runs `body` on a thread of its own that sees mounts of its own, of which nothing is left. @returns false when the
/// system does not allow that.
bool with_own_mounts(const std::function<bool()>& prepare, const std::function<coro<>()>& body) {
  bool able = false;
  std::thread([&] {
    if (::unshare(CLONE_FS | CLONE_NEWNS) != 0) return;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || !prepare()) return;
    able = true;
    for (const std::string& engine : file_engines())
      run(run_options().handle_interrupt(false), with_engine(engine, body));
  }).join();
  return able;
}

// Root may do everything but this.
TEST(whole_file, S43_a_full_and_a_read_only_file_system) {
  const scratch folder;
  fs::create_directory(folder / "small");
  fs::create_directory(folder / "fixed");
  put(folder / "fixed/a", "old");
  const auto prepare = [&] {
    return ::mount("tmpfs", (folder / "small").c_str(), "tmpfs", 0, "size=256k") == 0 &&
           ::mount((folder / "fixed").c_str(), (folder / "fixed").c_str(), nullptr, MS_BIND, nullptr) == 0 &&
           ::mount(nullptr, (folder / "fixed").c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
  };
  const bool able = with_own_mounts(prepare, [&]() -> coro<> {
    const auto a = folder / "small/a";
    co_await write_file(a, "old");
    co_await expect_error(ENOSPC, replace_file(a, pattern(1'000'000)));
    EXPECT_EQ(content_of(a), "old");
    co_await expect_error(ENOSPC, eddy::copy_file("/proc/kallsyms", folder / "small/b"));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder / "small"), {}), 1) << "nothing is left behind";
    co_await expect_error(ENOSPC, append_file(a, pattern(1'000'000)));
    EXPECT_LE(fs::file_size(a), 256U * 1024U);
    EXPECT_EQ(content_of(a).substr(0, 10), "old" + pattern(7)) << "what fitted is there";
    for (const char* name : {"fixed/a", "fixed/new"}) co_await expect_error(EROFS, write_file(folder / name, "x"));
    co_await expect_error(EROFS, replace_file(folder / "fixed/a", "x"));
    co_await expect_error(EROFS, eddy::remove(folder / "fixed/a"));
    co_await expect_error(EROFS, eddy::create_directories(folder / "fixed/d/e"));
    const std::string still = co_await read_file(folder / "fixed/a");
    EXPECT_EQ(still, "old");
  });
  if (!able) GTEST_SKIP() << "this system allows no mounts of one's own";
}

}  // namespace
