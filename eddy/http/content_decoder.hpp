// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "eddy/base/owned.hpp"

namespace eddy::http {

/// What can be wrong with an encoded body.
enum class content_errc {
  corrupt,         ///< The bytes are not what the coding says, or a checksum differs.
  too_large,       ///< More than `content_limits::max_size` bytes came out.
  expansion,       ///< Far more came out than went in: a decompression bomb.
  truncated,       ///< The body ended in the middle.
  unknown_coding,  ///< A Content-Encoding that is not supported, or too many of them.
};

/// A body that cannot be decoded. kind() says why, what() says it in words.
class content_error : public std::runtime_error {
 public:
  content_error(content_errc kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  content_errc kind() const noexcept { return kind_; }

 private:
  content_errc kind_;
};

/// How much a decoder lets through. Both bounds hold for every coding of a list, not only for the last.
struct content_limits {
  /// Bytes that may come out; one more is content_errc::too_large.
  std::uint64_t max_size = 64ULL << 20;
  /// Bytes out for each byte in. Text rarely passes 30, deflate's own bound is 1032.
  std::uint64_t max_ratio = 100;
  /// The ratio counts only once this many bytes came out: short bodies of one repeated letter are no bombs.
  std::uint64_t ratio_from = 1ULL << 20;
};

namespace detail {
class content_stage;

/// A borrowed callable that takes decoded bytes; no allocation, unlike std::function.
class byte_sink {
 public:
  template <typename Function>
    requires(!std::is_same_v<std::remove_cvref_t<Function>, byte_sink>)
  explicit byte_sink(Function& function)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(function)))),
        call_([](void* object, std::span<const std::byte> bytes) { (*static_cast<Function*>(object))(bytes); }) {}
  void operator()(std::span<const std::byte> bytes) const { call_(object_, bytes); }

 private:
  void* object_;
  void (*call_)(void*, std::span<const std::byte>);
};
}  // namespace detail

/// Takes the content codings off a body, slice by slice: gzip, deflate (with and without zlib's wrapping, as
/// servers send both), identity, and lists of them.
///
/// Call decode() with each slice as it comes and finish() at the body's end. After a content_error the decoder
/// is of no further use.
///
/// **Thread safety.** Distinct decoders: independent. One decoder: one thread at a time.
/// **Complexity.** About 50 KiB for each coding, and 16 KiB of stack while decoding; sans-I/O.
/// **In asyncio.** aiohttp's `DeflateBuffer`; there the bound on expansion is left to the user.
class content_decoder {
 public:
  /// The codings that are understood, as the value of an Accept-Encoding header.
  static constexpr std::string_view accepted = "gzip, deflate";

  /// @param content_encoding  The value of Content-Encoding: a list in the order in which they were applied;
  ///                          several headers joined by commas. Empty means none.
  /// @throws content_error    unknown_coding: one that is not supported, or more than four.
  explicit content_decoder(std::string_view content_encoding, content_limits limits = {});
  content_decoder(content_decoder&&) noexcept;
  content_decoder& operator=(content_decoder&&) noexcept;
  ~content_decoder();

  /// Decodes one slice.
  /// @param in    Any size, 0 too.
  /// @param sink  Called as `sink(std::span<const std::byte>)` with what came out, any number of times, in
  ///              pieces of at most 16 KiB (or the slice itself without codings); borrowed during the call.
  /// @throws content_error  And whatever the sink throws.
  template <typename Sink>
  void decode(std::span<const std::byte> in, Sink&& sink) {
    run(in, detail::byte_sink(sink));
  }

  /// Checks that the body is complete. A body of no bytes at all is, as with HEAD and 204.
  /// @throws content_error  truncated.
  void finish() const;

  /// Whether there is nothing to take off.
  bool is_identity() const noexcept { return stages_.empty(); }
  /// Bytes that came out so far.
  std::uint64_t size() const noexcept { return size_; }

 private:
  void run(std::span<const std::byte> in, detail::byte_sink sink);
  void pass_on(std::size_t stage, std::span<const std::byte> in, detail::byte_sink sink);
  void count(std::uint64_t& total, std::size_t more) const;

  content_limits limits_;
  std::vector<eddy::detail::owned<detail::content_stage>> stages_;  // in the order of decoding
  std::uint64_t received_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace eddy::http
