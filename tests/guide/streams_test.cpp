// SPDX-License-Identifier: BSL-1.0
// The code of docs/guide/streams.md that stands in no example.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "eddy/coro/async_generator.hpp"
#include "eddy/coro/task.hpp"
#include "eddy/flow/sleep.hpp"
#include "eddy/flow/streams.hpp"
#include "eddy/flow/timeout.hpp"
#include "eddy/testing/test.hpp"

using namespace std::chrono_literals;
using eddy::coro;

namespace {

// [references]
eddy::async_generator<const std::string&> lines_of(const std::vector<std::string>& file) {
  for (const auto& line : file) {
    co_await eddy::checkpoint();
    co_yield line;
  }
}

coro<std::size_t> size_of(const std::vector<std::string>& file) {
  std::size_t sum = 0;
  auto lines = lines_of(file);
  while (const std::string* line = co_await lines.next()) sum += line->size();  // no copy
  co_return sum;
}
// [references]

// [own]
class ticker {
 public:
  explicit ticker(int count) : left_(count) {}
  coro<std::optional<int>> next() {
    co_await eddy::sleep(1ms);
    if (left_ == 0) co_return std::nullopt;
    co_return left_--;
  }

 private:
  int left_;
};
// [own]

// [limit]
eddy::async_generator<int> slow() {
  for (int i = 0; i < 3; ++i) {
    co_await eddy::sleep(20ms);
    co_yield i;
  }
}

coro<int> with_pings(int& pings) {
  int sum = 0;
  co_await eddy::with(slow() | eddy::streams::buffer(1), [&](auto& items) -> coro<> {
    while (true) {
      try {
        auto item = co_await eddy::wait_for(items.next(), 15ms);
        if (!item) co_return;
        sum += *item;
      } catch (const eddy::timeout_error&) {
        ++pings;  // the generator was not touched, its item comes later
      }
    }
  });
  co_return sum;
}
// [limit]

EDDY_TEST(streams, S31_references_own_sources_and_limits) {
  const std::vector<std::string> file{"ab", "cde"};
  const auto size = co_await size_of(file);
  EXPECT_EQ(size, 5U);
  int sum = 0;
  co_await eddy::for_each(ticker(3), [&](int x) { sum += x; });
  EXPECT_EQ(sum, 6);
  int pings = 0;
  const int total = co_await with_pings(pings);
  EXPECT_EQ(total, 3);
  EXPECT_GT(pings, 1);
}

}  // namespace
