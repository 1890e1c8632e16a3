# The engine's walks over the simulated disk.
add_library(metamori_engine_world STATIC support/engine_world.cpp)
target_link_libraries(metamori_engine_world PUBLIC metamori_core metamori_test_support)

metamori_test(scan_test SOURCES unit/checkpoint_basis.cpp unit/scan_capture.cpp unit/scan_earlier.cpp unit/scan_links.cpp unit/scan_second_look.cpp unit/stat_cache_levels.cpp LIBS metamori_engine_world)
metamori_test(scan_edits_test SOURCES prop/scan_edits.cpp LIBS metamori_engine_world)
metamori_test(crash_checkpoint_test SOURCES crash/checkpoint_crash.cpp crash/crash_sweep.cpp LIBS metamori_engine_world)
