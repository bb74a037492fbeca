// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/parse_error.hpp"

#include <cstddef>

namespace eddy::http {

namespace {

struct description {
  parse_fault kind;
  int status;
  std::string_view name;
  std::string_view sentence;
};

// In the order of parse_fault: the enumerator is the index.
constexpr description descriptions[] = {
    {parse_fault::bare_cr, 400, "bare_cr", "a carriage return has to be followed by a line feed"},
    {parse_fault::bare_lf, 400, "bare_lf", "a line has to end with carriage return and line feed"},
    {parse_fault::control_character, 400, "control_character", "a line may not contain control characters"},
    {parse_fault::start_line_too_long, 414, "start_line_too_long", "the first line is longer than allowed"},
    {parse_fault::empty_start_line, 400, "empty_start_line", "an empty line stands where the first line belongs"},
    {parse_fault::invalid_method, 400, "invalid_method", "the request does not start with a method"},
    {parse_fault::invalid_target, 400, "invalid_target", "the request target is not valid"},
    {parse_fault::invalid_version, 400, "invalid_version", "the first line does not have a version such as HTTP/1.1"},
    {parse_fault::unsupported_version, 505, "unsupported_version", "only HTTP/1.0 and HTTP/1.1 are spoken here"},
    {parse_fault::invalid_status_line, 400, "invalid_status_line", "the status has to be a number of three digits"},
    {parse_fault::too_many_fields, 431, "too_many_fields", "there are more header fields than allowed"},
    {parse_fault::headers_too_large, 431, "headers_too_large", "the header fields are larger than allowed"},
    {parse_fault::folded_line, 400, "folded_line", "a header line may not start with a space or tab"},
    {parse_fault::whitespace_before_colon, 400, "whitespace_before_colon",
     "no space is allowed between a field name and its colon"},
    {parse_fault::empty_field_name, 400, "empty_field_name", "a header field needs a name"},
    {parse_fault::invalid_field_name, 400, "invalid_field_name", "a header line has to be a field name and a colon"},
    {parse_fault::missing_host, 400, "missing_host", "an HTTP/1.1 request has to have a Host field"},
    {parse_fault::duplicate_host, 400, "duplicate_host", "a request may have only one Host field"},
    {parse_fault::invalid_host, 400, "invalid_host", "the Host field has to be a host name with an optional port"},
    {parse_fault::invalid_content_length, 400, "invalid_content_length",
     "Content-Length has to be a number of decimal digits below 2^63"},
    {parse_fault::duplicate_content_length, 400, "duplicate_content_length", "Content-Length may stand only once"},
    {parse_fault::conflicting_framing, 400, "conflicting_framing",
     "Content-Length and Transfer-Encoding exclude each other"},
    {parse_fault::invalid_transfer_encoding, 400, "invalid_transfer_encoding",
     "Transfer-Encoding has to be chunked, once and last"},
    {parse_fault::unsupported_transfer_encoding, 501, "unsupported_transfer_encoding",
     "no transfer coding but chunked is understood here"},
    {parse_fault::chunked_on_http_1_0, 400, "chunked_on_http_1_0", "HTTP/1.0 does not have Transfer-Encoding"},
    {parse_fault::invalid_chunk_size, 400, "invalid_chunk_size",
     "a chunk size has to be 1 to 16 hexadecimal digits below 2^63"},
    {parse_fault::invalid_chunk_extension, 400, "invalid_chunk_extension",
     "what follows a chunk size has to be ;name or ;name=value, without spaces"},
    {parse_fault::chunk_extensions_too_large, 400, "chunk_extensions_too_large",
     "the chunk extensions are larger than allowed"},
    {parse_fault::invalid_chunk_end, 400, "invalid_chunk_end", "a chunk is longer than its size says"},
    {parse_fault::trailers_too_large, 431, "trailers_too_large", "the trailer fields are larger than allowed"},
    {parse_fault::forbidden_trailer, 400, "forbidden_trailer", "this field may not stand in the trailers"},
    {parse_fault::incomplete, 400, "incomplete", "the connection ended in the middle of a message"},
};

constexpr bool ordered() {
  for (std::size_t i = 0; i < std::size(descriptions); ++i)
    if (descriptions[i].kind != static_cast<parse_fault>(i)) return false;
  return std::size(descriptions) == static_cast<std::size_t>(parse_fault::incomplete) + 1;
}
static_assert(ordered());

const description& describe(parse_fault kind) noexcept { return descriptions[static_cast<std::size_t>(kind)]; }

// The offending part comes from the peer and goes to logs: only printable ASCII, and not much of it.
std::string sentence(parse_fault kind, std::string_view about) {
  constexpr std::size_t shown = 80;
  std::string text(describe(kind).sentence);
  text += ": \"";
  for (const char c : about.substr(0, shown)) text += c >= 0x20 && c < 0x7f ? c : '?';
  text += about.size() > shown ? "...\"" : "\"";
  return text;
}

}  // namespace

std::string_view to_string(parse_fault fault) noexcept { return describe(fault).name; }

parse_error::parse_error(parse_fault kind) : std::runtime_error(std::string(describe(kind).sentence)), kind_(kind) {}

parse_error::parse_error(parse_fault kind, std::string_view about)
    : std::runtime_error(sentence(kind, about)), kind_(kind) {}

int parse_error::status() const noexcept { return describe(kind_).status; }

}  // namespace eddy::http
