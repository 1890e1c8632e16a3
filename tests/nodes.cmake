# Streams, listings and roots; their fuzz targets.
if(METAMORI_TESTS)
  metamori_test(nodes_test
    SOURCES
      fuzz/nodes_targets.cpp
      prop/nodes_directory.cpp
      prop/nodes_stream.cpp
      unit/nodes_directory.cpp
      unit/nodes_fuzz_replay.cpp
      unit/nodes_stream.cpp
    LIBS metamori_objects)
  target_include_directories(nodes_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
endif()

if(METAMORI_FUZZ)
  foreach(target list directory root)
    add_executable(${target}_fuzz fuzz/${target}_fuzz.cpp fuzz/nodes_targets.cpp)
    target_include_directories(${target}_fuzz PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${target}_fuzz PRIVATE metamori_objects metamori_options)
    target_link_options(${target}_fuzz PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()
