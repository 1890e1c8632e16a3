# The documentation: what its pages show is run and compared, what they name is there.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  add_test(NAME docs_references COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/docs/references.py ${PROJECT_SOURCE_DIR})
  add_test(NAME docs_selftest COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/docs/selftest.py)
  foreach(page tutorial cookbook operations)
    add_test(NAME docs_${page} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/docs/run_page.py ${PROJECT_SOURCE_DIR}/docs/${page}.md
      --bin $<TARGET_FILE_DIR:metamori> --bin ${PROJECT_SOURCE_DIR}/examples/operations)
  endforeach()
endif()
