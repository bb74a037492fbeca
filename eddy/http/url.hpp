// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace eddy::http {

/// A text that is no absolute URL; what() says what is wrong, and where.
class url_error : public std::invalid_argument {
 public:
  url_error(const std::string& what, std::size_t position) : std::invalid_argument(what), position_(position) {}

  /// Index of the first offending byte in the text that was given, or its size when something is missing.
  std::size_t position() const noexcept { return position_; }

 private:
  std::size_t position_;
};

/// An absolute URL by RFC 3986, always in its normal form.
///
/// Normal form: scheme and host in lower case, unreserved characters not percent-encoded, upper case hex digits,
/// no dot segments, no default port, and "/" for the empty path of http and https. So two URLs that name the
/// same thing compare equal, as far as that can be said without asking.
///
/// Any scheme is accepted (`mailto:` too); http and https must have a host. Accessors give views into the URL:
/// they live as long as it does and stay encoded; percent_decode() is in percent.hpp.
///
/// **Thread safety.** A value, like std::string.
/// **In asyncio.** `yarl.URL`, `urllib.parse.urlsplit()` and `urljoin()`.
class url {
 public:
  /// Parses an absolute URL.
  /// @throws url_error  It is not one: characters that may not stand there, no scheme, no host, no such port.
  static url parse(std::string_view text);
  /// As parse(), and reports refusal by value.
  static std::optional<url> try_parse(std::string_view text);

  /// Resolves a reference against this URL as RFC 3986 section 5.2 says, strictly.
  /// @throws url_error  The reference, or what comes out, is no URL.
  url resolve(std::string_view reference) const;
  std::optional<url> try_resolve(std::string_view reference) const;

  /// Resolves a link as browsers do: what must be escaped is escaped first (see escape_link()), and `http:x`
  /// on an http page is relative.
  /// @throws url_error  Even so it is no URL, for example for its port.
  url resolve_link(std::string_view link) const;
  std::optional<url> try_resolve_link(std::string_view link) const;

  /// "http", without the colon.
  std::string_view scheme() const noexcept { return part(0, scheme_end_); }
  /// "user:password", or nothing.
  std::string_view userinfo() const noexcept;
  /// The host without the brackets of an IPv6 address: what a resolver takes. Empty where there is none.
  std::string_view host() const noexcept;
  /// Whether the host is an IPv6 address (or a later one), which stands in brackets.
  bool host_is_bracketed() const noexcept;
  /// The port, or the scheme's default; 0 where there is neither.
  std::uint16_t port() const noexcept { return port_; }
  /// Host, in brackets where needed, and the port unless it is the default: the value of a Host header.
  std::string_view host_and_port() const noexcept { return part(host_begin_, path_begin_); }
  /// At least "/" for http and https.
  std::string_view path() const noexcept { return part(path_begin_, path_end_); }
  bool has_query() const noexcept { return query_end_ > path_end_; }
  /// The query without its question mark.
  std::string_view query() const noexcept { return after_mark(path_end_, query_end_); }
  bool has_fragment() const noexcept { return text_.size() > query_end_; }
  /// The fragment without its number sign.
  std::string_view fragment() const noexcept { return after_mark(query_end_, text_.size()); }

  /// Whether the scheme is http or https.
  bool is_http() const noexcept;
  /// Scheme, host and port, "http://example.org:8080": what browsers and robots.txt go by. No userinfo.
  std::string origin() const;
  /// Whether scheme, host and port are the same. No allocation.
  bool same_origin(const url& other) const noexcept;
  /// Path and query: the target of a request in origin form.
  std::string_view request_target() const noexcept { return part(path_begin_, query_end_); }
  /// The same URL without its fragment, which is never sent to a server.
  url without_fragment() const;

  /// The whole URL.
  const std::string& str() const noexcept { return text_; }

  friend bool operator==(const url& a, const url& b) noexcept { return a.text_ == b.text_; }
  friend std::strong_ordering operator<=>(const url& a, const url& b) noexcept { return a.text_ <=> b.text_; }

 private:
  friend class url_builder;
  url() = default;

  std::string_view part(std::size_t begin, std::size_t end) const noexcept {
    return std::string_view(text_).substr(begin, end - begin);
  }
  std::string_view after_mark(std::size_t begin, std::size_t end) const noexcept {
    return end > begin ? part(begin + 1, end) : std::string_view();
  }

  // Offsets into text_, ascending:
  //   scheme ':' ['//' [userinfo '@'] host [':' port]] path ['?' query] ['#' fragment]
  //   scheme_end_    ^                ^ host_begin_    ^ path_begin_, path_end_, query_end_
  // Without an authority host_begin_ == host_end_ == path_begin_.
  std::string text_;
  std::uint32_t scheme_end_ = 0;
  std::uint32_t host_begin_ = 0;
  std::uint32_t host_end_ = 0;
  std::uint32_t path_begin_ = 0;
  std::uint32_t path_end_ = 0;
  std::uint32_t query_end_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace eddy::http

template <>
struct std::hash<eddy::http::url> {
  std::size_t operator()(const eddy::http::url& value) const noexcept { return std::hash<std::string>()(value.str()); }
};
