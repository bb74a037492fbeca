# SPDX-License-Identifier: BSL-1.0
# eddy_header_check: each public header compiles alone, linked to nothing but its own library, with
# eddy's warnings. Not part of `all`.

# Call it once all sources are known.
function(eddy_add_header_check)
  add_custom_target(eddy_header_check)
  foreach(target IN LISTS ARGN)
    get_target_property(headers ${target} HEADER_SET)
    if(NOT headers)
      continue()
    endif()
    set(sources)
    foreach(header IN LISTS headers)
      file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR} ${header})
      set(source ${CMAKE_CURRENT_BINARY_DIR}/header_check/${name}.cpp)
      file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${name}\"\n")
      list(APPEND sources ${source})
    endforeach()
    add_library(header_check_${target} OBJECT EXCLUDE_FROM_ALL ${sources})
    eddy_own_target(header_check_${target})
    target_link_libraries(header_check_${target} PRIVATE ${target})
    add_dependencies(eddy_header_check header_check_${target})
  endforeach()
endfunction()
