// SPDX-License-Identifier: BSL-1.0
#include "eddy/loop/backend.hpp"

#include <array>
#include <cstdlib>
#include <system_error>

#include "eddy/base/errors.hpp"
#include "eddy/base/owned.hpp"
#include "eddy/loop/epoll_backend.hpp"
#if EDDY_HAS_IO_URING
#include "eddy/loop/io_uring_backend.hpp"
#endif

namespace eddy::detail {

namespace {

struct kind {
  std::string_view name;
  owned<backend> (*make)();
};

template <class Backend>
owned<backend> make() {
  return std::make_unique<Backend>();
}

// The default first: why it is epoll stands in docs/explanation/backends.md, with the figures.
constexpr std::array kinds{
    kind{"epoll", make<epoll_backend>},
#if EDDY_HAS_IO_URING
    kind{"io_uring", make<io_uring_backend>},
#endif
};

const kind& find(std::string_view name) {
  for (const kind& k : kinds)
    if (k.name == name) return k;
  std::string known;
  for (const kind& k : kinds) known += (known.empty() ? "" : ", ") + std::string(k.name);
  throw misuse_error("there is no backend called \"" + std::string(name) + "\"; EDDY_BACKEND and " +
                     "run_options().backend(...) may be: " + known + ", or several with commas between them" +
                     (EDDY_HAS_IO_URING ? "" : " (io_uring is missing: eddy was built without liburing)"));
}

/// Cuts the first name off.
std::string_view next_name(std::string_view& names) noexcept {
  const std::size_t comma = names.find(',');
  const std::string_view first = names.substr(0, comma);
  names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
  return first;
}

/// The first of the list that the system allows. The last one's refusal is the caller's.
chosen_backend first_allowed(std::string_view names, std::string reason) {
  while (true) {
    const kind& wanted = find(next_name(names));
    try {
      return {wanted.make(), reason};
    } catch (const std::system_error& refused) {
      if (names.empty()) throw;
      reason += std::string("; ") + refused.what();
    }
  }
}

}  // namespace

chosen_backend choose_backend(std::string_view names) {
  if (!names.empty()) return first_allowed(names, "the program asked for " + std::string(names));
  const char* wanted = std::getenv("EDDY_BACKEND");
  if (wanted != nullptr && *wanted != '\0') return first_allowed(wanted, std::string("EDDY_BACKEND is ") + wanted);
  return first_allowed(kinds.front().name, "the default");
}

owned<backend> make_backend(std::string_view names) { return choose_backend(names).io; }

std::span<const std::string_view> known_backends() noexcept {
  static constexpr auto names = [] {
    std::array<std::string_view, kinds.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = kinds[i].name;
    return all;
  }();
  return names;
}

}  // namespace eddy::detail
