# The engine as a whole; the fuzz target of the unfinished restore's plan.
if(METAMORI_TESTS)
  metamori_test(plan_fuzz_replay_test SOURCES fuzz/plan_fuzz.cpp unit/plan_fuzz_replay.cpp LIBS metamori_engine_world)
endif()

if(METAMORI_FUZZ)
  add_executable(plan_fuzz fuzz/plan_fuzz.cpp)
  target_link_libraries(plan_fuzz PRIVATE metamori_core metamori_options)
  target_link_options(plan_fuzz PRIVATE -fsanitize=fuzzer)
endif()
