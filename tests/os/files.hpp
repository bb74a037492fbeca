// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "eddy/coro/run.hpp"
#include "eddy/os/file_engine.hpp"
#include "eddy/testing/explore.hpp"
#include "eddy/testing/leak_check.hpp"
#include "eddy/testing/test.hpp"

// What the tests of files share: a folder of their own, and one body on both engines.

namespace eddy::testing {

/// A folder that is there while the test runs.
class scratch {
 public:
  scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "eddy-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp");
    path_ = name;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// How many names there are.
  std::size_t count() const {
    const std::filesystem::directory_iterator all(path_);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

 private:
  std::filesystem::path path_;
};

/// The content of a file by plain means.
inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void put(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// Bytes that differ along the way, so that a hole or a repetition shows.
inline std::string pattern(std::size_t size) {
  std::string made(size, '\0');
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return made;
}

/// The engines that work here: threads, and io_uring unless the system forbids it.
inline const std::vector<std::string>& file_engines() {
  static const std::vector<std::string> known = [] {
    std::vector<std::string> found{"threads"};
    run(run_options().handle_interrupt(false), [&]() -> coro<> {
      try {
        use_file_engine("io_uring");
        found.emplace_back("io_uring");
      } catch (const std::system_error&) {
      }
      co_return;
    });
    return found;
  }();
  return known;
}

/// `body` with an engine chosen first.
inline std::function<coro<>()> with_engine(const std::string& engine, const std::function<coro<>()>& body) {
  return [engine, body]() -> coro<> {
    use_file_engine(engine);
    co_await body();
  };
}

inline void run_on_engines(const std::function<coro<>()>& body) {
  for (const std::string& engine : file_engines()) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, engine);
    run_test(with_engine(engine, body), test_clock::real_time);
  }
}

/// As explore with everything, on the real clock, once for each engine. @returns the points of the last.
inline explore_result explore_on_engines(const std::function<coro<>()>& body, explore_options options = {}) {
  explore_result result;
  for (const std::string& engine : file_engines()) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, engine);
    result = explore(with_engine(engine, body), options.clock(test_clock::real_time));
  }
  return result;
}

/// Expects that awaiting `what` fails with an errno. @returns what the error says.
template <class T>
coro<std::string> expect_error(int expected, coro<T> what) {
  int found = 0;
  std::string text;
  try {
    co_await std::move(what);
  } catch (const std::system_error& e) {
    found = e.code().value();
    text = e.what();
  }
  EXPECT_EQ(found, expected) << text;
  co_return text;
}

}  // namespace eddy::testing

/// A test whose body is a coroutine, on the real clock, run once on each file engine.
#define EDDY_FILE_TEST(suite, name)                                                     \
  static ::eddy::coro<> eddy_body_of_##suite##_##name();                                \
  TEST(suite, name) { ::eddy::testing::run_on_engines(eddy_body_of_##suite##_##name); } \
  static ::eddy::coro<> eddy_body_of_##suite##_##name()
