# Chunks: cutting, frames, packs, the merged index, the store; their fuzz targets.
if(METAMORI_TESTS)
  metamori_test(store_test
    SOURCES
      prop/store_chunker.cpp
      prop/store_frame.cpp
      prop/store_session.cpp
      unit/store_based.cpp
      unit/store_chunker.cpp
      unit/store_copied.cpp
      unit/store_frame.cpp
      unit/store_index.cpp
      unit/store_pack.cpp
      unit/store_session.cpp
    LIBS metamori_objects metamori_test_support)
  foreach(target frame pack)
    metamori_test(${target}_fuzz_replay_test SOURCES fuzz/${target}_fuzz.cpp unit/store_${target}_fuzz_replay.cpp LIBS metamori_objects)
  endforeach()
endif()

if(METAMORI_FUZZ)
  foreach(target frame pack)
    add_executable(${target}_fuzz fuzz/${target}_fuzz.cpp)
    target_link_libraries(${target}_fuzz PRIVATE metamori_objects metamori_options)
    target_link_options(${target}_fuzz PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()
