# SPDX-License-Identifier: BSL-1.0
# Tests and examples: what eddy builds to run, and never installs.

# eddy_tests(<area> SOURCES x_test.cpp ... [LIBS eddy::core ...] [TIMEOUT seconds]
#            [BACKENDS epoll io_uring] [IO_TESTS filter])
#
# One executable <area>_tests with GoogleTest's main. Each case becomes a ctest case, found when ctest
# runs (PRE_TEST), not while building. Skipped when a library that it needs is switched off.
#
# With BACKENDS its cases run on each of these that EDDY_TEST_BACKENDS has: on epoll as <area>.<case>, on another as
# <backend>.<area>.<case>. IO_TESTS is GoogleTest's filter for the ones that are run again, when not all make a loop.
function(eddy_tests area)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;IO_TESTS" "SOURCES;LIBS;BACKENDS")
  foreach(library IN LISTS arg_LIBS)
    if(NOT TARGET ${library})
      return()
    endif()
  endforeach()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_IO_TESTS)
    set(arg_IO_TESTS *)
  endif()
  add_executable(${area}_tests ${arg_SOURCES})
  eddy_own_target(${area}_tests)
  target_compile_features(${area}_tests PRIVATE cxx_std_20)
  target_compile_options(${area}_tests PRIVATE ${EDDY_TEST_COMPILE_OPTIONS})
  target_include_directories(${area}_tests PRIVATE ${PROJECT_SOURCE_DIR}) # tests/support/
  target_link_libraries(${area}_tests PRIVATE ${arg_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_precompile_headers(${area}_tests REUSE_FROM eddy_test_pch)

  set(discovery DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60)
  if(NOT arg_BACKENDS OR "epoll" IN_LIST EDDY_TEST_BACKENDS)
    gtest_discover_tests(${area}_tests ${discovery} TEST_PREFIX ${area}. PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endif()
  eddy_other_backends(others ${arg_BACKENDS})
  foreach(backend IN LISTS others)
    gtest_discover_tests(
      ${area}_tests ${discovery}
      TEST_PREFIX ${backend}.${area}.
      TEST_FILTER ${arg_IO_TESTS}
      PROPERTIES TIMEOUT ${arg_TIMEOUT} ENVIRONMENT EDDY_BACKEND=${backend})
  endforeach()
endfunction()

# Which of the given backends, but for the default, the tests are to run on.
function(eddy_other_backends result)
  set(others ${ARGN})
  list(REMOVE_ITEM others epoll)
  foreach(backend IN LISTS others)
    if(NOT backend IN_LIST EDDY_TEST_BACKENDS)
      list(REMOVE_ITEM others ${backend})
    endif()
  endforeach()
  set(${result} ${others} PARENT_SCOPE)
endfunction()

# eddy_example(010_hello [LIBS eddy::core ...] [ARGUMENTS ...] [BUILD_ONLY])
#
# A program of one file, run as a test unless it serves until it is stopped (BUILD_ONLY).
function(eddy_example name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "BUILD_ONLY" "" "LIBS;ARGUMENTS")
  foreach(library IN LISTS arg_LIBS)
    if(NOT TARGET ${library})
      return()
    endif()
  endforeach()
  add_executable(example_${name} ${name}.cpp)
  eddy_own_target(example_${name})
  target_link_libraries(example_${name} PRIVATE ${arg_LIBS})
  if(EDDY_BUILD_TESTS AND NOT arg_BUILD_ONLY)
    add_test(NAME example.${name} COMMAND example_${name} ${arg_ARGUMENTS})
    set_tests_properties(example.${name} PROPERTIES TIMEOUT 120)
  endif()
endfunction()
