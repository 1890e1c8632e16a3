# The real program, killed, raced and fed with what is hard: scripts of their own, each of which prints its count.
find_program(METAMORI_SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(METAMORI_SYSTEM_PYTHON)
  foreach(name kill_sweep restore_kills many_checkpoints two_writers keepers copiers hostile_names other_user paused_writers two_hosts full_disk hostile_repositories failing_disks)
    add_test(NAME torture_${name} COMMAND ${METAMORI_SYSTEM_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/torture/${name}.py)
    set_tests_properties(
      torture_${name} PROPERTIES ENVIRONMENT "METAMORI=$<TARGET_FILE:metamori>" LABELS torture SKIP_RETURN_CODE 77 TIMEOUT 3600
    )
  endforeach()
else()
  message(STATUS "/usr/bin/python3 is missing: the torture tests are left out")
endif()
