// SPDX-License-Identifier: BSL-1.0
// Compares eddy's MessagePack with msgpuck's, both ways, on seeded random values.
#define MP_SOURCE 1
#include <gtest/gtest.h>
#include <msgpuck.h>

#include <bit>
#include <random>

#include "eddy/os/msgpack/conversion.hpp"

namespace {

using namespace eddy;

/// Numbers of every size alike: a random one loses a random number of its bits.
std::uint64_t any_size(std::mt19937_64& random) { return random() >> (random() % 64); }

/// The same value, written by both.
void write_one(std::mt19937_64& random, msgpack::writer& ours, std::string& theirs, int depth) {
  char room[16];
  const auto add = [&](const char* end) { theirs.append(room, static_cast<std::size_t>(end - room)); };
  const std::uint64_t number = any_size(random);
  const std::string text(random() % 400, static_cast<char>('a' + random() % 26));
  const std::size_t count = random() % 20;
  switch (random() % (depth > 0 ? 9U : 7U)) {
    case 0:
      ours.put_unsigned(number);
      return add(mp_encode_uint(room, number));
    case 1: {
      const auto negative = -static_cast<std::int64_t>(number >> 1U) - 1;
      ours.put_integer(negative);
      return add(mp_encode_int(room, negative));
    }
    case 2:
      ours.put_real(std::bit_cast<float>(static_cast<std::uint32_t>(number)));
      return add(mp_encode_float(room, std::bit_cast<float>(static_cast<std::uint32_t>(number))));
    case 3:
      ours.put_real(static_cast<double>(number));
      return add(mp_encode_double(room, static_cast<double>(number)));
    case 4:
      ours.put_bool(number % 2 == 0);
      return add(mp_encode_bool(room, number % 2 == 0));
    case 5:
      ours.put_text(text);
      add(mp_encode_strl(room, static_cast<std::uint32_t>(text.size())));
      theirs += text;
      return;
    case 6:
      ours.put_bytes(std::as_bytes(std::span(text)));
      add(mp_encode_binl(room, static_cast<std::uint32_t>(text.size())));
      theirs += text;
      return;
    case 7:
      ours.put_array(count);
      add(mp_encode_array(room, static_cast<std::uint32_t>(count)));
      break;
    default:
      ours.put_map(count / 2);
      add(mp_encode_map(room, static_cast<std::uint32_t>(count / 2)));
      for (std::size_t i = 0; i < count / 2 * 2; ++i) write_one(random, ours, theirs, depth - 1);
      return;
  }
  for (std::size_t i = 0; i < count; ++i) write_one(random, ours, theirs, depth - 1);
}

TEST(msgpack_differential, both_write_the_same_bytes) {
  std::mt19937_64 random(37);
  for (int i = 0; i < 2000; ++i) {
    msgpack::writer ours;
    std::string theirs;
    write_one(random, ours, theirs, 4);
    const auto bytes = ours.bytes();
    ASSERT_EQ(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), theirs) << i;
    const char* at = theirs.data();
    ASSERT_EQ(mp_check(&at, theirs.data() + theirs.size()), 0);
    ASSERT_EQ(at, theirs.data() + theirs.size());
  }
}

TEST(msgpack_differential, what_they_write_is_read) {
  std::mt19937_64 random(73);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t number = any_size(random);
    char room[16];
    const auto written = [&](const char* end) {
      return std::as_bytes(std::span<const char>(room, static_cast<std::size_t>(end - room)));
    };
    EXPECT_EQ(msgpack::unpack<std::uint64_t>(written(mp_encode_uint(room, number))), number);
    const auto negative = -static_cast<std::int64_t>(number >> 1U) - 1;
    EXPECT_EQ(msgpack::unpack<std::int64_t>(written(mp_encode_int(room, negative))), negative);
    const auto real = static_cast<double>(number);
    EXPECT_EQ(msgpack::unpack<double>(written(mp_encode_double(room, real))), real);
  }
}

}  // namespace
