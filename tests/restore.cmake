# Restore in place and elsewhere, undo and recovery.
metamori_test(restore_test
  SOURCES
    unit/checkpoint_clones.cpp
    unit/checkpoint_pause.cpp
    unit/live_files.cpp
    unit/restore_bystanders.cpp
    unit/restore_elsewhere.cpp
    unit/restore_fall_back.cpp
    unit/restore_in_place.cpp
    unit/restore_plan.cpp
    unit/restore_redo.cpp
    unit/restore_torn.cpp
    unit/restore_undo.cpp
    unit/restore_unread.cpp
  LIBS metamori_engine_world)
metamori_test(unsaved_restore_test SOURCES crash/unsaved_crash.cpp LIBS metamori_engine_world)
metamori_c_test(c_pause_test c/pause_c_api.c)
