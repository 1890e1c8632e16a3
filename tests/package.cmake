# The Debian packages, built and tried in a clean root: minutes, so with `tools/test --full` alone.
add_test(NAME package COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/package.sh)
set_tests_properties(package PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 3600 PROCESSORS 2)
