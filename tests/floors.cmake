# What looks at the counts that large tests tell (tools/summarize_tests and tests/floors) can itself fail.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  add_test(NAME floors_selftest COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/floors/selftest.py)
endif()
