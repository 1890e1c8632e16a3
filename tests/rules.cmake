# What is tracked: patterns, rules, ignore files. `git check-ignore` is the oracle.
metamori_test(rules_test
  SOURCES
    prop/rules_oracle.cpp
    prop/rules_walk.cpp
    unit/rules_pattern.cpp
    unit/rules_tracking.cpp
  LIBS metamori_core)
