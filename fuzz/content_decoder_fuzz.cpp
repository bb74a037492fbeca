// SPDX-License-Identifier: BSL-1.0
// Fuzz target for the decoder of compressed bodies. The first byte chooses the codings. Whatever the bytes are:
//   - cutting them anywhere changes nothing of what comes out, errors included;
//   - never more comes out than the limit allows.
#include "eddy/http/content_decoder.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/require.hpp"

namespace {

using namespace eddy::http;

struct decoded {
  std::string text;
  std::optional<content_errc> error;
};

constexpr std::uint64_t most = 100'000;

decoded decode(std::string_view codings, std::span<const std::byte> in, std::size_t step) {
  decoded result;
  content_limits limits;
  limits.max_size = most;
  limits.ratio_from = most / 2;
  try {
    content_decoder decoder(codings, limits);
    const auto keep = [&](std::span<const std::byte> out) {
      result.text.append(reinterpret_cast<const char*>(out.data()), out.size());
    };
    for (std::size_t at = 0; at < in.size(); at += step)
      decoder.decode(in.subspan(at, std::min(step, in.size() - at)), keep);
    decoder.finish();
  } catch (const content_error& e) {
    result.error = e.kind();
  }
  return result;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array<std::string_view, 4> codings = {"gzip", "deflate", "gzip, deflate", ""};
  const std::string_view chosen = codings[data[0] % codings.size()];
  const std::span bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  const decoded whole = decode(chosen, bytes, std::max<std::size_t>(bytes.size(), 1));
  require(whole.text.size() <= most, "more came out than the limit allows");
  const decoded pieces = decode(chosen, bytes, 1 + data[0] % 7);
  require(pieces.error == whole.error, "pieces end otherwise than the whole");
  require(whole.error.has_value() || pieces.text == whole.text, "pieces decode otherwise than the whole");
  return 0;
}
