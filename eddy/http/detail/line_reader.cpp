// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/line_reader.hpp"

#include "eddy/http/detail/characters.hpp"
#include "eddy/http/parse_error.hpp"

#include <algorithm>

namespace eddy::http::detail {

namespace {

[[noreturn]] void refuse_control(char c) {
  throw parse_error(c == '\n' ? parse_fault::bare_lf : parse_fault::control_character);
}

}  // namespace

line_reader::outcome line_reader::next_of_slices(std::string_view& input, std::size_t limit, std::string_view& line) {
  if (handed_out_) {
    kept_.clear();
    handed_out_ = false;
  }
  if (input.empty()) return outcome::need_more;
  if (after_cr_) {
    if (input.front() != '\n') throw parse_error(parse_fault::bare_cr);
    input.remove_prefix(1);
    return finish_kept(line);
  }
  // One byte beyond the room is looked at: it is the CR of a line that just fits.
  const std::size_t room = limit - kept_.size();
  const std::size_t window = std::min(input.size(), room < input.size() ? room + 1 : input.size());
  const std::size_t at = find_control(input.substr(0, window));
  if (at == window) {
    if (window > room) return outcome::too_long;
    kept_.append(input);
    input = {};
    return outcome::need_more;
  }
  if (input[at] != '\r') refuse_control(input[at]);
  if (at + 1 == input.size()) {
    kept_.append(input.substr(0, at));
    after_cr_ = true;
    input = {};
    return outcome::need_more;
  }
  if (input[at + 1] != '\n') throw parse_error(parse_fault::bare_cr);
  const std::string_view found = input.substr(0, at);
  input.remove_prefix(at + 2);
  if (kept_.empty()) {
    line = found;
    return outcome::line;
  }
  kept_.append(found);
  return finish_kept(line);
}

line_reader::outcome line_reader::finish_kept(std::string_view& line) {
  kept_.append("\r\n");
  line = std::string_view(kept_).substr(0, kept_.size() - 2);
  after_cr_ = false;
  handed_out_ = true;
  return outcome::line;
}

void line_reader::release() noexcept {
  if (!inside_line()) {
    kept_ = std::string();
    handed_out_ = false;
  }
}

}  // namespace eddy::http::detail
