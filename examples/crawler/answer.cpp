// SPDX-License-Identifier: BSL-1.0
#include "answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace crawler {

namespace {

std::string_view reason(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 9> known{{{200, "OK"},
                                                                   {301, "Moved Permanently"},
                                                                   {302, "Found"},
                                                                   {307, "Temporary Redirect"},
                                                                   {308, "Permanent Redirect"},
                                                                   {400, "Bad Request"},
                                                                   {403, "Forbidden"},
                                                                   {404, "Not Found"},
                                                                   {503, "Service Unavailable"}}};
  const auto* const found =
      std::find_if(known.begin(), known.end(), [&](const auto& row) { return row.first == status; });
  return found == known.end() ? "" : found->second;
}

}  // namespace

std::string answer_bytes::head() const {
  if (!what_.raw.empty()) return what_.raw;
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", what_.status, reason(what_.status));
  for (const auto& [name, value] : what_.headers) out += fmt::format("{}: {}\r\n", name, value);
  if (what_.framing == answer::framing_type::chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else {
    out += fmt::format("Content-Length: {}\r\n", what_.body.size() * what_.repeat);
  }
  return out += "\r\n";
}

bool answer_bytes::next(std::string& piece) {
  if (!head_done_) {
    head_done_ = true;
    piece = head();
    return true;
  }
  return what_.raw.empty() && !head_only_ && next_of_body(piece);
}

bool answer_bytes::next_of_body(std::string& piece) {
  const bool chunked = what_.framing == answer::framing_type::chunked;
  const auto left = what_.cut_after ? *what_.cut_after - sent_ : UINT64_MAX;
  if (left == 0) return false;
  if (rounds_ == what_.repeat || what_.body.empty()) {
    if (!chunked || end_done_) return false;
    end_done_ = true;
    piece = "0\r\n\r\n";
    return true;
  }
  ++rounds_;
  const auto data = std::string_view(what_.body)
                        .substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, what_.body.size())));
  sent_ += data.size();
  // A chunk says its whole size, also where it is cut.
  piece = chunked ? fmt::format("{:x}\r\n{}", what_.body.size(), data) : std::string(data);
  if (chunked && data.size() == what_.body.size()) piece += "\r\n";
  return true;
}

}  // namespace crawler
