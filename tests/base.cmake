# The base layer's tests, and what all tests share: a simulated disk, failing calls, temporary directories.
add_library(metamori_test_support STATIC
  support/fault_system.cpp
  support/sim_attributes.cpp
  support/sim_crash.cpp
  support/sim_disk.cpp
  support/sim_io.cpp
  support/sim_names.cpp
  support/sim_paths.cpp
  support/sim_system.cpp
  support/sim_trees.cpp)
target_link_libraries(metamori_test_support PUBLIC metamori_base metamori_options)

metamori_test(base_test
  SOURCES
    unit/base_bytes.cpp
    unit/base_digest.cpp
    unit/base_files.cpp
    unit/base_publish.cpp
    unit/base_real_system.cpp
    unit/base_worker_pool.cpp
  LIBS metamori_test_support)

metamori_test(sim_test
  SOURCES
    unit/sim_crash.cpp
    unit/sim_fault.cpp
    unit/sim_model.cpp
    unit/sim_system.cpp
  LIBS metamori_test_support)
