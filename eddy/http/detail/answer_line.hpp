// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/fields.hpp"
#include "eddy/http/message.hpp"
#include "eddy/http/serializer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace eddy::http::detail {

/// What a response begins with, wherever its parts are kept.
struct answer_line {
  int status;
  http_version version;
  std::string_view reason;  // without control characters
  const fields& headers;
};

/// append_head() of a response without the empty line at its end: for who adds fields.
/// @throws as append_head().
void append_open_head(std::string& out, const answer_line& head, body_framing framing, std::string_view method);

/// `Content-Length: ` with a number, and its line end.
class length_line {
 public:
  explicit length_line(std::uint64_t size) noexcept;
  std::string_view text() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 40> text_{};
  std::size_t size_ = 0;
};

}  // namespace eddy::http::detail
