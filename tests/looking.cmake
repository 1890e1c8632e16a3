# Opening, making and looking at repositories; the C interface.
metamori_test(looking_test
  SOURCES
    support/long_history.cpp
    unit/looking_diff.cpp
    unit/looking_find.cpp
    unit/looking_format_file.cpp
    unit/looking_history.cpp
    unit/looking_init.cpp
    unit/looking_lock.cpp
    unit/looking_log.cpp
    unit/looking_ranges.cpp
    unit/looking_running.cpp
    unit/looking_stats.cpp
    unit/looking_timing.cpp
    unit/looking_tree_diff.cpp
    unit/looking_verify.cpp
  LIBS metamori_engine_world)
target_include_directories(looking_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})

# A C compiler and the shared library alone, as a user has them.
add_executable(c_api_test c/looking_c_api.c)
target_compile_features(c_api_test PRIVATE c_std_11)
target_compile_definitions(c_api_test PRIVATE _DEFAULT_SOURCE)
target_compile_options(c_api_test PRIVATE -Wall -Wextra -Wpedantic -Wstrict-prototypes $<$<BOOL:${METAMORI_WARNINGS_AS_ERRORS}>:-Werror>)
target_link_libraries(c_api_test PRIVATE metamori_shared)
if(METAMORI_SANITIZE)
  target_link_options(c_api_test PRIVATE -fsanitize=${METAMORI_SANITIZE})
endif()
add_test(NAME c_api_test COMMAND c_api_test)
