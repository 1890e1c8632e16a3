# Copies between repositories.
metamori_test(copy_test SOURCES unit/copy_checkpoints.cpp LIBS metamori_engine_world)
target_include_directories(copy_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
metamori_test(copy_pieces_test SOURCES prop/copy_pieces.cpp LIBS metamori_engine_world)
metamori_test(crash_copy_test SOURCES crash/copy_crash.cpp crash/crash_sweep.cpp crash/fault_sweep.cpp LIBS metamori_engine_world)
