// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/url.hpp"

#include "eddy/http/detail/uri_arena.hpp"
#include "eddy/http/link.hpp"

#include <arpa/inet.h>
#include <uriparser/Uri.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <utility>

namespace eddy::http {

namespace {

constexpr std::size_t longest_url = 1 << 20;

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return 80;
  if (scheme == "https" || scheme == "wss") return 443;
  return 0;
}

bool needs_host(std::string_view scheme) { return default_port(scheme) != 0; }

std::string_view view(const UriTextRangeA& range) {
  return range.first == nullptr
             ? std::string_view()
             : std::string_view(range.first, static_cast<std::size_t>(range.afterLast - range.first));
}

bool has_host(const UriUriA& uri) { return uri.hostText.first != nullptr; }

bool is_bracketed(const UriUriA& uri) { return uri.hostData.ip6 != nullptr || uri.hostData.ipFuture.first != nullptr; }

std::string printable(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte > 0x20 && byte < 0x7f) return std::string("'") + c + "'";
  static constexpr char digits[] = "0123456789abcdef";
  return std::string("byte 0x") + digits[byte >> 4] + digits[byte & 15];
}

// Bytes that stay as they are in a normal form, by where they stand.
enum plain_class : std::uint8_t { plain_host = 1, plain_path = 2, plain_query = 4 };

constexpr std::array<std::uint8_t, 256> make_plain_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned i = 0; i < 128; ++i) {
    const auto c = static_cast<char>(i);
    const bool lower = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool upper = c >= 'A' && c <= 'Z';
    unsigned set = 0;
    if (lower || c == '-' || c == '.') set |= plain_host;
    if (lower || upper || std::string_view("-._~!$&'()*+,;=:@/").find(c) != std::string_view::npos)
      set |= plain_path | plain_query;
    if (c == '?') set |= plain_query;
    table[i] = static_cast<std::uint8_t>(set);
  }
  return table;
}

constexpr std::array<std::uint8_t, 256> plain_table = make_plain_table();

}  // namespace

/// Makes a URL of a text and, for references, a base, and keeps what was wrong with it.
class url_builder {
 public:
  url_builder(std::string_view text, const url* base) : text_(text), base_(base) {}

  std::optional<url> build() {
    if (text_.size() > longest_url) return fail("is longer than a mebibyte", longest_url);
    if (base_ == nullptr) {
      if (std::optional<url> plain = take_plain()) return plain;
    }
    UriUriA reference{};
    if (!parse(reference, text_)) return std::nullopt;
    if (base_ == nullptr) {
      if (reference.scheme.first == nullptr) return fail("has no scheme", 0);
      return normalise(reference);
    }
    UriUriA base{};
    UriUriA resolved{};
    if (!parse(base, base_->text_)) return std::nullopt;
    check(uriAddBaseUriExMmA(&resolved, &reference, &base, URI_RESOLVE_STRICTLY, arena_.manager()));
    return normalise(resolved);
  }

  [[noreturn]] void raise() const {
    throw url_error(
        "\"" + std::string(text_.substr(0, 200)) + "\" " + problem_ + " (at " + std::to_string(position_) + ")",
        position_);
  }

 private:
  std::nullopt_t fail(std::string problem, std::size_t position) {
    problem_ = std::move(problem);
    position_ = position;
    return std::nullopt;
  }

  /// A URL as most are written, of http or https and in its normal form: nothing that would have to be changed or
  /// looked at twice. @returns nothing for every other, right or wrong.
  std::optional<url> take_plain() const {
    const std::size_t scheme = text_.starts_with("http://") ? 4 : text_.starts_with("https://") ? 5 : 0;
    if (scheme == 0) return std::nullopt;
    const std::size_t host = scheme + 3;
    std::size_t at = skip(plain_host, host);
    if (at == host) return std::nullopt;
    const std::size_t host_end = at;
    std::uint16_t port = default_port(text_.substr(0, scheme));
    if (at < text_.size() && text_[at] == ':') {
      const std::uint16_t usual = std::exchange(port, 0);
      const auto [end, error] = std::from_chars(text_.data() + at + 1, text_.data() + text_.size(), port);
      if (error != std::errc() || port == usual || text_[at + 1] == '0') return std::nullopt;
      at = static_cast<std::size_t>(end - text_.data());
    }
    const std::size_t path = at;
    if (at < text_.size() && text_[at] != '/') return std::nullopt;
    at = skip(plain_path, at);
    const std::size_t path_end = at;
    if (text_.substr(path, path_end - path).find("/.") != std::string_view::npos) return std::nullopt;
    if (at < text_.size() && text_[at] == '?' && path != path_end) at = skip(plain_query, at + 1);
    if (at != text_.size()) return std::nullopt;
    return plain_url(scheme, host, host_end, path, path_end, port);
  }

  url plain_url(std::size_t scheme, std::size_t host, std::size_t host_end, std::size_t path, std::size_t path_end,
                std::uint16_t port) const {
    url result;
    result.text_.reserve(text_.size() + 1);
    result.text_ = text_;
    if (path == path_end) result.text_ += '/';
    result.scheme_end_ = static_cast<std::uint32_t>(scheme);
    result.host_begin_ = static_cast<std::uint32_t>(host);
    result.host_end_ = static_cast<std::uint32_t>(host_end);
    result.path_begin_ = static_cast<std::uint32_t>(path);
    result.path_end_ = static_cast<std::uint32_t>(path == path_end ? path + 1 : path_end);
    result.query_end_ = static_cast<std::uint32_t>(result.text_.size());
    result.port_ = port;
    return result;
  }

  /// The first index from `at` on whose byte is not of this class.
  std::size_t skip(plain_class wanted, std::size_t at) const noexcept {
    while (at < text_.size() && (plain_table[static_cast<unsigned char>(text_[at])] & wanted) != 0) ++at;
    return at;
  }

  static void check(int result) {
    if (result == URI_ERROR_MALLOC) throw std::bad_alloc();
  }

  bool parse(UriUriA& uri, std::string_view text) {
    // The library reads a null pointer as an error of its own kind, and an empty view may hold one.
    const char* first = text.empty() ? "" : text.data();
    const char* position = nullptr;
    const int result = uriParseSingleUriExMmA(&uri, first, first + text.size(), &position, arena_.manager());
    check(result);
    if (result == URI_SUCCESS) return true;
    const auto where = position == nullptr ? text.size() : static_cast<std::size_t>(position - first);
    fail(where < text.size() ? "has " + printable(text[where]) + " where it may not stand" : "ends too early", where);
    return false;
  }

  std::optional<url> normalise(UriUriA& uri) {
    const auto needed = uriNormalizeSyntaxMaskRequiredA(&uri);
    if (needed != URI_NORMALIZED) check(uriNormalizeSyntaxExMmA(&uri, needed, arena_.manager()));
    scheme_ = view(uri.scheme);
    if (needs_host(scheme_) && view(uri.hostText).empty()) return fail("has no host", host_position());
    if (!read_port(view(uri.portText))) return fail("has a port above 65535", position_of(uri.portText));
    return assemble(uri);
  }

  std::size_t position_of(const UriTextRangeA& range) const {
    const std::less<const char*> before;
    if (range.first == nullptr || before(range.first, text_.data()) || before(text_.data() + text_.size(), range.first))
      return text_.size();
    return static_cast<std::size_t>(range.first - text_.data());
  }

  // Where the host would stand.
  std::size_t host_position() const {
    const auto begin = text_.find_first_not_of('/', text_.find(':') + 1);
    return begin == std::string_view::npos ? text_.size() : std::min(begin, text_.find(':') + 3);
  }

  bool read_port(std::string_view text) {
    port_ = default_port(scheme_);
    if (text.empty()) return true;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), port_);
    return result.ec == std::errc();
  }

  url assemble(const UriUriA& uri) {
    url result;
    std::string& out = result.text_;
    out.reserve(text_.size() + (base_ != nullptr ? base_->text_.size() : 0) + 8);
    const auto here = [&out] { return static_cast<std::uint32_t>(out.size()); };
    out += scheme_;
    result.scheme_end_ = here();
    out += ':';
    if (has_host(uri)) append_authority(uri, result);
    if (!has_host(uri)) result.host_begin_ = result.host_end_ = here();
    result.path_begin_ = here();
    append_path(uri, out);
    result.path_end_ = here();
    if (uri.query.first != nullptr) (out += '?') += view(uri.query);
    result.query_end_ = here();
    if (uri.fragment.first != nullptr) (out += '#') += view(uri.fragment);
    result.port_ = port_;
    return result;
  }

  void append_authority(const UriUriA& uri, url& result) const {
    std::string& out = result.text_;
    out += "//";
    if (uri.userInfo.first != nullptr) (out += view(uri.userInfo)) += '@';
    result.host_begin_ = static_cast<std::uint32_t>(out.size());
    append_host(uri, out);
    result.host_end_ = static_cast<std::uint32_t>(out.size());
    if (!view(uri.portText).empty() && port_ != default_port(scheme_)) out += ':' + std::to_string(port_);
  }

  static void append_host(const UriUriA& uri, std::string& out) {
    if (is_bracketed(uri)) out += '[';
    if (uri.hostData.ip6 != nullptr) {
      // The library leaves IPv6 addresses as they are written; this gives the one form of RFC 5952.
      std::array<char, INET6_ADDRSTRLEN> text{};
      out += inet_ntop(AF_INET6, uri.hostData.ip6->data, text.data(), text.size());
    } else {
      out += view(uri.hostText);
    }
    if (is_bracketed(uri)) out += ']';
  }

  void append_path(const UriUriA& uri, std::string& out) const {
    if (uri.absolutePath || (has_host(uri) && uri.pathHead != nullptr)) out += '/';
    // "a:/.//b", "a:.///b": without the dot what follows would read as a host.
    const bool reads_as_host = uri.pathHead != nullptr && view(uri.pathHead->text).empty();
    if (reads_as_host && uri.pathHead->next != nullptr && !has_host(uri)) out += "./";
    for (const auto* segment = uri.pathHead; segment != nullptr; segment = segment->next) {
      if (segment != uri.pathHead) out += '/';
      out += view(segment->text);
    }
    if (has_host(uri) && uri.pathHead == nullptr && needs_host(scheme_)) out += '/';
  }

  std::string_view text_;
  const url* base_;
  detail::uri_arena arena_;
  std::string_view scheme_;
  std::uint16_t port_ = 0;
  std::string problem_;
  std::size_t position_ = 0;
};

namespace {

// "http:x" on an http page: browsers have always taken it as "x".
std::string_view drop_own_scheme(std::string_view link, std::string_view scheme) {
  if (link.size() <= scheme.size() || link[scheme.size()] != ':') return link;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    if ((link[i] | 0x20) != scheme[i]) return link;
  }
  const auto rest = link.substr(scheme.size() + 1);
  return rest.substr(0, 2) == "//" ? link : rest;
}

url build_or_throw(std::string_view text, const url* base) {
  url_builder builder(text, base);
  auto result = builder.build();
  if (!result) builder.raise();
  return *std::move(result);
}

}  // namespace

url url::parse(std::string_view text) { return build_or_throw(text, nullptr); }

std::optional<url> url::try_parse(std::string_view text) { return url_builder(text, nullptr).build(); }

url url::resolve(std::string_view reference) const { return build_or_throw(reference, this); }

std::optional<url> url::try_resolve(std::string_view reference) const { return url_builder(reference, this).build(); }

url url::resolve_link(std::string_view link) const {
  const auto escaped = escape_link(link);
  return build_or_throw(is_http() ? drop_own_scheme(escaped, scheme()) : escaped, this);
}

std::optional<url> url::try_resolve_link(std::string_view link) const {
  const auto escaped = escape_link(link);
  return url_builder(is_http() ? drop_own_scheme(escaped, scheme()) : escaped, this).build();
}

std::string_view url::userinfo() const noexcept {
  const std::size_t begin = scheme_end_ + 3U;
  return host_begin_ > begin ? part(begin, host_begin_ - 1U) : std::string_view();
}

std::string_view url::host() const noexcept {
  const auto host = part(host_begin_, host_end_);
  return host_is_bracketed() ? host.substr(1, host.size() - 2) : host;
}

bool url::host_is_bracketed() const noexcept { return host_end_ > host_begin_ && text_[host_begin_] == '['; }

bool url::is_http() const noexcept { return scheme() == "http" || scheme() == "https"; }

std::string url::origin() const { return std::string(scheme()) + "://" + std::string(host_and_port()); }

bool url::same_origin(const url& other) const noexcept {
  return scheme() == other.scheme() && host_and_port() == other.host_and_port();
}

url url::without_fragment() const {
  url result(*this);
  result.text_.resize(query_end_);
  return result;
}

}  // namespace eddy::http
