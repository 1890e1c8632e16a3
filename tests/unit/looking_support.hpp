#pragma once

// A tree on the simulated disk with checkpoints to look at.

#include <gtest/gtest.h>

#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/support/engine_world.hpp"

namespace metamori::test {

class Looking : public testing::Test {
 protected:
  Looking() {
    disk.make_directories(kTree);
    init_at_tree(disk);
  }
  CheckpointInfo take(const std::string& message, const Metadata& metadata = {}, const std::vector<std::string>& tags = {}) {
    disk.advance_clock(10'000'000'000);
    CheckpointOptions options = one_worker();
    options.message = message;
    options.metadata = metadata;
    options.tags = tags;
    return checkpoint(disk, options).checkpoint;
  }
  void write(const std::string& path, std::string_view text) { disk.write_file(std::string(kTree) + '/' + path, text); }
  std::vector<std::uint64_t> numbers(const LogOptions& options) {
    std::vector<std::uint64_t> result;
    for (const CheckpointInfo& info : list_log(*open_at_tree(disk), options)) result.push_back(info.number);
    return result;
  }
  static ChunkId get_root_id(Engine& engine, const Position& position) {
    return decode_checkpoint_record(engine.log->get(position.number).blob, "test").root;
  }
  /// Spoils these chunks where they lie in packs; others that share a frame with them suffer, too.
  void damage(Engine& engine, const std::vector<ChunkId>& chunks) {
    for (const ChunkId& id : chunks) {
      const auto where = engine.store->index().find(id, true);
      ASSERT_TRUE(where);
      const std::string path = "/tree/.metamori/packs/" + pack_file_name(where->pack->name());
      ASSERT_EQ(disk.set_mode_at(AT_FDCWD, path.c_str(), 0600), 0);
      const int fd = disk.open_at(AT_FDCWD, path.c_str(), O_RDWR, 0);
      ASSERT_EQ(disk.write_at(fd, to_bytes("damaged"), where->offset + 100), 7);
      disk.close(fd);
    }
  }
  void move(const std::string& from, const std::string& to) {
    ASSERT_EQ(disk.rename(AT_FDCWD, ("/tree/" + from).c_str(), AT_FDCWD, ("/tree/" + to).c_str(), RenameMode::replace), 0);
  }
  /// `number letter [from -> ]path`, a line each.
  std::string changes_of(const std::string& path, const std::function<void(LogOptions&)>& set = {}) {
    LogOptions options;
    options.paths = {path};
    if (set) set(options);
    std::string result;
    visit_log(*open_at_tree(disk), options, [&](const LogEntry& entry) {
      for (const PathChange& change : entry.changes)
        result += std::to_string(entry.checkpoint.number) + "ADM#R"[static_cast<int>(change.kind)] + ' ' +
                  (change.from ? *change.from + " -> " : std::string()) + change.path + '\n';
      return true;
    });
    return result;
  }
  std::string ancestors(const LogOptions& options) {
    std::string result;
    visit_log(*open_at_tree(disk), options, [&](const LogEntry& entry) {
      result += std::to_string(entry.checkpoint.number) + ':';
      for (const std::uint64_t number : entry.ancestors) result += std::to_string(number);
      result += ' ';
      return true;
    });
    return result;
  }
  SimSystem disk;
};

template <class Set>
LogOptions with(Set set) {
  LogOptions options;
  set(options);
  return options;
}

using Numbers = std::vector<std::uint64_t>;

}  // namespace metamori::test
