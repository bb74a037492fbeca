// SPDX-License-Identifier: BSL-1.0
// Fuzz target for MessagePack. Whatever the bytes are, they are refused with a format_error or read; what was read can
// be written again, reads back as the same, and is written the same way then.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>

#include "eddy/os/msgpack/conversion.hpp"
#include "fuzz/require.hpp"

namespace {

using namespace eddy;

struct node {
  std::int16_t number = 0;
  std::string text;
  std::optional<bool> flag;
  std::vector<node> children;
  std::map<std::string, std::vector<std::byte>> files;
  std::variant<std::monostate, std::uint32_t, std::set<std::int64_t>> choice;
  std::array<std::uint8_t, 2> pair{};
};
EDDY_DESCRIBE(node, number, text, flag, children, files, choice, pair)

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  node read;
  try {
    read = msgpack::unpack<node>(bytes);
  } catch (const msgpack::format_error&) {
    return 0;
  }
  const auto written = msgpack::pack(read);
  require(written.size() <= size, "its shortest form is longer than another one");
  require(msgpack::pack(msgpack::unpack<node>(written)) == written, "what was written reads back as something else");
  return 0;
}
