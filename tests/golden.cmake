# A repository of every released format, as the program wrote it then, against the program as it is now.
add_executable(make_golden
  golden/golden_manifest.cpp
  golden/golden_trees.cpp
  golden/golden_world.cpp
  golden/make_golden.cpp)
target_link_libraries(make_golden PRIVATE metamori_engine_world fmt::fmt)

find_program(METAMORI_SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(METAMORI_SYSTEM_PYTHON)
  set(golden_check ${METAMORI_SYSTEM_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/golden/check.py)
  add_test(NAME golden COMMAND ${golden_check})
  add_test(NAME golden_fresh COMMAND ${golden_check} $<TARGET_FILE:make_golden>)
  set_tests_properties(golden golden_fresh PROPERTIES ENVIRONMENT "METAMORI=$<TARGET_FILE:metamori>")
else()
  message(STATUS "/usr/bin/python3 is missing: the golden repository is not looked at")
endif()
