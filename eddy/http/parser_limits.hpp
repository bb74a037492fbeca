// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace eddy::http {

/// How much a parser takes before it refuses. Bodies have no limit here: what reads them counts.
struct parser_limits {
  std::size_t start_line = 8 * 1024;        ///< bytes of the request or status line without its end; beyond: 414
  std::size_t header_bytes = 64 * 1024;     ///< bytes of all header lines with their ends; beyond: 431
  std::size_t header_fields = 100;          ///< header fields; beyond: 431
  std::size_t chunk_extensions = 4 * 1024;  ///< bytes of chunk extensions in one whole message; beyond: 400
  std::size_t trailer_bytes = 8 * 1024;     ///< bytes of all trailer lines with their ends; beyond: 431
  std::size_t trailer_fields = 32;          ///< trailer fields; beyond: 431
};

}  // namespace eddy::http
