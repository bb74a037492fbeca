// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crawler {

/// How the demo's server is to answer one request, good and bad ways alike. Pure data.
struct answer {
  enum class framing_type { length, chunked };

  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  ///< without framing and Connection
  std::string body;                                          ///< sent `repeat` times
  std::uint64_t repeat = 1;                                  ///< `forever`: until the client hangs up
  framing_type framing = framing_type::length;
  std::optional<std::uint64_t> cut_after;  ///< close the connection after so many bytes of the body
  std::chrono::milliseconds delay{0};      ///< wait so long first
  std::string raw;                         ///< when not empty: these bytes are the whole answer, then close

  static constexpr std::uint64_t forever = UINT64_MAX;

  void header(std::string name, std::string value) { headers.emplace_back(std::move(name), std::move(value)); }
};

/// The bytes of an answer, piece by piece, so that a server is a loop of writes:
///
///     for (std::string piece; source.next(piece);) co_await writer.write(piece);
///     if (source.must_close()) ...
class answer_bytes {
 public:
  /// @param what       Borrowed: it has to outlive this.
  /// @param head_only  For HEAD.
  explicit answer_bytes(const answer& what, bool head_only = false) : what_(what), head_only_(head_only) {}

  /// Gives the next piece; false at the end.
  bool next(std::string& piece);
  /// Whether the connection cannot be used again afterwards.
  bool must_close() const { return what_.cut_after.has_value() || !what_.raw.empty(); }

 private:
  std::string head() const;
  bool next_of_body(std::string& piece);

  const answer& what_;
  bool head_only_;
  bool head_done_ = false;
  bool end_done_ = false;
  std::uint64_t rounds_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace crawler
