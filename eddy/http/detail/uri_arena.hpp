// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>

// Not UriBase.h alone: it is Uri.h that gives its functions C linkage. After the standard headers, since it
// includes some of them within that block.
#include <uriparser/Uri.h>

namespace eddy::http::detail {

/// The memory of one URL operation in uriparser, which allocates a node for each path segment.
///
/// Nearly all URLs fit the array, so that parsing one calls malloc not at all. Nothing is freed before the
/// arena itself, hence no uriFreeUriMembers: what uriparser made lives exactly as long as the arena.
class uri_arena {
 public:
  uri_arena() {
    backend_.malloc = [](UriMemoryManager* self, std::size_t size) -> void* {
      return static_cast<std::pmr::memory_resource*>(self->userData)->allocate(size);
    };
    backend_.free = [](UriMemoryManager*, void*) {};
    backend_.userData = &memory_;
    // Fills in calloc, realloc and reallocarray on top of the two.
    uriCompleteMemoryManager(&manager_, &backend_);
  }
  uri_arena(const uri_arena&) = delete;
  uri_arena& operator=(const uri_arena&) = delete;

  UriMemoryManager* manager() noexcept { return &manager_; }

 private:
  alignas(std::max_align_t) std::array<std::byte, 8192> array_;
  std::pmr::monotonic_buffer_resource memory_{array_.data(), array_.size()};
  UriMemoryManager backend_{};
  UriMemoryManager manager_{};
};

}  // namespace eddy::http::detail
