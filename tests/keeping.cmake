# What is kept: retention, forget, gc.
metamori_test(keeping_test SOURCES unit/keeping_forget.cpp unit/keeping_gc.cpp LIBS metamori_engine_world)
target_include_directories(keeping_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
metamori_test(retention_test SOURCES prop/retention.cpp LIBS metamori_core)
metamori_test(crash_keeping_test SOURCES crash/crash_sweep.cpp crash/fault_sweep.cpp crash/keeping_crash.cpp LIBS metamori_engine_world)
metamori_test(keeping_year_test SOURCES prop/keeping_year.cpp LIBS metamori_engine_world)

metamori_c_test(c_keeping_test c/keeping_c_api.c)
