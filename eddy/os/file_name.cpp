// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/file_name.hpp"

#include "eddy/base/errors.hpp"

namespace eddy::detail {

void check_path(std::string_view path) {
  if (path.find('\0') == std::string_view::npos) return;
  const std::string seen(path.substr(0, path.find('\0')));
  throw misuse_error("the path of a file has a zero byte in it, where the system would cut it to \"" + seen +
                     "\"; look at what it was made of");
}

}  // namespace eddy::detail
