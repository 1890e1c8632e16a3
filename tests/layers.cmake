# The house rules that no compiler checks: which layer may include, link and call what, and that every header compiles alone.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  foreach(rule includes links calls headers)
    add_test(NAME layers_${rule}
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/layers/check.py ${rule} --source ${PROJECT_SOURCE_DIR}
        --build ${CMAKE_CURRENT_BINARY_DIR}/layers --compiler ${CMAKE_CXX_COMPILER})
  endforeach()
  add_test(NAME layers_selftest COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/layers/selftest.py)
  set_tests_properties(layers_headers PROPERTIES PROCESSORS 2)
endif()
