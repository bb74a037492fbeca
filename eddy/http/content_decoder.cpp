// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/content_decoder.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <optional>

namespace eddy::http {

namespace {

constexpr std::size_t most_codings = 4;
constexpr std::size_t piece_size = 16 * 1024;

enum class coding { gzip, deflate };

// inflateInit2's window bits choose the wrapping.
constexpr int gzip_wrapping = MAX_WBITS + 16;
constexpr int zlib_wrapping = MAX_WBITS;
constexpr int no_wrapping = -MAX_WBITS;

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? x + 32 : x) == (y >= 'A' && y <= 'Z' ? y + 32 : y);
  });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Nothing for identity.
std::optional<coding> coding_named(std::string_view name) {
  if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) return coding::gzip;
  if (equals_ignoring_case(name, "deflate")) return coding::deflate;
  if (name.empty() || equals_ignoring_case(name, "identity")) return std::nullopt;
  throw content_error(content_errc::unknown_coding, "unknown content coding \"" + std::string(name) + "\"");
}

}  // namespace

namespace detail {

/// One coding of the list.
class content_stage {
 public:
  explicit content_stage(coding kind) : kind_(kind) {}
  content_stage(const content_stage&) = delete;
  content_stage& operator=(const content_stage&) = delete;
  ~content_stage() {
    if (started_) inflateEnd(&stream_);
  }

  bool is_complete() const noexcept { return at_member_end_ || untouched_; }

  std::uint64_t size = 0;  ///< Bytes that came out, kept by the decoder.

  template <typename Output>
  void decode(std::span<const std::byte> in, Output&& output) {
    if (in.empty() || ignoring_rest_) return;
    untouched_ = false;
    if (!started_) in = start(in);
    while (!in.empty()) {
      const auto slice = in.first(std::min<std::size_t>(in.size(), std::numeric_limits<uInt>::max()));
      const auto used = inflate_slice(slice, output);
      in = in.subspan(used);
      if (ignoring_rest_) return;
    }
  }

 private:
  // Chooses the wrapping. Deflate needs two bytes for that, which may come apart.
  std::span<const std::byte> start(std::span<const std::byte> in) {
    if (kind_ == coding::gzip) {
      open(gzip_wrapping);
      return in;
    }
    if (!first_byte_) {
      first_byte_ = in.front();
      in = in.subspan(1);
      if (in.empty()) return in;
    }
    const auto header = std::to_integer<unsigned>(*first_byte_) * 256 + std::to_integer<unsigned>(in.front());
    // RFC 1950: method 8 and a check that makes the two bytes a multiple of 31. Raw deflate cannot look
    // like that: its low three bits would say "stored", and its padding would not be zero.
    const bool has_zlib_header = (header >> 8 & 15) == 8 && header % 31 == 0;
    open(has_zlib_header ? zlib_wrapping : no_wrapping);
    const std::array<std::byte, 1> first{*first_byte_};
    // One byte cannot make output.
    inflate_slice(first, [](std::span<const std::byte>) {});
    return in;
  }

  void open(int window_bits) {
    if (inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
    started_ = true;
  }

  // Decodes until the slice is used up or the member ends; returns how much of it was used.
  template <typename Output>
  std::size_t inflate_slice(std::span<const std::byte> slice, Output&& output) {
    if (at_member_end_ && !start_next_member(slice.front())) return slice.size();
    std::array<std::byte, piece_size> piece;
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(slice.data()));
    stream_.avail_in = static_cast<uInt>(slice.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      // Before the result is looked at: bytes that came out ahead of an error count.
      output(std::span<const std::byte>(piece.data(), piece.size() - stream_.avail_out));
      if (result == Z_MEM_ERROR) throw std::bad_alloc();
      if (result == Z_STREAM_END) {
        at_member_end_ = true;
        break;
      }
      // Z_BUF_ERROR only says that this call could do nothing: the slice was used up.
      if (result != Z_OK && result != Z_BUF_ERROR) fail();
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return slice.size() - stream_.avail_in;
  }

  // RFC 1952 lets members follow each other. Whatever else follows is ignored, as browsers do: some servers
  // pad what they compressed.
  bool start_next_member(std::byte first) {
    if (kind_ != coding::gzip || first != std::byte{0x1f}) {
      ignoring_rest_ = true;
      return false;
    }
    inflateReset(&stream_);
    at_member_end_ = false;
    return true;
  }

  [[noreturn]] void fail() const {
    const char* const name = kind_ == coding::gzip ? "gzip" : "deflate";
    const char* const why = stream_.msg != nullptr ? stream_.msg : "needs a dictionary";
    throw content_error(content_errc::corrupt, std::string("corrupt ") + name + " body: " + why);
  }

  coding kind_;
  z_stream stream_{};  // its inner state points back to it, so a stage never moves
  std::optional<std::byte> first_byte_;
  bool started_ = false;
  bool untouched_ = true;
  bool at_member_end_ = false;
  bool ignoring_rest_ = false;
};

}  // namespace detail

content_decoder::content_decoder(std::string_view content_encoding, content_limits limits) : limits_(limits) {
  // The last coding was applied last, so it comes off first.
  while (!content_encoding.empty()) {
    const auto comma = content_encoding.rfind(',');
    const auto begin = comma == std::string_view::npos ? 0 : comma + 1;
    if (const auto kind = coding_named(trim(content_encoding.substr(begin))))
      stages_.push_back(std::make_unique<detail::content_stage>(*kind));
    content_encoding = content_encoding.substr(0, begin == 0 ? 0 : comma);
  }
  if (stages_.size() > most_codings)
    throw content_error(content_errc::unknown_coding, "more than four content codings");
}

content_decoder::content_decoder(content_decoder&&) noexcept = default;
content_decoder& content_decoder::operator=(content_decoder&&) noexcept = default;
content_decoder::~content_decoder() = default;

void content_decoder::run(std::span<const std::byte> in, detail::byte_sink sink) {
  received_ += in.size();
  if (!stages_.empty()) {
    pass_on(0, in, sink);
  } else if (!in.empty()) {
    count(size_, in.size());
    sink(in);
  }
}

void content_decoder::pass_on(std::size_t stage, std::span<const std::byte> in, detail::byte_sink sink) {
  stages_[stage]->decode(in, [&](std::span<const std::byte> out) {
    if (out.empty()) return;
    count(stages_[stage]->size, out.size());
    if (stage + 1 < stages_.size()) {
      pass_on(stage + 1, out, sink);
    } else {
      size_ += out.size();
      sink(out);
    }
  });
}

void content_decoder::count(std::uint64_t& total, std::size_t more) const {
  total += more;
  // The ratio first: a bomb should be called one, whatever the bound on size.
  if (total > limits_.ratio_from && total / std::max<std::uint64_t>(limits_.max_ratio, 1) > received_)
    throw content_error(content_errc::expansion,
                        "the body expands more than " + std::to_string(limits_.max_ratio) + " times");
  if (total > limits_.max_size)
    throw content_error(content_errc::too_large,
                        "the decoded body is larger than " + std::to_string(limits_.max_size) + " bytes");
}

void content_decoder::finish() const {
  for (const auto& stage : stages_) {
    if (!stage->is_complete()) throw content_error(content_errc::truncated, "the encoded body ends in the middle");
  }
}

}  // namespace eddy::http
