# SPDX-License-Identifier: BSL-1.0
# How eddy's libraries are declared (in eddy/CMakeLists.txt) and filled (in eddy/<area>/CMakeLists.txt).

# Adds a directory when it has something to build.
function(eddy_add_directory directory)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${directory}/CMakeLists.txt)
    add_subdirectory(${directory})
  endif()
endfunction()

# What every target of eddy gets, and nobody else: warnings stay private.
function(eddy_own_target target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  # g++ 12 warns of an overlap inside std::string's own operator+ when it optimises (GCC PR 105329).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
  endif()
  if(EDDY_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# eddy_library(core [LINK targets] [PRIVATE_LINK targets] [NEEDS packages] [PKG_CONFIG modules])
#
# Declares eddy_<name> with the alias eddy::<name>, which the areas fill with eddy_sources. NEEDS are names for
# find_package, PKG_CONFIG the same libraries as pkg-config calls them. A missing package switches the
# target off with one line.
function(eddy_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK;PRIVATE_LINK;NEEDS;PKG_CONFIG")
  set_property(GLOBAL APPEND PROPERTY EDDY_KNOWN_LIBRARIES eddy_${name})

  foreach(package IN LISTS arg_NEEDS)
    find_package(${package} QUIET GLOBAL)
    if(NOT ${package}_FOUND)
      message(STATUS "eddy::${name} is switched off: ${package} was not found")
      return()
    endif()
  endforeach()
  foreach(library IN LISTS arg_LINK)
    if(NOT TARGET ${library})
      list(REMOVE_ITEM arg_LINK ${library})
    endif()
  endforeach()
  add_library(eddy_${name})
  add_library(eddy::${name} ALIAS eddy_${name})
  eddy_own_target(eddy_${name})
  target_compile_features(eddy_${name} PUBLIC cxx_std_20)
  target_link_libraries(eddy_${name} PUBLIC ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK})
  set_target_properties(
    eddy_${name}
    PROPERTIES EXPORT_NAME ${name}
               LINKER_LANGUAGE CXX # an area may be all headers
               VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
               EDDY_LINK "${arg_LINK}"
               EDDY_NEEDS "${arg_NEEDS}"
               EDDY_PKG_CONFIG "${arg_PKG_CONFIG}")
  set_property(GLOBAL APPEND PROPERTY EDDY_LIBRARIES ${name})
endfunction()

# eddy_sources(eddy_core a.cpp b.cpp HEADERS a.hpp b.hpp)
#
# Adds the sources and public headers of one area to its target. Nothing happens when the target is
# switched off, so that one area (net, os, db) can serve several targets.
function(eddy_sources target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS")
  if(NOT TARGET ${target})
    get_property(known GLOBAL PROPERTY EDDY_KNOWN_LIBRARIES)
    if(NOT target IN_LIST known)
      message(FATAL_ERROR "eddy_sources: there is no library ${target}, only ${known}")
    endif()
    return()
  endif()
  target_sources(${target} PRIVATE ${arg_UNPARSED_ARGUMENTS})
  if(arg_HEADERS)
    target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${arg_HEADERS})
  endif()
endfunction()
