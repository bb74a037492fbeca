# SPDX-License-Identifier: BSL-1.0
# Uses ccache when it is there, only for eddy itself, and never over a launcher that the user chose.
#
# The settings travel with each command, so that a plain `ninja` in a build directory has them too:
# - sloppiness: without it ccache refuses whatever uses a precompiled header;
# - depend mode: dependencies come from the compiler, which saves a preprocessor run on a cold cache.
if(NOT PROJECT_IS_TOP_LEVEL OR DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  return()
endif()
find_program(EDDY_CCACHE ccache DOC "ccache, or empty to build without it")
if(EDDY_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_DEPEND=1 ${EDDY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
