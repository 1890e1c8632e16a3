# What examples/ shows, run as its surroundings would.
find_program(BATS bats)
if(BATS)
  add_test(NAME cli_examples COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/run_suite ${BATS} ${CMAKE_CURRENT_SOURCE_DIR}/examples/examples.bats)
  set_tests_properties(cli_examples PROPERTIES ENVIRONMENT "METAMORI=$<TARGET_FILE:metamori>;METAMORI_SOURCE=${PROJECT_SOURCE_DIR}")
endif()
