// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/unix_address.hpp"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "eddy/base/errors.hpp"

namespace eddy {

namespace {

constexpr std::size_t header = offsetof(sockaddr_un, sun_path);
static_assert(sizeof(sockaddr_un) - header == unix_address::max_length + 1);

void check_length(std::string_view name, const char* what) {
  if (name.size() <= unix_address::max_length) return;
  throw misuse_error(std::string(what) + " is " + std::to_string(name.size()) +
                     " bytes long, and the system takes at most " + std::to_string(unix_address::max_length) + ": \"" +
                     std::string(name.substr(0, 40)) + "...\"; use a shorter one, such as a path relative to the " +
                     "working directory");
}

}  // namespace

unix_address::unix_address(std::string name) {
  if (name.empty()) throw misuse_error("the path of a Unix socket is empty; the system would choose a name of its own");
  if (name.front() == '\0') {
    *this = abstract(std::string_view(name).substr(1));
    return;
  }
  check_length(name, "the path of a Unix socket");
  if (name.find('\0') != std::string::npos)
    throw misuse_error("the path of a Unix socket has a NUL inside: the system would cut it there");
  kind_ = kind::path;
  name_ = std::move(name);
}

unix_address unix_address::abstract(std::string_view name) {
  check_length(name, "the abstract name of a Unix socket");
  unix_address made;
  made.kind_ = kind::abstract;
  made.name_ = name;
  return made;
}

std::string unix_address::to_string() const {
  if (kind_ == kind::unnamed) return "(unnamed)";
  if (kind_ == kind::path) return name_;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "@";
  for (const char each : name_) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte >= 0x20 && byte < 0x7f && byte != '\\')
      text += each;
    else
      text.append("\\x").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
  }
  return text;
}

socklen_t unix_address::to_system(sockaddr_storage& out) const noexcept {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  const std::size_t skipped = kind_ == kind::abstract ? 1 : 0;
  std::copy(name_.begin(), name_.end(), un.sun_path + skipped);
  std::memcpy(&out, &un, sizeof un);
  if (kind_ == kind::unnamed) return header;
  // A path counts with its NUL; an abstract name has no end but its size.
  return static_cast<socklen_t>(header + name_.size() + 1);
}

unix_address unix_address::from_system(const sockaddr_storage& address, socklen_t size) {
  unix_address made;
  if (size <= header) return made;
  const std::size_t length = std::min<std::size_t>(size - header, sizeof(sockaddr_un) - header);
  std::array<char, sizeof(sockaddr_un) - header> bytes{};
  std::memcpy(bytes.data(), reinterpret_cast<const char*>(&address) + header, length);
  if (bytes[0] == '\0') {
    made.kind_ = kind::abstract;
    made.name_.assign(bytes.data() + 1, length - 1);
  } else {
    // A path of all 108 bytes, which others may use, has no NUL at its end.
    made.kind_ = kind::path;
    made.name_.assign(bytes.data(), strnlen(bytes.data(), length));
  }
  return made;
}

}  // namespace eddy
