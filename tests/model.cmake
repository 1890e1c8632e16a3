# The engine as a whole: random histories against a model, power cuts, damage; the fuzz target of the unfinished restore's plan.
if(METAMORI_TESTS)
  metamori_test(engine_history_test
    SOURCES
      prop/engine_cuts.cpp
      prop/engine_edits.cpp
      prop/engine_history.cpp
      prop/engine_model.cpp
    LIBS metamori_engine_world)
  metamori_test(crash_restore_test
    SOURCES
      crash/crash_sweep.cpp
      crash/restore_crash.cpp
      crash/restore_scenarios.cpp
    LIBS metamori_engine_world)
  metamori_test(restore_mutants_test
    SOURCES
      crash/crash_sweep.cpp
      crash/restore_mutants.cpp
      crash/restore_scenarios.cpp
      crash/restore_unchecked.cpp
    LIBS metamori_engine_world)
  # A program that does not verify what it reads: its calls of metamori::check_id() lead to the test.
  set(check_id "_ZN8metamori8check_idESt4spanIKSt4byteLm18446744073709551615EERKNS_2IdINS_8ChunkTagEEESt17basic_string_viewIcSt11char_traitsIcEE")
  target_link_options(restore_mutants_test PRIVATE "-Wl,--wrap=${check_id}")
  set_source_files_properties(crash/restore_unchecked.cpp PROPERTIES COMPILE_DEFINITIONS "METAMORI_CHECK_ID=\"${check_id}\"")
  metamori_test(fault_restore_test
    SOURCES
      crash/crash_sweep.cpp
      crash/restore_faults.cpp
      crash/restore_scenarios.cpp
    LIBS metamori_engine_world)
  metamori_test(damage_test SOURCES damage/damaged_world.cpp damage/flips.cpp damage/restore_flips.cpp LIBS metamori_engine_world)
  metamori_test(plan_fuzz_replay_test SOURCES fuzz/plan_fuzz.cpp unit/plan_fuzz_replay.cpp LIBS metamori_engine_world)
endif()

if(METAMORI_FUZZ)
  add_executable(plan_fuzz fuzz/plan_fuzz.cpp)
  target_link_libraries(plan_fuzz PRIVATE metamori_core metamori_options)
  target_link_options(plan_fuzz PRIVATE -fsanitize=fuzzer)
endif()
