# Power cuts on real file systems: root, FUSE, loop devices and qemu-storage-daemon are needed; what is missing is skipped by name.
find_program(METAMORI_SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(METAMORI_SYSTEM_PYTHON)
  foreach(name cuts disk_gone bad_sectors)
    add_test(NAME power_${name} COMMAND ${METAMORI_SYSTEM_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/power/${name}.py)
    set_tests_properties(power_${name} PROPERTIES ENVIRONMENT "METAMORI=$<TARGET_FILE:metamori>" LABELS torture TIMEOUT 3600)
  endforeach()
endif()
