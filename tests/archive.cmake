# Archives.
metamori_test(archive_test SOURCES prop/archive_round_trip.cpp prop/engine_edits.cpp unit/archive.cpp LIBS metamori_engine_world)
