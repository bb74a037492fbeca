# SPDX-License-Identifier: BSL-1.0
# Whether liburing is there, and new enough: EDDY_HAS_IO_URING. Without it only the io_uring backend is missing. What the
# kernel can do is asked at run time.
include(CheckCXXSourceCompiles)

set(CMAKE_REQUIRED_LIBRARIES uring)
check_cxx_source_compiles(
  "#include <liburing.h>
   int main() {
     io_uring ring{};
     io_uring_buf_reg buffers{};
     return io_uring_submit_and_get_events(&ring) + io_uring_register_buf_ring(&ring, &buffers, 0);
   }"
  EDDY_LIBURING_WORKS)
unset(CMAKE_REQUIRED_LIBRARIES)

# By name: liburing has no package of CMake's, and a name can be installed where a path cannot.
if(EDDY_LIBURING_WORKS)
  set(EDDY_HAS_IO_URING 1)
  set(EDDY_LIBURING uring)
  set(EDDY_LIBURING_PKG_CONFIG liburing)
else()
  set(EDDY_HAS_IO_URING 0)
  set(EDDY_LIBURING)
  set(EDDY_LIBURING_PKG_CONFIG)
  message(STATUS "eddy's io_uring backend is switched off: liburing 2.3 or newer was not found")
endif()
