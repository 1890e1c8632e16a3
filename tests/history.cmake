# Records, the record log, git objects and revisions; their fuzz targets.
if(METAMORI_TESTS)
  metamori_test(history_test
    SOURCES
      prop/history_graph.cpp
      prop/history_records.cpp
      prop/history_trailers.cpp
      unit/history_cache.cpp
      unit/history_crash.cpp
      unit/history_damage.cpp
      unit/history_git_objects.cpp
      unit/history_libgit2.cpp
      unit/history_log.cpp
      unit/history_publish.cpp
      unit/history_record.cpp
      unit/history_refs.cpp
      unit/history_revisions.cpp
      unit/history_sources.cpp
      unit/history_text.cpp
      unit/history_timing.cpp
      unit/history_trailers.cpp
    LIBS metamori_objects metamori_test_support PkgConfig::LIBGIT2)
  target_compile_definitions(history_test PRIVATE METAMORI_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

  # Not linked to libgit2, so that it can tell whether the library was loaded.
  metamori_test(history_asleep_test SOURCES unit/history_asleep.cpp LIBS metamori_objects)
endif()

if(METAMORI_FUZZ)
  foreach(target record commit verdicts)
    add_executable(${target}_fuzz fuzz/${target}_fuzz.cpp)
    target_link_libraries(${target}_fuzz PRIVATE metamori_objects metamori_options)
    target_link_options(${target}_fuzz PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()
