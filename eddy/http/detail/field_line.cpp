// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/field_line.hpp"

#include "eddy/http/detail/characters.hpp"
#include "eddy/http/parse_error.hpp"

#include <cstddef>

namespace eddy::http::detail {

namespace {

[[noreturn]] void refuse_name(std::string_view line, std::size_t at) {
  const bool blank = at < line.size() && (line[at] == ' ' || line[at] == '\t');
  if (blank && at == 0) throw parse_error(parse_fault::folded_line, line);
  if (at == 0 && line[0] == ':') throw parse_error(parse_fault::empty_field_name, line);
  const std::size_t next = line.find_first_not_of(" \t", at);
  if (blank && next != std::string_view::npos && line[next] == ':')
    throw parse_error(parse_fault::whitespace_before_colon, line);
  throw parse_error(parse_fault::invalid_field_name, line);
}

}  // namespace

field append_field_line(std::string_view line, fields& to) {
  // The line's end is in memory, too, and is no token: so even short lines are looked at many bytes at a time.
  const std::size_t colon = skip_token({line.data(), line.size() + 2});
  if (colon == 0 || colon == line.size() || line[colon] != ':') refuse_name(line, colon);

  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  const bool canonical = line.size() == name.size() + 2 + value.size() && line[colon + 1] == ' ';
  if (canonical)
    fields_access::append_line(to, line, name.size());
  else
    fields_access::append(to, name, value);
  return {name, value};
}

}  // namespace eddy::http::detail
