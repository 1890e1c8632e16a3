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

metamori_c_test(c_api_test c/looking_c_api.c)
