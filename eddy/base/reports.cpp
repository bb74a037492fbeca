// SPDX-License-Identifier: BSL-1.0
#include "eddy/base/reports.hpp"

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "eddy/base/errors.hpp"

namespace eddy {

namespace {

struct handler_slot {
  std::mutex lock;
  report_handler handler;
};

handler_slot& slot() {
  static auto* only = new handler_slot;  // never destroyed: reports may come from static destructors
  return *only;
}

int debug_from_environment() {
  const char* value = std::getenv("EDDY_DEBUG");
  return value != nullptr && *value != '\0' && std::string_view(value) != "0" ? 1 : 0;
}

}  // namespace

report_handler set_report_handler(report_handler handler) {
  handler_slot& here = slot();
  const std::scoped_lock guard(here.lock);
  std::swap(here.handler, handler);
  return handler;
}

namespace detail {

void report(const std::string& text) {
  report_handler handler;
  {
    handler_slot& here = slot();
    const std::scoped_lock guard(here.lock);
    handler = here.handler;  // called without the lock: it may itself report or set another handler
  }
  if (handler)
    handler(text);
  else
    std::fprintf(stderr, "eddy: %s\n", text.c_str());
}

int debug_loops = debug_from_environment();

void add_debugging(int difference) noexcept { __atomic_fetch_add(&debug_loops, difference, __ATOMIC_RELAXED); }

std::string describe_code(void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return "unknown code";
  if (info.dli_sname != nullptr) return demangle(info.dli_sname);
  std::string_view module = info.dli_fname;
  if (const auto slash = module.rfind('/'); slash != std::string_view::npos) module.remove_prefix(slash + 1);
  const auto offset = reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(info.dli_fbase);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "+0x%zx", static_cast<std::size_t>(offset));
  return std::string(module) + text.data();
}

}  // namespace detail
}  // namespace eddy
