# Restore in place and elsewhere, undo and recovery.
metamori_test(restore_test
  SOURCES
    unit/restore_elsewhere.cpp
    unit/restore_in_place.cpp
    unit/restore_plan.cpp
  LIBS metamori_engine_world)
