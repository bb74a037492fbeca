# SPDX-License-Identifier: BSL-1.0
# Compiles the outside programs with nothing but the compiler and pkg-config, and runs them.
file(MAKE_DIRECTORY ${DIRECTORY})
set(ENV{PKG_CONFIG_PATH} ${PKG_CONFIG_PATH})
foreach(program core everything)
  set(module eddy)
  if(program STREQUAL core)
    set(module eddy-core)
  endif()
  execute_process(COMMAND pkg-config --cflags --libs ${module} OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  execute_process(COMMAND ${COMPILER} -std=c++20 ${SOURCE}/${program}.cpp -o ${DIRECTORY}/${program} ${flags}
                          COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${DIRECTORY}/${program} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
