// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/file_name.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "eddy/base/errors.hpp"
#include "eddy/os/copy_file.hpp"
#include "eddy/os/directory.hpp"
#include "eddy/os/file_info.hpp"
#include "eddy/os/file_tree.hpp"
#include "eddy/os/open_file.hpp"
#include "eddy/os/temporary.hpp"
#include "eddy/os/watch.hpp"
#include "eddy/os/whole_file.hpp"
#include "tests/os/files.hpp"

using namespace eddy;
using namespace eddy::testing;
using namespace std::string_literals;

namespace {

// What a std::filesystem::path is made of, and nothing else.
static_assert(std::is_convertible_v<const char*, file_name>);
static_assert(std::is_convertible_v<const char (&)[4], file_name>);
static_assert(std::is_convertible_v<std::string, file_name>);
static_assert(std::is_convertible_v<std::string&, file_name>);
static_assert(std::is_convertible_v<const std::string&, file_name>);
static_assert(std::is_convertible_v<std::string_view, file_name>);
static_assert(std::is_convertible_v<std::filesystem::path, file_name>);
static_assert(std::is_convertible_v<const std::filesystem::path&, file_name>);
static_assert(std::is_convertible_v<std::filesystem::directory_entry, file_name>);
static_assert(std::is_convertible_v<const wchar_t*, file_name>);
static_assert(!std::is_convertible_v<int, file_name>);
static_assert(!std::is_convertible_v<std::nullptr_t, file_name>);
static_assert(!std::is_default_constructible_v<file_name>);
static_assert(std::is_nothrow_move_constructible_v<file_name>);

constexpr std::string_view folder_and_name = "folder/name";

file_name taken(file_name name) { return name; }

TEST(file_name, is_the_same_from_everything_that_a_path_is_made_of) {
  const std::string text(folder_and_name);
  char array[] = "folder/name";
  const char* const pointer = array;
  for (const file_name& name :
       {taken("folder/name"), taken(array), taken(pointer), taken(text), taken(std::string(text)),
        taken(folder_and_name), taken(std::filesystem::path(text)), taken(std::filesystem::path("folder") / "name"),
        taken(L"folder/name"), taken(u8"folder/name"), taken(std::filesystem::directory_entry(text))}) {
    EXPECT_EQ(name.string(), folder_and_name);
    EXPECT_STREQ(name.c_str(), "folder/name");
    EXPECT_EQ(name.path(), std::filesystem::path(text));
  }
}

TEST(file_name, keeps_every_byte_as_it_was_given) {
  for (const std::string& text :
       {""s, "."s, "//a//../b/"s, "a b\n"s, "\xff\xfe"s, "n\xc3\xa4me"s, std::string(5000, 'x')}) {
    EXPECT_EQ(file_name(text).string(), text);
    EXPECT_EQ(file_name(std::filesystem::path(text)).string(), text);
  }
}

TEST(file_name, is_a_copy_that_outlives_what_it_was_made_from) {
  const auto made = [](std::string_view part) {
    const std::string text = "a folder with a long name/" + std::string(part);  // gone with this line
    return taken(std::string_view(text));
  };
  const file_name name = made("file");
  EXPECT_EQ(name.string(), "a folder with a long name/file");
  std::string changed = "before";
  const file_name before = changed;
  changed = "after!";
  EXPECT_EQ(before.string(), "before");
}

TEST(file_name, a_part_of_a_text_is_not_read_beyond_its_end) {
  EXPECT_EQ(file_name(folder_and_name.substr(0, 6)).string(), "folder");
  EXPECT_STREQ(file_name(folder_and_name.substr(0, 6)).c_str(), "folder");
}

TEST(file_name, a_moved_text_is_not_copied) {
  std::string text(100, 'x');
  const char* const bytes = text.data();
  const file_name name = std::move(text);
  EXPECT_EQ(name.c_str(), bytes);
}

TEST(file_name, a_zero_byte_is_refused_and_the_error_says_what_would_be_opened) {
  for (const std::string& text : {"secret\0.txt"s, "\0"s, "name\0"s}) {
    EXPECT_THROW(file_name name(text), misuse_error);
    EXPECT_THROW(file_name name(std::string_view{text}), misuse_error);
    EXPECT_THROW(file_name name(std::filesystem::path{text}), misuse_error);
  }
  try {
    const file_name name = "secret\0.txt"s;
    FAIL() << name.string();
  } catch (const misuse_error& e) {
    EXPECT_NE(std::string(e.what()).find("\"secret\""), std::string::npos) << e.what();
  }
}

EDDY_FILE_TEST(file_name, a_zero_byte_opens_reads_and_creates_nothing) {
  scratch folder;
  put(folder / "secret", "x");
  const std::string text = (folder / "secret").string() + "\0.txt"s;
  EXPECT_THROW((void)read_file(text), misuse_error);
  EXPECT_THROW((void)open_file(text), misuse_error);
  EXPECT_THROW((void)write_file(text, "y"), misuse_error);
  EXPECT_THROW((void)append_file(text, "y"), misuse_error);
  EXPECT_EQ(content_of(folder / "secret"), "x");
  EXPECT_EQ(folder.count(), 1U);
  co_return;
}

/// @returns what the misuse_error says that awaiting `call()` throws; nothing when there was none.
template <class F>
coro<std::string> refusal_of(F call) {
  try {
    co_await call();
  } catch (const misuse_error& e) {
    co_return e.what();
  }
  co_return "";
}

EDDY_FILE_TEST(file_name, a_zero_byte_is_refused_by_all_that_takes_a_path_and_nothing_changes) {
  scratch folder;
  const std::filesystem::path file = folder / "file";
  const std::filesystem::path inner = folder / "folder";
  const std::filesystem::path link = folder / "link";
  put(file, "x");
  std::filesystem::create_directory(inner);
  std::filesystem::create_symlink(file, link);
  const auto cut = [](const std::filesystem::path& at) { return std::filesystem::path(at.native() + "\0.txt"s); };
  const std::filesystem::path at = cut(file);
  const std::filesystem::path in = cut(inner);
  const std::filesystem::path to = cut(folder / "made");
  const std::filesystem::path free = folder / "free";
  std::vector<std::string> said;
  const auto refuse = [&](auto call) -> coro<> {
    std::string text = co_await refusal_of(std::move(call));
    said.push_back(std::move(text));
  };
  co_await refuse([&] { return eddy::remove(at); });
  co_await refuse([&] { return eddy::remove_all(in); });
  co_await refuse([&] { return eddy::rename(at, free); });
  co_await refuse([&] { return eddy::rename(file, to); });
  co_await refuse([&] { return eddy::create_directory(to); });
  co_await refuse([&] { return eddy::create_directories(to); });
  co_await refuse([&] { return eddy::create_symlink(at, free); });
  co_await refuse([&] { return eddy::create_symlink(file, to); });
  co_await refuse([&] { return eddy::create_hard_link(at, free); });
  co_await refuse([&] { return eddy::create_hard_link(file, to); });
  co_await refuse([&] { return eddy::read_symlink(cut(link)); });
  co_await refuse([&] { return eddy::set_permissions(at, std::filesystem::perms::none); });
  co_await refuse([&] { return eddy::copy_file(at, free); });
  co_await refuse([&] { return eddy::copy_file(file, to); });
  co_await refuse([&] { return eddy::replace_file(at, "y"); });
  co_await refuse([&] { return eddy::file_status(at); });
  co_await refuse([&] { return eddy::symlink_status(at); });
  co_await refuse([&] { return eddy::exists(at); });
  co_await refuse([&] { return eddy::list_directory(in); });
  co_await refuse([&]() -> coro<> {
    directory_stream names = scan_directory(in);
    co_await names.next();
  });
  co_await refuse([&]() -> coro<> {
    walk_stream names = walk(in);
    co_await names.next();
  });
  co_await refuse([&] { return watch(at); });
  co_await refuse([&]() -> coro<> {
    temporary_file made(in);
    co_await made.aenter();
  });
  co_await refuse([&]() -> coro<> {
    named_temporary_file made(in);
    co_await made.aenter();
  });
  co_await refuse([&]() -> coro<> {
    named_temporary_file made(folder.path(), "a\0b"s);
    co_await made.aenter();
  });
  co_await refuse([&]() -> coro<> {
    temporary_directory made(in);
    co_await made.aenter();
  });
  co_await refuse([&]() -> coro<> {
    temporary_directory made(folder.path(), "a\0b"s);
    co_await made.aenter();
  });
  for (std::size_t i = 0; i < said.size(); ++i)
    EXPECT_NE(said[i].find("has a zero byte in it"), std::string::npos) << "call " << i << ": " << said[i];
  EXPECT_EQ(content_of(file), "x");
  EXPECT_TRUE(std::filesystem::is_directory(inner));
  EXPECT_EQ(folder.count(), 3U) << "neither made nor removed";
  EXPECT_NE(std::filesystem::status(file).permissions(), std::filesystem::perms::none);
}

EDDY_FILE_TEST(file_name, read_file_takes_each_kind_also_as_a_temporary) {
  scratch folder;
  const std::filesystem::path path = folder / "a";
  put(path, "content");
  const std::string text = path.string();
  const std::string by_pointer = co_await read_file(text.c_str());
  const std::string by_text = co_await read_file(text);
  const std::string by_view = co_await read_file(std::string_view(text));
  const std::string by_path = co_await read_file(path);
  const std::string by_temporary_path = co_await read_file(folder / "a");
  const std::string by_temporary_text = co_await read_file(folder.path().string() + "/a");
  for (const std::string& each : {by_pointer, by_text, by_view, by_path, by_temporary_path, by_temporary_text})
    EXPECT_EQ(each, "content");
  coro<std::string> later = read_file(folder.path().string() + "/a");  // the text has gone when it begins
  const std::string content = co_await std::move(later);
  EXPECT_EQ(content, "content");
}

}  // namespace
