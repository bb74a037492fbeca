// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/detail/line_reader.hpp"
#include "eddy/http/detail/section_budget.hpp"
#include "eddy/http/fields.hpp"
#include "eddy/http/message.hpp"
#include "eddy/http/parser_limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace eddy::http::detail {

/// Takes the framing off a body: counts, removes chunk headers, gathers trailers.
///
///     length:       counted ──────────────────────────────► done
///     until_close:  endless ──── finish() ────────────────► done
///     chunked:      size ─► counted ─► chunk_end ─► size …
///                     └─(0)─► trailers ───────────────────► done
class body_decoder {
 public:
  void start(body_kind kind, std::uint64_t length, const parser_limits& limits);

  /// Takes from `input` up to and including the next piece of data, and returns that piece; an empty one when
  /// there is none yet, or when the body has ended.
  std::string_view next(std::string_view& input);

  bool done() const noexcept { return state_ == state::done; }
  /// The connection has ended. @throws parse_error  incomplete, unless that is how this body ends.
  void finish();

  const fields& trailers() const noexcept { return trailers_; }
  fields take_trailers() noexcept { return std::move(trailers_); }

 private:
  enum class state : std::uint8_t { done, counted, endless, chunk_size, chunk_end, trailers };

  std::string_view take_data(std::string_view& input) noexcept;
  bool take_chunk_size(std::string_view& input);
  bool take_chunk_end(std::string_view& input);
  bool take_trailer(std::string_view& input);

  line_reader lines_;
  fields trailers_;
  section_budget trailer_budget_;
  std::size_t extension_bytes_ = 0;  // that chunk extensions may still take
  std::uint64_t left_ = 0;           // bytes of the body or of this chunk that have not come
  state state_ = state::done;
  bool chunked_ = false;  // what `counted` leads to
};

}  // namespace eddy::http::detail
