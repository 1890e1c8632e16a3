# Files of settings; their fuzz target.
if(METAMORI_TESTS)
  metamori_test(settings_test SOURCES fuzz/settings_fuzz.cpp unit/settings.cpp unit/settings_fuzz_replay.cpp LIBS metamori_core)
endif()

if(METAMORI_FUZZ)
  add_executable(settings_fuzz fuzz/settings_fuzz.cpp)
  target_link_libraries(settings_fuzz PRIVATE metamori_core metamori_options)
  target_link_options(settings_fuzz PRIVATE -fsanitize=fuzzer)
endif()
