# SPDX-License-Identifier: BSL-1.0
# Compiles SOURCE with COMPILER and compares the outcome with EXPECTED: compiles, fails or any. OPTIONS are further
# compiler options, -w unless they are given. When it fails, the messages have to contain SENTENCE.
if(NOT DEFINED OPTIONS)
  set(OPTIONS -w)
endif()
execute_process(
  COMMAND ${COMPILER} -std=c++20 ${OPTIONS} -O0 -I${INCLUDES} -c ${SOURCE} -o /dev/null
  RESULT_VARIABLE result
  ERROR_VARIABLE messages)
if(result EQUAL 0)
  set(outcome compiles)
else()
  set(outcome fails)
  string(FIND "${messages}" "${SENTENCE}" found)
  if(SENTENCE AND found EQUAL -1)
    message(FATAL_ERROR "the compiler does not say \"${SENTENCE}\" but ${messages}")
  endif()
  string(REGEX MATCH "[^\n]*error[^\n]*" messages "${messages}")
  message(STATUS "${messages}")
endif()
if(EXPECTED STREQUAL any)
  message(STATUS "unknown compiler: the pattern ${outcome}")
elseif(NOT outcome STREQUAL EXPECTED)
  message(FATAL_ERROR "the pattern ${outcome}; known about this compiler: it ${EXPECTED}")
endif()
