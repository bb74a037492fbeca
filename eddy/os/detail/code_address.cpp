// SPDX-License-Identifier: BSL-1.0
#include "eddy/os/detail/code_address.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <cstring>
#include <string>
#include <string_view>

#include "eddy/base/errors.hpp"

namespace eddy::detail {

namespace {

/// A program or shared library in this process.
struct image {
  std::string path;  // empty: the program itself
  std::uintptr_t base = 0;
  std::uint64_t fingerprint = 0;
};

void mix(std::uint64_t& hash, const void* data, std::size_t size) noexcept {  // FNV-1a
  for (const auto* at = static_cast<const unsigned char*>(data); size > 0; --size, ++at)
    hash = (hash ^ *at) * 0x100000001b3;  // NOLINT(clang-analyzer-core.UndefinedBinaryOperatorResult): mapped memory
}

bool holds(const dl_phdr_info& info, std::uintptr_t address) noexcept {
  for (unsigned i = 0; i < info.dlpi_phnum; ++i) {
    const auto& part = info.dlpi_phdr[i];
    if (part.p_type == PT_LOAD && address - (info.dlpi_addr + part.p_vaddr) < part.p_memsz) return true;
  }
  return false;
}

/// The layout says much, and the build id, a note that linkers write by default, says all.
std::uint64_t fingerprint_of(const dl_phdr_info& info) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (unsigned i = 0; i < info.dlpi_phnum; ++i) {
    const auto& part = info.dlpi_phdr[i];
    const std::uint64_t facts[] = {part.p_type, part.p_flags, part.p_vaddr, part.p_memsz};
    mix(hash, facts, sizeof facts);
    const std::uintptr_t begin = info.dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_NOTE && holds(info, begin)) mix(hash, reinterpret_cast<const void*>(begin), part.p_memsz);
  }
  return hash;
}

/// The first image that `wanted` says yes to; the program itself comes first. @returns whether there is one.
template <class Wanted>
bool find_image(image& found, Wanted wanted) {
  struct search {
    image& found;
    Wanted& wanted;
    std::size_t number = 0;
  } state{found, wanted};
  const auto visit = [](dl_phdr_info* info, std::size_t, void* data) {
    auto& s = *static_cast<search*>(data);
    const std::string_view path = s.number++ == 0 ? "" : info->dlpi_name;
    if (!s.wanted(*info, path)) return 0;
    s.found = image{std::string(path), info->dlpi_addr, fingerprint_of(*info)};
    return 1;
  };
  return dl_iterate_phdr(visit, &state) != 0;
}

image load(const std::string& path) {
  image found;
  const auto has_path = [&](const dl_phdr_info&, std::string_view name) { return name == path; };
  if (find_image(found, has_path)) return found;
  if (dlopen(path.c_str(), RTLD_NOW) == nullptr)
    throw error("the function's library cannot be loaded in a worker process: " + std::string(dlerror()));
  if (!find_image(found, has_path))
    throw error("the function's library " + path + " has another name in a worker process; give its whole path");
  return found;
}

}  // namespace

void pack_code(msgpack::writer& out, code_address code) {
  const auto address = reinterpret_cast<std::uintptr_t>(code);
  image found;
  if (!find_image(found, [&](const dl_phdr_info& info, std::string_view) { return holds(info, address); }))
    throw misuse_error("process_pool: this function was made at run time; a worker process does not have it");
  out.put_text(found.path);
  out.put_unsigned(found.fingerprint);
  out.put_unsigned(address - found.base);
}

code_address unpack_code(msgpack::reader& in) {
  const std::string path(in.get_text());
  const std::uint64_t fingerprint = in.get_unsigned();
  const std::uint64_t offset = in.get_unsigned();
  const image here = load(path);
  if (here.fingerprint != fingerprint)
    throw error("the function's library " + path + " has changed since the program started; restart it");
  return reinterpret_cast<code_address>(here.base + offset);
}

std::uint64_t program_fingerprint() {
  image program;
  find_image(program, [](const dl_phdr_info&, std::string_view) { return true; });
  return program.fingerprint;
}

}  // namespace eddy::detail
