// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "eddy/http/fields.hpp"
#include "eddy/http/message.hpp"

#include <cstdint>
#include <optional>

namespace eddy::http::detail {

/// What the fields of a head say about framing and the connection, gathered while they come in.
class head_facts {
 public:
  /// Looks at one field.
  /// @throws parse_error  What is wrong whatever the other fields say: a second or invalid Content-Length or
  ///                      Transfer-Encoding.
  void note(const field& header);
  /// The same with the checks that only requests get: Host.
  void note_in_request(const field& header);

  /// Checks what all fields together have to obey. @throws parse_error
  void check(http_version version) const;
  void check_request(http_version version) const;

  bool chunked() const noexcept { return chunked_; }
  const std::optional<std::uint64_t>& content_length() const noexcept { return content_length_; }
  bool keeps_alive(http_version version) const noexcept;
  bool expects_continue() const noexcept { return expects_continue_; }
  bool asks_for_upgrade() const noexcept { return connection_upgrade_ && upgrade_; }

 private:
  void note_content_length(std::string_view value);
  void note_transfer_encoding(std::string_view value);
  void note_connection(std::string_view value);

  std::optional<std::uint64_t> content_length_;
  bool transfer_encoding_ = false;
  bool chunked_ = false;
  bool host_ = false;
  bool connection_close_ = false;
  bool connection_keep_alive_ = false;
  bool connection_upgrade_ = false;
  bool upgrade_ = false;
  bool expects_continue_ = false;
};

/// Content-Length's value, or nothing when it is not 1*DIGIT below 2^63.
std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept;

/// A status line or request line's last part. @throws parse_error  invalid_version or unsupported_version.
http_version parse_version(std::string_view text);

}  // namespace eddy::http::detail
