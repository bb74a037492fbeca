// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/parse_error.hpp"

#include <ostream>
#include <string>

namespace eddy::testing::http {

using eddy::http::parse_fault;
using namespace std::string_literals;

/// Input that a parser has to refuse, and how.
struct reject {
  const char* name;
  std::string input;
  parse_fault fault;
  int status = 400;
};

inline void PrintTo(const reject& row, std::ostream* out) { *out << row.name; }

// Rows that are about one header line.
inline std::string get_with(const std::string& lines) { return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"; }
inline std::string line(const std::string& first) { return first + "\r\nHost: a\r\n\r\n"; }
inline std::string chunks(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}
inline std::string host(const std::string& value) { return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n"; }

inline const reject request_rows[] = {
    {"bare_cr_in_value", get_with("X: a\rb\r\n"), parse_fault::bare_cr},
    {"bare_cr_ends_line", "GET / HTTP/1.1\rHost: a\r\n\r\n", parse_fault::bare_cr},
    {"bare_cr_in_name", get_with("X\r: a\r\n"), parse_fault::bare_cr},
    {"two_cr_before_lf", get_with("X: a\r\r\n"), parse_fault::bare_cr},
    {"head_ends_with_cr_then_other_byte", "GET / HTTP/1.1\r\nHost: a\r\n\rX", parse_fault::bare_cr},
    {"bare_lf_ends_start_line", "GET / HTTP/1.1\nHost: a\r\n\r\n", parse_fault::bare_lf},
    {"bare_lf_ends_field", get_with("X: a\nY: b\r\n"), parse_fault::bare_lf},
    {"bare_lf_ends_head", "GET / HTTP/1.1\r\nHost: a\r\n\n", parse_fault::bare_lf},
    {"leading_bare_lf", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", parse_fault::bare_lf},
    {"nul_in_value", get_with("X: a\0b\r\n"s), parse_fault::control_character},
    {"nul_in_name", get_with("X\0: a\r\n"s), parse_fault::control_character},
    {"nul_in_target", line("GET /\0 HTTP/1.1"s), parse_fault::control_character},
    {"vertical_tab_in_value", get_with("X: a\vb\r\n"), parse_fault::control_character},
    {"del_in_value", get_with("X: a\x7f\r\n"), parse_fault::control_character},
    {"tls_hello", "\x16\x03\x01\x02", parse_fault::control_character},
    {"two_leading_empty_lines", "\r\n\r\n" + line("GET / HTTP/1.1"), parse_fault::empty_start_line},

    {"no_method", line(" / HTTP/1.1"), parse_fault::invalid_method},
    {"method_with_colon", line("GE:T / HTTP/1.1"), parse_fault::invalid_method},
    {"method_with_tab", line("GET\t/ HTTP/1.1"), parse_fault::invalid_method},
    {"method_beyond_ascii", line("G\xc3\x89T / HTTP/1.1"), parse_fault::invalid_method},
    {"method_only", line("GET"), parse_fault::invalid_target},
    {"no_target", line("GET  HTTP/1.1"), parse_fault::invalid_target},
    {"target_with_tab", line("GET /a\tb HTTP/1.1"), parse_fault::invalid_target},
    {"target_beyond_ascii", line("GET /\xc3\xa9 HTTP/1.1"), parse_fault::invalid_target},
    {"target_with_fragment", line("GET /a#b HTTP/1.1"), parse_fault::invalid_target},
    {"target_with_space", line("GET /a b HTTP/1.1"), parse_fault::invalid_version},
    {"relative_target", line("GET a/b HTTP/1.1"), parse_fault::invalid_target},
    {"asterisk_for_get", line("GET * HTTP/1.1"), parse_fault::invalid_target},
    {"authority_for_get", line("GET a:80 HTTP/1.1"), parse_fault::invalid_target},
    {"path_for_connect", line("CONNECT / HTTP/1.1"), parse_fault::invalid_target},
    {"connect_without_port", line("CONNECT a HTTP/1.1"), parse_fault::invalid_target},
    {"connect_with_empty_port", line("CONNECT a: HTTP/1.1"), parse_fault::invalid_target},
    {"connect_without_host", line("CONNECT :80 HTTP/1.1"), parse_fault::invalid_target},
    {"absolute_without_host", line("GET http:///x HTTP/1.1"), parse_fault::invalid_target},
    {"absolute_with_userinfo", line("GET http://u@a/x HTTP/1.1"), parse_fault::invalid_target},
    {"absolute_without_slashes", line("GET urn:x HTTP/1.1"), parse_fault::invalid_target},

    {"http_0_9", line("GET /"), parse_fault::invalid_version},
    {"lower_case_version", line("GET / http/1.1"), parse_fault::invalid_version},
    {"two_spaces_before_version", line("GET /  HTTP/1.1"), parse_fault::invalid_version},
    {"space_after_version", line("GET / HTTP/1.1 "), parse_fault::invalid_version},
    {"version_of_two_digits", line("GET / HTTP/1.10"), parse_fault::invalid_version},
    {"version_with_comma", line("GET / HTTP/1,1"), parse_fault::invalid_version},
    {"version_1_2", line("GET / HTTP/1.2"), parse_fault::unsupported_version, 505},
    {"version_2_0", line("GET / HTTP/2.0"), parse_fault::unsupported_version, 505},
    {"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", parse_fault::unsupported_version, 505},

    {"obs_fold", get_with("X: a\r\n b\r\n"), parse_fault::folded_line},
    {"obs_fold_with_tab", get_with("X: a\r\n\tb\r\n"), parse_fault::folded_line},
    {"obs_fold_of_blanks_only", get_with("X: a\r\n \r\n"), parse_fault::folded_line},
    {"space_before_first_field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", parse_fault::folded_line},
    {"space_before_colon", get_with("X : a\r\n"), parse_fault::whitespace_before_colon},
    {"tab_before_colon", get_with("X\t: a\r\n"), parse_fault::whitespace_before_colon},
    {"space_before_colon_of_length", get_with("Content-Length : 5\r\n"), parse_fault::whitespace_before_colon},
    {"no_name", get_with(": a\r\n"), parse_fault::empty_field_name},
    {"no_colon", get_with("X\r\n"), parse_fault::invalid_field_name},
    {"space_in_name", get_with("X Y: a\r\n"), parse_fault::invalid_field_name},
    {"name_beyond_ascii", get_with("\xc3\x89: a\r\n"), parse_fault::invalid_field_name},
    {"name_with_slash", get_with("a/b: a\r\n"), parse_fault::invalid_field_name},

    {"no_host", "GET / HTTP/1.1\r\nAccept: a\r\n\r\n", parse_fault::missing_host},
    {"no_host_with_absolute_target", "GET http://a/ HTTP/1.1\r\n\r\n", parse_fault::missing_host},
    {"no_host_with_asterisk", "OPTIONS * HTTP/1.1\r\n\r\n", parse_fault::missing_host},
    {"no_host_with_connect", "CONNECT a:80 HTTP/1.1\r\n\r\n", parse_fault::missing_host},
    {"two_hosts", get_with("Host: b\r\n"), parse_fault::duplicate_host},
    {"two_equal_hosts", get_with("host: a\r\n"), parse_fault::duplicate_host},
    {"two_hosts_in_http_1_0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", parse_fault::duplicate_host},
    {"host_with_space", host("a b"), parse_fault::invalid_host},
    {"host_with_path", host("a/b"), parse_fault::invalid_host},
    {"host_with_userinfo", host("u@a"), parse_fault::invalid_host},
    {"host_with_comma", host("a,b"), parse_fault::invalid_host},
    {"host_beyond_ascii", host("\xc3\xa9"), parse_fault::invalid_host},
    {"host_with_bad_escape", host("a%2"), parse_fault::invalid_host},
    {"host_with_word_for_port", host("a:http"), parse_fault::invalid_host},
    {"host_with_signed_port", host("a:+80"), parse_fault::invalid_host},
    {"host_with_port_too_large", host("a:65536"), parse_fault::invalid_host},
    {"host_with_two_ports", host("a:80:80"), parse_fault::invalid_host},
    {"host_ipv6_without_brackets", host("::1"), parse_fault::invalid_host},
    {"host_ipv6_open_bracket", host("[::1"), parse_fault::invalid_host},
    {"host_ipv6_with_zone", host("[fe80::1%eth0]"), parse_fault::invalid_host},
    {"host_ipv6_with_tail", host("[::1]a"), parse_fault::invalid_host},

    {"two_lengths", get_with("Content-Length: 5\r\nContent-Length: 6\r\n"), parse_fault::duplicate_content_length},
    {"two_equal_lengths", get_with("Content-Length: 5\r\ncontent-length: 5\r\n"),
     parse_fault::duplicate_content_length},
    {"list_of_equal_lengths", get_with("Content-Length: 5, 5\r\n"), parse_fault::invalid_content_length},
    {"empty_length", get_with("Content-Length:\r\n"), parse_fault::invalid_content_length},
    {"length_with_plus", get_with("Content-Length: +5\r\n"), parse_fault::invalid_content_length},
    {"length_with_minus", get_with("Content-Length: -5\r\n"), parse_fault::invalid_content_length},
    {"length_in_hex", get_with("Content-Length: 0x5\r\n"), parse_fault::invalid_content_length},
    {"length_with_space_inside", get_with("Content-Length: 1 2\r\n"), parse_fault::invalid_content_length},
    {"length_with_fraction", get_with("Content-Length: 5.0\r\n"), parse_fault::invalid_content_length},
    {"length_2_to_63", get_with("Content-Length: 9223372036854775808\r\n"), parse_fault::invalid_content_length},
    {"length_2_to_64", get_with("Content-Length: 18446744073709551616\r\n"), parse_fault::invalid_content_length},
    {"length_then_coding", get_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
     parse_fault::conflicting_framing},
    {"coding_then_length", get_with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
     parse_fault::conflicting_framing},
    {"coding_xchunked", get_with("Transfer-Encoding: xchunked\r\n"), parse_fault::invalid_transfer_encoding},
    {"coding_identity", get_with("Transfer-Encoding: identity\r\n"), parse_fault::invalid_transfer_encoding},
    {"coding_empty", get_with("Transfer-Encoding:\r\n"), parse_fault::invalid_transfer_encoding},
    {"coding_chunked_not_last", get_with("Transfer-Encoding: chunked, gzip\r\n"),
     parse_fault::invalid_transfer_encoding},
    {"coding_chunked_twice", get_with("Transfer-Encoding: chunked, chunked\r\n"),
     parse_fault::invalid_transfer_encoding},
    {"coding_with_empty_element", get_with("Transfer-Encoding: ,chunked\r\n"), parse_fault::invalid_transfer_encoding},
    {"coding_with_trailing_comma", get_with("Transfer-Encoding: chunked,\r\n"), parse_fault::invalid_transfer_encoding},
    {"coding_with_parameter", get_with("Transfer-Encoding: chunked;q=1\r\n"), parse_fault::invalid_transfer_encoding},
    {"coding_in_two_fields", get_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
     parse_fault::invalid_transfer_encoding},
    {"coding_gzip_chunked", get_with("Transfer-Encoding: gzip, chunked\r\n"),
     parse_fault::unsupported_transfer_encoding, 501},
    {"chunked_on_http_1_0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     parse_fault::chunked_on_http_1_0},

    {"empty_chunk_size", chunks("\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_with_plus", chunks("+5\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_with_minus", chunks("-5\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_with_0x", chunks("0x5\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_with_leading_space", chunks(" 5\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_with_trailing_space", chunks("5 \r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_with_underscore", chunks("5_0\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_of_17_digits", chunks("00000000000000005\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_2_to_63", chunks("8000000000000000\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_2_to_64_less_1", chunks("ffffffffffffffff\r\n"), parse_fault::invalid_chunk_size},
    {"chunk_size_ends_with_lf", chunks("5\nhello\r\n0\r\n\r\n"), parse_fault::bare_lf},
    {"chunk_size_ends_with_cr", chunks("5\rhello\r\n0\r\n\r\n"), parse_fault::bare_cr},
    {"chunk_size_with_nul", chunks("5\0\r\nhello\r\n0\r\n\r\n"s), parse_fault::control_character},
    {"chunk_extension_with_lf", chunks("5;a\nb\r\nhello\r\n0\r\n\r\n"), parse_fault::bare_lf},
    {"chunk_extension_quoted_lf", chunks("5;a=\"\nb\"\r\nhello\r\n0\r\n\r\n"), parse_fault::bare_lf},
    {"chunk_extension_without_name", chunks("5;\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_extension},
    {"chunk_extension_without_value", chunks("5;a=\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_extension},
    {"chunk_extension_with_space", chunks("5; a\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_extension},
    {"chunk_extension_open_quote", chunks("5;a=\"b\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_extension},
    {"chunk_extension_escaped_end", chunks("5;a=\"b\\\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_extension},
    {"chunk_longer_than_its_size", chunks("4\r\nhello\r\n0\r\n\r\n"), parse_fault::invalid_chunk_end},
    {"chunk_ends_with_lf", chunks("5\r\nhello\n0\r\n\r\n"), parse_fault::bare_lf},
    {"chunk_ends_with_cr", chunks("5\r\nhello\r0\r\n\r\n"), parse_fault::bare_cr},
    {"last_chunk_ends_with_lf", chunks("0\r\n\n"), parse_fault::bare_lf},
    {"trailer_folded", chunks("0\r\nX: a\r\n b\r\n\r\n"), parse_fault::folded_line},
    {"trailer_without_colon", chunks("0\r\nX\r\n\r\n"), parse_fault::invalid_field_name},
    {"trailer_content_length", chunks("0\r\nContent-Length: 5\r\n\r\n"), parse_fault::forbidden_trailer},
    {"trailer_transfer_encoding", chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n"), parse_fault::forbidden_trailer},
    {"trailer_host", chunks("0\r\nHost: b\r\n\r\n"), parse_fault::forbidden_trailer},

    {"cut_in_start_line", "GET / HT", parse_fault::incomplete},
    {"cut_between_cr_and_lf", "\r", parse_fault::incomplete},
    {"cut_in_head", "GET / HTTP/1.1\r\nHost: a\r\n", parse_fault::incomplete},
    {"cut_in_body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell", parse_fault::incomplete},
    {"cut_in_chunk", chunks("5\r\nhell"), parse_fault::incomplete},
    {"cut_after_chunk", chunks("5\r\nhello\r\n"), parse_fault::incomplete},
    {"cut_in_trailers", chunks("0\r\nX: a\r\n"), parse_fault::incomplete},
};

}  // namespace eddy::testing::http
