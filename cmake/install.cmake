# SPDX-License-Identifier: BSL-1.0
# Installs each library as a component of its own: an export file for find_package and a .pc file for
# pkg-config. Whoever wants only eddy::core needs none of the libraries that the others stand on.
include(CMakePackageConfigHelpers)

set(EDDY_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/eddy)
set(EDDY_PKG_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
# Relative, so that what was installed can be moved, as with CMake's own files.
file(RELATIVE_PATH EDDY_PC_TO_PREFIX /${EDDY_PKG_CONFIG_DIR} /)
get_property(EDDY_COMPONENTS GLOBAL PROPERTY EDDY_LIBRARIES)

# Writes and installs eddy-<name>.pc (or eddy.pc): the modules it requires, its linker flags.
function(eddy_install_pkg_config name description requires requires_private libs)
  string(JOIN " " requires ${requires})
  string(JOIN " " requires_private ${requires_private})
  configure_file(cmake/eddy.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${EDDY_PKG_CONFIG_DIR})
endfunction()

# Installs the library eddy_<component> with its headers, its export file and its .pc file.
function(eddy_install_component component)
  set(target eddy_${component})
  get_target_property(header_sets ${target} INTERFACE_HEADER_SETS)
  set(headers)
  foreach(set IN LISTS header_sets)
    list(APPEND headers FILE_SET ${set} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  endforeach()
  install(
    TARGETS ${target}
    EXPORT eddy-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ${headers})
  install(EXPORT eddy-${component} NAMESPACE eddy:: DESTINATION ${EDDY_CMAKE_DIR})

  get_target_property(requires ${target} EDDY_LINK)
  list(FILTER requires INCLUDE REGEX "^eddy::")
  list(TRANSFORM requires REPLACE "^eddy::" "eddy-")
  get_target_property(modules ${target} EDDY_PKG_CONFIG)
  set(private)
  if(BUILD_SHARED_LIBS)
    set(private ${modules})
  else() # static libraries do not carry what they stand on: a plain `pkg-config --libs` has to name it
    list(APPEND requires ${modules})
  endif()
  eddy_install_pkg_config(eddy-${component} "${PROJECT_DESCRIPTION} (${component})" "${requires}" "${private}"
                          "-L\${libdir} -leddy_${component}")
endfunction()

set(EDDY_COMPONENT_TABLE "")
foreach(component IN LISTS EDDY_COMPONENTS)
  eddy_install_component(${component})
  get_target_property(links eddy_${component} EDDY_LINK)
  list(FILTER links INCLUDE REGEX "^eddy::")
  list(TRANSFORM links REPLACE "^eddy::" "")
  get_target_property(packages eddy_${component} EDDY_NEEDS)
  string(APPEND EDDY_COMPONENT_TABLE "set(_eddy_${component}_components ${links})\n"
         "set(_eddy_${component}_packages ${packages})\n")
endforeach()

install(TARGETS eddy EXPORT eddy-eddy FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT eddy-eddy NAMESPACE eddy:: DESTINATION ${EDDY_CMAKE_DIR})
set(umbrella ${EDDY_COMPONENTS})
list(REMOVE_ITEM umbrella testing testing_tls)
list(TRANSFORM umbrella PREPEND eddy-)
eddy_install_pkg_config(eddy "${PROJECT_DESCRIPTION}" "${umbrella}" "" "")

configure_package_config_file(cmake/eddyConfig.cmake.in ${PROJECT_BINARY_DIR}/eddyConfig.cmake
                              INSTALL_DESTINATION ${EDDY_CMAKE_DIR})
# Before 1.0 a minor version may break.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/eddyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/eddyConfig.cmake ${PROJECT_BINARY_DIR}/eddyConfigVersion.cmake
        DESTINATION ${EDDY_CMAKE_DIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
