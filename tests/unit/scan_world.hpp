#pragma once

// A tree with a repository on the simulated disk, for tests of what a scan captures.

#include <gtest/gtest.h>

#include <string>

#include "tests/support/engine_world.hpp"

namespace metamori::test {

class ScanWorld : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.make_directories(kTree);
    init_at_tree(disk);
    settle();
  }
  /// Lets racy time stamps grow old.
  void settle() { disk.advance_clock(10'000'000'000); }
  void write(const std::string& name, std::string_view text) { disk.write_file(std::string(kTree) + "/" + name, text); }
  std::string stored(std::uint64_t number, const std::string& path) {
    const auto engine = open_at_tree(disk);
    const TreeDescription tree = checkpointed_tree(*engine, number);
    const auto found = tree.find(path);
    if (found == tree.end()) return "(absent)";
    return std::string(as_text(found->second.content));
  }
  SimSystem disk;
};

}  // namespace metamori::test
