// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "eddy/flow/sleep.hpp"
#include "eddy/flow/task_group.hpp"
#include "eddy/flow/with.hpp"
#include "eddy/os/file_tree.hpp"
#include "eddy/os/temporary.hpp"
#include "tests/os/files.hpp"

using namespace eddy;
using namespace eddy::testing;
namespace fs = std::filesystem;

namespace {

coro<std::vector<std::string>> names_below(walk_stream all, fs::path root) {
  std::vector<std::string> found;
  while (auto entry = co_await all.next()) {
    std::string name = entry->path.lexically_relative(root).string();
    if (entry->error) name += ":" + std::to_string(entry->error.value());
    found.push_back(std::move(name));
  }
  co_return found;
}

EDDY_FILE_TEST(directory, S43_a_folder_is_listed_whole_and_by_and_by) {
  scratch folder;
  std::set<std::string> names;
  for (int i = 0; i < 400; ++i) {  // more than one bufferful
    names.insert(std::string(150, 'x') + std::to_string(i));
    put(folder / *names.rbegin(), "");
  }
  for (const std::string& each : names) put(folder / each, "");
  std::set<std::string> found;
  auto all = scan_directory(folder.path());
  while (auto entry = co_await all.next()) {
    EXPECT_TRUE(entry->is_regular());
    EXPECT_TRUE(found.insert(entry->name()).second);
  }
  EXPECT_EQ(found, names);
  const auto again = co_await all.next();
  EXPECT_FALSE(again);
  const auto list = co_await list_directory(folder.path());
  EXPECT_EQ(list.size(), names.size());
  EXPECT_EQ(list.front().name(), *names.begin());
  EXPECT_EQ(list.back().name(), *names.rbegin());
}

EDDY_FILE_TEST(directory, S43_errors_of_folders) {
  scratch folder;
  put(folder / "a", "");
  co_await expect_error(ENOENT, list_directory(folder / "none"));
  co_await expect_error(ENOTDIR, list_directory(folder / "a"));
  co_await expect_error(ENOENT, scan_directory(folder / "none").next());
  co_await expect_error(ENOENT, walk(folder / "none").next());
}

EDDY_FILE_TEST(directory, S43_walk_names_folders_before_what_is_in_them) {
  scratch folder;
  fs::create_directories(folder / "b/c/d");
  put(folder / "a", "");
  put(folder / "b/c/x", "");
  put(folder / "e", "");
  fs::create_symlink("..", folder / "b/up");
  fs::create_symlink("nowhere", folder / "b/dead");
  using list = std::vector<std::string>;
  const auto plain = co_await names_below(walk(folder.path()), folder.path());
  EXPECT_EQ(plain, (list{"a", "b", "b/c", "b/c/d", "b/c/x", "b/dead", "b/up", "e"}));
  const auto flat = co_await names_below(walk(folder.path()).max_depth(1), folder.path());
  EXPECT_EQ(flat, (list{"a", "b", "b/c", "b/dead", "b/up", "e"}));
  const std::string loop = "b/up:" + std::to_string(ELOOP);
  const auto followed = co_await names_below(walk(folder.path()).follow_symlinks(), folder.path());
  EXPECT_EQ(followed, (list{"a", "b", "b/c", "b/c/d", "b/c/x", "b/dead", "b/up", loop, "e"}));
}

EDDY_FILE_TEST(directory, S43_a_folder_that_goes_under_the_walker_is_an_entry_with_an_error) {
  scratch folder;
  fs::create_directories(folder / "a/b");
  put(folder / "z", "");
  auto all = walk(folder.path());
  auto entry = co_await all.next();
  EXPECT_EQ(entry->name(), "a");
  fs::remove_all(folder / "a");
  entry = co_await all.next();
  EXPECT_EQ(entry->name(), "a");
  EXPECT_EQ(entry->error.value(), ENOENT);
  entry = co_await all.next();
  EXPECT_EQ(entry->name(), "z");
  entry = co_await all.next();
  EXPECT_FALSE(entry);
}

EDDY_FILE_TEST(directory, S43_walk_skips_what_it_is_told_to) {
  scratch folder;
  fs::create_directories(folder / "a/b");
  put(folder / "c", "");
  auto all = walk(folder.path());
  std::vector<std::string> found;
  while (auto entry = co_await all.next()) {
    found.push_back(entry->name());
    if (entry->name() == "a") all.skip();
  }
  EXPECT_EQ(found, (std::vector<std::string>{"a", "c"}));
}

TEST(directory, L12_every_name_comes_once_however_often_it_is_cancelled) {
  const scratch folder;
  fs::create_directories(folder / "a/b");
  put(folder / "a/x", "");
  put(folder / "z", "");
  const auto result = explore_on_engines([&]() -> coro<> {
    auto walker = walk(folder.path());
    auto scanner = scan_directory(folder.path());
    std::vector<std::string> found;
    const auto take = [&]() -> coro<> {
      while (auto entry = co_await walker.next()) found.push_back(entry->name());
      while (auto entry = co_await scanner.next()) found.push_back(entry->name());
    };
    co_await with(task_group(), [&](task_group& group) -> coro<> {
      group.create_task(std::ref(take));
      co_await checkpoint();
      group.cancel();
    });
    co_await take();
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<std::string>{"a", "a", "b", "x", "z", "z"}));
  });
  EXPECT_GT(result.cancel_points, 5U);
}

EDDY_FILE_TEST(directory, S43_names_are_made_moved_and_removed) {
  scratch folder;
  const bool made = co_await eddy::create_directories(folder / "a/b/c");
  EXPECT_TRUE(made);
  const bool again = co_await eddy::create_directories(folder / "a/b/c");
  EXPECT_FALSE(again);
  const bool one = co_await eddy::create_directory(folder / "a/d");
  const bool two = co_await eddy::create_directory(folder / "a/d");
  EXPECT_TRUE(one && !two);
  put(folder / "a/file", "text");
  co_await expect_error(ENOTDIR, eddy::create_directories(folder / "a/file/x"));
  co_await expect_error(EEXIST, eddy::create_directory(folder / "a/file"));
  co_await eddy::rename(folder / "a/file", folder / "a/other");
  co_await eddy::create_symlink("other", folder / "a/link");
  co_await eddy::create_hard_link(folder / "a/other", folder / "a/hard");
  const fs::path target = co_await eddy::read_symlink(folder / "a/link");
  EXPECT_EQ(target, "other");
  co_await set_permissions(folder / "a/hard", fs::perms::owner_read);
  const file_info info = co_await file_status(folder / "a/link");
  EXPECT_EQ(info.links, 2U);
  EXPECT_EQ(info.permissions, fs::perms::owner_read);
  const file_info link = co_await eddy::symlink_status(folder / "a/link");
  EXPECT_TRUE(link.is_symlink());
  const bool there = co_await eddy::exists(folder / "a/link");
  const bool gone = co_await eddy::exists(folder / "a/none");
  const bool below = co_await eddy::exists(folder / "a/other/none");
  EXPECT_TRUE(there && !gone && !below);
  co_await expect_error(ENOTEMPTY, eddy::remove(folder / "a"));
  const bool removed = co_await eddy::remove(folder / "a/link");
  const bool absent = co_await eddy::remove(folder / "a/link");
  EXPECT_TRUE(removed && !absent);
  const std::string text = co_await expect_error(ENOENT, eddy::rename(folder / "none", folder / "to"));
  EXPECT_NE(text.find("rename"), std::string::npos);
}

EDDY_FILE_TEST(directory, S43_remove_all_takes_a_deep_tree_and_follows_no_link) {
  scratch folder;
  put(folder / "kept", "text");
  int at = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::string name(200, 'x');
  ::mkdirat(at, name.c_str(), 0700);
  for (int i = 0; i < 100; ++i) {  // deeper than any path may be long
    const int below = ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::close(at);
    at = below;
    ::mkdirat(at, name.c_str(), 0700);
    ::symlinkat(folder.path().c_str(), at, "away");
  }
  ::close(at);
  const std::uint64_t count = co_await eddy::remove_all(folder / name);
  EXPECT_EQ(count, 1U + 2U * 100U);
  EXPECT_EQ(content_of(folder / "kept"), "text");
  const std::uint64_t none = co_await eddy::remove_all(folder / name);
  EXPECT_EQ(none, 0U);
  const std::uint64_t one = co_await eddy::remove_all(folder / "kept");
  EXPECT_EQ(one, 1U);
}

EDDY_FILE_TEST(directory, S43_temporary_things_are_gone_at_the_end) {
  scratch folder;
  fs::path name;
  co_await with(temporary_directory(folder.path(), "mine-"), [&](const fs::path& own) -> coro<> {
    name = own;
    put(own / "a", "text");
    EXPECT_TRUE(own.filename().string().starts_with("mine-"));
    EXPECT_EQ(fs::status(own).permissions(), fs::perms::owner_all);
    co_await with(named_temporary_file(own), [&](file& f) -> coro<> {
      co_await f.write("some");
      EXPECT_EQ(content_of(f.path()), "some");
    });
    EXPECT_EQ(std::distance(fs::directory_iterator(own), {}), 1);
    co_await with(temporary_file(own), [&](file& f) -> coro<> {
      co_await f.write("some");
      f.seek(0);
      const std::string back = co_await f.read_all();
      EXPECT_EQ(back, "some");
      EXPECT_EQ(std::distance(fs::directory_iterator(own), {}), 1) << "it has no name";
    });
  });
  EXPECT_FALSE(fs::exists(name));
  bool thrown = false;
  try {
    co_await with(temporary_directory(folder.path()), [&](const fs::path&) -> coro<> {
      throw std::runtime_error("the body fails");
      co_return;
    });
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_EQ(folder.count(), 0U);
}

}  // namespace
