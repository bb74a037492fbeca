// SPDX-License-Identifier: BSL-1.0
#pragma once

// Seeded mutations of the fuzz corpus: the same thousands of inputs on every machine, for tests without a fuzzer.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace eddy::testing::http {

/// An input of fuzz/http_parser_fuzz.cpp: a byte that says what it is, and the bytes of a connection.
struct fuzz_input {
  std::string bytes;
  bool is_response() const { return !bytes.empty() && bytes[0] == 'S'; }
  /// Whether it is about requests, or responses to GET.
  bool is_plain() const { return is_response() || (!bytes.empty() && bytes[0] == 'R'); }
  std::string_view text() const { return std::string_view(bytes).substr(std::min<std::size_t>(bytes.size(), 1)); }
};

/// The files of the corpus in the order of their names.
inline std::vector<fuzz_input> corpus() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(EDDY_FUZZ_CORPUS)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<fuzz_input> inputs;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.push_back({{std::istreambuf_iterator<char>(in), {}}});
  }
  return inputs;
}

/// Those of the corpus that parsers without knowledge of the request understand.
inline std::vector<fuzz_input> seeds() {
  auto inputs = corpus();
  std::erase_if(inputs, [](const fuzz_input& input) { return !input.is_plain(); });
  return inputs;
}

/// An endless row of damaged seeds, the same for the same seed number.
class mutator {
 public:
  explicit mutator(std::uint32_t seed, std::vector<fuzz_input> from = seeds())
      : random_(seed), from_(std::move(from)) {}

  fuzz_input next() {
    fuzz_input input = from_[below(from_.size())];
    for (std::size_t times = 1 + below(3); times > 0; --times) damage(input.bytes);
    return input;
  }

 private:
  // The engine's sequence is fixed by the standard; that of the distributions is not.
  std::size_t below(std::size_t bound) { return random_() % bound; }

  // The first byte says what the input is, and stays.
  void damage(std::string& bytes) {
    static constexpr std::string_view bits[] = {"\r",
                                                "\n",
                                                "\r\n",
                                                "\r\n\r\n",
                                                " ",
                                                "\t",
                                                ":",
                                                ",",
                                                ";",
                                                "0",
                                                "1",
                                                "f",
                                                "-",
                                                "+",
                                                "0x",
                                                "\x7f",
                                                "\x80",
                                                "Content-Length: 3\r\n",
                                                "Content-Length: 03\r\n",
                                                "Transfer-Encoding: chunked\r\n",
                                                "Transfer-Encoding: xchunked\r\n",
                                                "Host: b\r\n",
                                                "Connection: close\r\n",
                                                "X : y\r\n",
                                                " folded\r\n",
                                                "HTTP/1.0",
                                                "HTTP/1.1",
                                                "3\r\nabc\r\n",
                                                "0\r\n\r\n"};
    const std::size_t at = 1 + below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes.insert(std::min(at, bytes.size()), bits[below(std::size(bits))]);
        break;
      case 1:
        bytes.insert(line_start(bytes, at), bits[below(std::size(bits))]);
        break;
      case 2:
        bytes.erase(std::min(at, bytes.size()), 1 + below(4));
        break;
      case 3:
        if (at < bytes.size()) bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << below(8)));
        break;
      case 4:
        if (at < bytes.size()) bytes[at] = static_cast<char>(below(256));
        break;
      default:
        bytes.insert(std::min(at, bytes.size()), bytes.substr(std::min(at, bytes.size()), 1 + below(40)));
        break;
    }
  }

  static std::size_t line_start(const std::string& bytes, std::size_t at) {
    const std::size_t end = bytes.find("\r\n", at);
    return end == std::string::npos ? bytes.size() : end + 2;
  }

  std::mt19937 random_;
  std::vector<fuzz_input> from_;
};

}  // namespace eddy::testing::http
