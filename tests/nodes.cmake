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

  # The reader in Python, written from docs/format.md alone, on a repository with every form of frame.
  metamori_test(reader_test SOURCES unit/nodes_reader.cpp LIBS metamori_objects)
  target_include_directories(reader_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(reader_test PRIVATE METAMORI_READER="${CMAKE_CURRENT_SOURCE_DIR}/reader/metamori_reader.py")
endif()

if(METAMORI_FUZZ)
  foreach(target list directory root)
    add_executable(${target}_fuzz fuzz/${target}_fuzz.cpp fuzz/nodes_targets.cpp)
    target_include_directories(${target}_fuzz PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${target}_fuzz PRIVATE metamori_objects metamori_options)
    target_link_options(${target}_fuzz PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()
