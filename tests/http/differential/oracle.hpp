// SPDX-License-Identifier: BSL-1.0
#pragma once

// Other people's HTTP/1.1 parsers behind one interface: what they make of the bytes of one connection.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eddy::testing::http {

/// A message in the terms that all parsers share.
struct plain_message {
  std::string start;  ///< method and target, or status
  int minor_version = 1;
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case, sorted by name, values in order
  std::string body;
  friend bool operator==(const plain_message&, const plain_message&) = default;
};

/// What one parser made of a connection.
struct verdict {
  std::vector<plain_message> messages;  ///< the complete ones
  std::string error;                    ///< the parser's own name for what stopped it; empty when all went well
};

enum class direction { requests, responses };

/// Orders fields as plain_message wants them.
void normalize(plain_message& message);

verdict ask_llhttp(direction which, std::string_view input);
verdict ask_beast(direction which, std::string_view input);

}  // namespace eddy::testing::http
