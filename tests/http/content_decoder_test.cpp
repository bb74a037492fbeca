// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/content_decoder.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <string>
#include <vector>

namespace {

using namespace eddy::http;

static_assert(!std::is_copy_constructible_v<content_decoder>);
static_assert(std::is_nothrow_move_constructible_v<content_decoder>);

constexpr int gzip_wrapping = 15 + 16;
constexpr int zlib_wrapping = 15;
constexpr int no_wrapping = -15;

std::string compress(const std::string& text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string random_text(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>('a' + random() % 16);
  return text;
}

std::string decode(content_decoder& decoder, const std::string& body, std::size_t slice) {
  std::string out;
  const auto bytes = std::as_bytes(std::span(body));
  for (std::size_t i = 0; i < bytes.size(); i += slice) {
    decoder.decode(bytes.subspan(i, std::min(slice, bytes.size() - i)), [&](std::span<const std::byte> piece) {
      out.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
  }
  decoder.finish();
  return out;
}

std::string decode(std::string_view coding, const std::string& body, std::size_t slice = 1 << 20,
                   content_limits limits = {}) {
  content_decoder decoder(coding, limits);
  return decode(decoder, body, slice);
}

content_errc failure(std::string_view coding, const std::string& body, std::size_t slice = 1 << 20,
                     content_limits limits = {}) {
  try {
    decode(coding, body, slice, limits);
  } catch (const content_error& error) {
    EXPECT_STRNE(error.what(), "");
    return error.kind();
  }
  ADD_FAILURE() << "decoded";
  return {};
}

struct row {
  const char* name;
  const char* coding;
  std::vector<int> wrappings;  // in the order in which they are applied
};

void PrintTo(const row& r, std::ostream* out) { *out << r.coding; }

class content_decoder_codings : public testing::TestWithParam<row> {};

TEST_P(content_decoder_codings, decode_in_slices_of_any_size) {
  for (const std::size_t size : {0U, 1U, 2U, 1000U, 100000U}) {
    const auto text = random_text(size, 7);
    auto body = text;
    for (const int wrapping : GetParam().wrappings) body = compress(body, wrapping);
    for (const std::size_t slice : {1U, 2U, 3U, 1000U, 1U << 20})
      EXPECT_EQ(decode(GetParam().coding, body, slice), text) << size << " in slices of " << slice;
  }
}

TEST_P(content_decoder_codings, notice_each_cut) {
  auto body = random_text(300, 8);
  for (const int wrapping : GetParam().wrappings) body = compress(body, wrapping);
  for (std::size_t size = 1; size < body.size(); ++size) {
    const auto cut = body.substr(0, size);
    if (GetParam().wrappings.empty()) {
      EXPECT_EQ(decode(GetParam().coding, cut), cut) << "identity has no end of its own";
    } else {
      EXPECT_EQ(failure(GetParam().coding, cut), content_errc::truncated) << size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(table, content_decoder_codings,
                         testing::Values(row{"none", "", {}}, row{"identity", "identity", {}},
                                         row{"gzip", "gzip", {gzip_wrapping}},
                                         row{"case_and_spaces", " X-GZip ,\t", {gzip_wrapping}},
                                         row{"deflate_as_zlib", "deflate", {zlib_wrapping}},
                                         row{"raw_deflate", "deflate", {no_wrapping}},
                                         row{"twice", "gzip, gzip", {gzip_wrapping, gzip_wrapping}},
                                         row{"list", "deflate,identity, gzip", {zlib_wrapping, gzip_wrapping}}),
                         [](const testing::TestParamInfo<row>& r) { return std::string(r.param.name); });

TEST(content_decoder, a_body_of_no_bytes_is_complete) { EXPECT_EQ(decode("gzip", ""), ""); }

TEST(content_decoder, gzip_members_may_follow_each_other) {
  const auto body = compress("first ", gzip_wrapping) + compress("second", gzip_wrapping);
  for (const std::size_t slice : {1U, 7U, 1000U}) EXPECT_EQ(decode("gzip", body, slice), "first second");
  EXPECT_EQ(failure("gzip", body.substr(0, body.size() - 1)), content_errc::truncated);
}

TEST(content_decoder, padding_after_the_end_is_ignored) {
  EXPECT_EQ(decode("gzip", compress("text", gzip_wrapping) + std::string(1000, '\0'), 3), "text");
  EXPECT_EQ(decode("deflate", compress("text", zlib_wrapping) + "\r\n", 3), "text");
}

TEST(content_decoder, corrupt_bodies_are_refused) {
  EXPECT_EQ(failure("gzip", "this is plain text"), content_errc::corrupt);
  EXPECT_EQ(failure("deflate", "\xff\xff\xff\xff"), content_errc::corrupt);
  auto wrong_checksum = compress("some text", gzip_wrapping);
  wrong_checksum[wrong_checksum.size() - 8] ^= 1;
  EXPECT_EQ(failure("gzip", wrong_checksum), content_errc::corrupt);
  auto wrong_size = compress("some text", gzip_wrapping);
  wrong_size.back() ^= 1;
  EXPECT_EQ(failure("gzip", wrong_size), content_errc::corrupt);
}

TEST(content_decoder, no_damage_to_a_byte_does_harm) {
  const auto text = random_text(2000, 9);
  const auto good = compress(text, gzip_wrapping);
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x40;
    try {
      EXPECT_EQ(decode("gzip", bad, 100), text) << "only what carries no data may change unseen: " << i;
    } catch (const content_error& error) {
      EXPECT_TRUE(error.kind() == content_errc::corrupt || error.kind() == content_errc::truncated) << i;
    }
  }
}

TEST(content_decoder, unknown_codings_are_refused_at_once) {
  for (const char* coding : {"br", "gzip, br", "gzip;q=1", "gzip gzip", "gzip,gzip,gzip,gzip,gzip"}) {
    try {
      content_decoder decoder(coding);
      ADD_FAILURE() << coding;
    } catch (const content_error& error) {
      EXPECT_EQ(error.kind(), content_errc::unknown_coding);
    }
  }
}

TEST(content_decoder, a_body_may_be_as_large_as_the_limit) {
  const auto text = random_text(5000, 10);
  for (const char* coding : {"gzip", ""}) {
    const auto body = *coding == '\0' ? text : compress(text, gzip_wrapping);
    EXPECT_EQ(decode(coding, body, 100, {.max_size = 5000}), text);
    EXPECT_EQ(failure(coding, body, 100, {.max_size = 4999}), content_errc::too_large);
  }
}

TEST(content_decoder, a_bomb_is_noticed_before_it_has_gone_off) {
  const auto bomb = compress(std::string(20 << 20, '\0'), gzip_wrapping);
  content_decoder decoder("gzip");
  std::size_t most = 0;
  EXPECT_THROW(
      decoder.decode(std::as_bytes(std::span(bomb)), [&](std::span<const std::byte> piece) { most += piece.size(); }),
      content_error);
  EXPECT_LE(most, std::size_t{4} << 20);
  EXPECT_EQ(failure("gzip", bomb), content_errc::expansion);
  EXPECT_EQ(failure("gzip", bomb, 100), content_errc::expansion) << "in small slices";
  EXPECT_EQ(failure("gzip", bomb, 1 << 20, {.max_size = 2 << 20}), content_errc::expansion)
      << "a bomb is called one also when it is too large";
}

TEST(content_decoder, a_bomb_within_a_bomb_is_one) {
  const auto inner = compress(std::string(20 << 20, 'x'), gzip_wrapping);
  EXPECT_EQ(failure("gzip,gzip", compress(inner, gzip_wrapping)), content_errc::expansion);
}

TEST(content_decoder, what_expands_a_lot_and_stays_short_is_no_bomb) {
  const std::string text(500000, 'x');
  EXPECT_EQ(decode("gzip", compress(text, gzip_wrapping)), text);
}

TEST(content_decoder, a_decoder_can_be_moved_between_slices) {
  const auto text = random_text(100000, 11);
  const auto body = compress(text, gzip_wrapping);
  content_decoder first("gzip");
  std::string out;
  const auto sink = [&](std::span<const std::byte> piece) {
    out.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  };
  first.decode(std::as_bytes(std::span(body)).first(1000), sink);
  content_decoder second(std::move(first));
  second.decode(std::as_bytes(std::span(body)).subspan(1000), sink);
  second.finish();
  EXPECT_EQ(out, text);
  EXPECT_EQ(second.size(), text.size());
}

TEST(content_decoder, what_the_sink_throws_comes_through) {
  content_decoder decoder("");
  const std::string body = "x";
  EXPECT_THROW(decoder.decode(std::as_bytes(std::span(body)), [](std::span<const std::byte>) { throw 1; }), int);
}

}  // namespace
