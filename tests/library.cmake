# The library as a product: documented, with the agreed names and structs, and usable by others once it is installed.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  add_test(NAME library_documented COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/library/documented.py ${PROJECT_SOURCE_DIR})
  foreach(what symbols structs)
    add_test(NAME library_${what} COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/abi ${what} $<TARGET_FILE:metamori_shared>)
  endforeach()
  add_test(NAME library_abi_selftest
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/library/abi_selftest.py ${PROJECT_SOURCE_DIR} $<TARGET_FILE:metamori_shared>)
  set_tests_properties(library_documented library_symbols library_structs library_abi_selftest PROPERTIES SKIP_RETURN_CODE 77)
endif()
# Programs built against the installed library don't know of sanitizers.
add_test(NAME library_consumers
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/library/consumers.sh ${PROJECT_BINARY_DIR} ${CMAKE_CXX_COMPILER} ${CMAKE_C_COMPILER} "${METAMORI_SANITIZE}")
set_tests_properties(library_consumers PROPERTIES SKIP_RETURN_CODE 77 PROCESSORS 2)
