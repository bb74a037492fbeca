// SPDX-License-Identifier: BSL-1.0
#include "directory_site.hpp"

#include "eddy/http/percent.hpp"

#include <algorithm>
#include <array>

namespace crawler {

namespace {

namespace fs = std::filesystem;

struct type_row {
  std::string_view extension;
  std::string_view type;
};

constexpr std::array types = std::to_array<type_row>({{"html", "text/html"},
                                                      {"htm", "text/html"},
                                                      {"xhtml", "application/xhtml+xml"},
                                                      {"txt", "text/plain"},
                                                      {"css", "text/css"},
                                                      {"js", "text/javascript"},
                                                      {"json", "application/json"},
                                                      {"xml", "application/xml"},
                                                      {"svg", "image/svg+xml"},
                                                      {"png", "image/png"},
                                                      {"gif", "image/gif"},
                                                      {"jpg", "image/jpeg"},
                                                      {"jpeg", "image/jpeg"},
                                                      {"ico", "image/x-icon"},
                                                      {"webp", "image/webp"},
                                                      {"pdf", "application/pdf"},
                                                      {"woff", "font/woff"},
                                                      {"woff2", "font/woff2"}});

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

bool is_inside(const fs::path& root, const fs::path& path) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

}  // namespace

std::string_view media_type_for(std::string_view file_name) {
  const auto dot = file_name.rfind('.');
  const auto extension = dot == std::string_view::npos ? std::string() : lower(file_name.substr(dot + 1));
  const auto* const found =
      std::find_if(types.begin(), types.end(), [&](const auto& row) { return row.extension == extension; });
  return found == types.end() ? "application/octet-stream" : found->type;
}

int directory_site::answer::status() const {
  switch (what) {
    case outcome::file:
      return 200;
    case outcome::redirect:
      return 301;
    case outcome::forbidden:
      return 403;
    case outcome::bad_request:
      return 400;
    case outcome::not_found:
      break;
  }
  return 404;
}

directory_site::directory_site(const fs::path& root) : root_(fs::canonical(root)) {
  if (!fs::is_directory(root_))
    throw fs::filesystem_error("not a directory", root_, std::make_error_code(std::errc::not_a_directory));
}

directory_site::answer directory_site::find(std::string_view target) const {
  const auto encoded = target.substr(0, target.find('?'));
  if (!encoded.starts_with('/')) return {outcome::bad_request, {}, {}};
  auto path = root_;
  // Split first, decode then: an encoded slash is part of a name, and no file has such a name.
  for (std::size_t begin = 1; begin <= encoded.size();) {
    const auto end = std::min(encoded.find('/', begin), encoded.size());
    const auto segment = eddy::http::percent_decode(encoded.substr(begin, end - begin));
    begin = end + 1;
    if (segment == "..") return {outcome::forbidden, {}, {}};
    if (segment.find('/') != std::string::npos || segment.find('\0') != std::string::npos)
      return {outcome::bad_request, {}, {}};
    if (!segment.empty() && segment != ".") path /= segment;
  }
  std::error_code error;
  auto real = fs::canonical(path, error);
  if (error) return {};
  if (!is_inside(root_, real)) return {outcome::forbidden, {}, {}};
  if (fs::is_directory(real, error)) {
    const auto query = target.substr(encoded.size());
    if (!encoded.ends_with('/')) return {outcome::redirect, {}, std::string(encoded) + '/' + std::string(query)};
    real = fs::canonical(real / "index.html", error);
    if (error) return {};
    if (!is_inside(root_, real)) return {outcome::forbidden, {}, {}};
  } else if (encoded.ends_with('/')) {
    return {};
  }
  if (!fs::is_regular_file(real, error)) return {};
  return {outcome::file, std::move(real), {}};
}

}  // namespace crawler
