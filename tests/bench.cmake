# That the comparison runs and brings back what was saved; how long it takes is not looked at.
find_program(METAMORI_SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(METAMORI_SYSTEM_PYTHON)
  add_test(NAME bench_smoke
    COMMAND ${METAMORI_SYSTEM_PYTHON} -B ${PROJECT_SOURCE_DIR}/bench/compare --metamori $<TARGET_FILE:metamori> --size 0.004 --reps 1 --updates 2
            --tools metamori,rsync,cp --svg ${CMAKE_CURRENT_BINARY_DIR}/bench_smoke.svg)
  add_test(NAME bench_companion
    COMMAND ${METAMORI_SYSTEM_PYTHON} -B ${PROJECT_SOURCE_DIR}/bench/companion --metamori $<TARGET_FILE:metamori> --size 8 --reps 1 --seconds 1 --every 0.3)
endif()
