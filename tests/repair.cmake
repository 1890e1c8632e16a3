# Mending what is damaged.
metamori_test(repair_test
  SOURCES damage/damaged_world.cpp damage/mended.cpp unit/repair_chunks.cpp unit/repair_files.cpp unit/repair_records.cpp unit/mend.cpp
  LIBS metamori_engine_world)
metamori_test(repair_damage_test SOURCES damage/damaged_world.cpp damage/mended.cpp damage/repair.cpp LIBS metamori_engine_world)
metamori_test(repair_crash_test
  SOURCES crash/crash_sweep.cpp crash/fault_sweep.cpp crash/repair_crash.cpp damage/damaged_world.cpp damage/mended.cpp
  LIBS metamori_engine_world)
