// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/detail/characters.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace eddy::http::detail {

/// Cuts lines out of slices that end anywhere.
///
/// A line that lies whole in one slice is handed out where it is; only the beginning of a line that a slice cuts is
/// kept. Every byte is looked at once (those of a line's beginning that is kept, twice). Refuses, at the byte where it
/// shows: CR without LF, LF without CR, and other control characters but HTAB; so the outcome is the same however the
/// bytes were sliced.
class line_reader {
 public:
  enum class outcome { line, need_more, too_long };

  /// Takes the next line off `input`.
  ///
  /// @param input  What has arrived; shortened by what was taken. All of it is taken unless a line is complete.
  /// @param limit  The most bytes that the line may have, its end not counted. The same for all calls for one line.
  /// @param line   With `outcome::line`: the line without its end. CR LF follows it in memory. Lasts until the next
  ///               call, or the end of `input`'s memory.
  /// @throws parse_error  bare_cr, bare_lf or control_character.
  outcome next(std::string_view& input, std::size_t limit, std::string_view& line) {
    if (kept_.empty() && !after_cr_) [[likely]] {
      const std::size_t at = find_control(input);
      if (at <= limit && at + 1 < input.size() && input[at] == '\r' && input[at + 1] == '\n') [[likely]] {
        line = input.substr(0, at);
        input.remove_prefix(at + 2);
        return outcome::line;
      }
    }
    return next_of_slices(input, limit, line);
  }

  /// Whether a line has begun that is not complete yet.
  bool inside_line() const noexcept { return after_cr_ || (!handed_out_ && !kept_.empty()); }

  /// Gives back the memory of a line that was kept.
  void release() noexcept;

 private:
  /// The same for a line that is not whole, too long, or wrong.
  outcome next_of_slices(std::string_view& input, std::size_t limit, std::string_view& line);
  outcome finish_kept(std::string_view& line);

  std::string kept_;         // what has come of a line that the last slice cut
  bool after_cr_ = false;    // the last slice ended between CR and LF
  bool handed_out_ = false;  // kept_ is the line of the last call, and the next one starts anew
};

}  // namespace eddy::http::detail
