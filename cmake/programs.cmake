# SPDX-License-Identifier: BSL-1.0
# Tests and examples: what eddy builds to run, and never installs.

# eddy_tests(<area> SOURCES x_test.cpp ... [LIBS eddy::core ...] [TIMEOUT seconds])
#
# One executable <area>_tests with GoogleTest's main. Each case becomes a ctest case, found when ctest
# runs (PRE_TEST), not while building. Skipped when a library that it needs is switched off.
function(eddy_tests area)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBS")
  foreach(library IN LISTS arg_LIBS)
    if(NOT TARGET ${library})
      return()
    endif()
  endforeach()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${area}_tests ${arg_SOURCES})
  eddy_own_target(${area}_tests)
  target_compile_features(${area}_tests PRIVATE cxx_std_20)
  target_compile_options(${area}_tests PRIVATE ${EDDY_TEST_COMPILE_OPTIONS})
  target_include_directories(${area}_tests PRIVATE ${PROJECT_SOURCE_DIR}) # tests/support/
  target_link_libraries(${area}_tests PRIVATE ${arg_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_precompile_headers(${area}_tests REUSE_FROM eddy_test_pch)
  gtest_discover_tests(
    ${area}_tests
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    TEST_PREFIX ${area}.
    PROPERTIES TIMEOUT ${arg_TIMEOUT})
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
