# Files that change while they are looked at, on real file systems.
metamori_test(races_test SOURCES races/race_ground.cpp races/races.cpp LIBS metamori_engine_world)
