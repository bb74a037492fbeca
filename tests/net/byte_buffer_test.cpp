// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/byte_buffer.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

using eddy::detail::byte_buffer;

namespace {

TEST(byte_buffer, does_what_a_string_does_in_any_order_of_calls) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    byte_buffer buffer;
    std::string oracle;
    for (int step = 0; step < 200; ++step) {
      const std::size_t size = random() % 700;
      const std::string bytes(size, static_cast<char>('a' + random() % 26));
      switch (random() % 5) {
        case 0:
        case 1:
          buffer.append(bytes.data(), size);
          oracle += bytes;
          break;
        case 2:
          buffer.prepend(bytes.data(), size);
          oracle.insert(0, bytes);
          break;
        case 3: {
          std::string out(size, '\0');
          out.resize(buffer.take(out.data(), size));
          EXPECT_EQ(out, oracle.substr(0, size));
          oracle.erase(0, size);
          break;
        }
        default:
          buffer.release();
      }
      ASSERT_EQ(buffer.view(), oracle);
    }
  }
}

TEST(byte_buffer, holds_no_memory_when_released_empty) {
  byte_buffer buffer;
  buffer.append("abc", 3);
  buffer.release();
  EXPECT_EQ(buffer.view(), "abc");
  buffer.consume(3);
  EXPECT_GT(buffer.capacity(), 0U);
  buffer.release();
  EXPECT_EQ(buffer.capacity(), 0U);
}

TEST(byte_buffer, does_not_grow_while_bytes_come_and_go) {
  byte_buffer buffer;
  buffer.append("0123456789", 10);
  const std::size_t before = buffer.capacity();
  for (int i = 0; i < 10'000; ++i) {
    buffer.append("0123456789", 10);
    buffer.consume(10);
  }
  EXPECT_EQ(buffer.capacity(), before);
}

}  // namespace
