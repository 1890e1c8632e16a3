#pragma once

// A tree on the simulated disk with checkpoints of which each has content of its own, and what each held.

#include <gtest/gtest.h>

#include <fcntl.h>

#include <map>
#include <set>

#include "core/forget.hpp"
#include "core/gc.hpp"
#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/noise.hpp"

namespace metamori::test {

class Keeping : public testing::Test {
 protected:
  static constexpr std::size_t kFileBytes = 400'000;
  static constexpr int kTexts = 12;

  explicit Keeping(const SimOptions& options = {}) : disk(options) {
    disk.make_directories(kTree);
    init_at_tree(disk);
  }

  void write(const std::string& path, std::string_view text) { disk.write_file(std::string(kTree) + '/' + path, text); }

  /// Small files in two directories, of which some change each time.
  void write_texts() {
    ++round;
    for (int i = 0; i < kTexts; ++i)
      if (round == 1 || (i + round) % 3 == 0)
        write((i % 2 == 0 ? "sub/text" : "text") + std::to_string(i),
              noise(300 + 100 * static_cast<std::size_t>(i), static_cast<std::uint32_t>(round * 100 + i)));
    write("noise", noise(20'000, static_cast<std::uint32_t>(round)));
  }
  /// Some pages of a large file.
  void change_pages(int seed) {
    if (pages.empty()) pages = noise(kFileBytes, 1);
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::size_t at = (static_cast<std::size_t>(seed) * 2654435761U + i * 40503U) % (kFileBytes - 512);
      pages.replace(at, 512, noise(512, static_cast<std::uint32_t>(seed) * 7 + i));
    }
    write("pages", pages);
  }
  std::uint64_t take_checkpoint_of_tree() {
    disk.advance_clock(10'000'000'000);
    const std::uint64_t number = checkpoint(disk).checkpoint.number;
    trees[number] = without_link_counts(user_tree(disk));
    return number;
  }
  std::uint64_t step_without_files() { return take_checkpoint_of_tree(); }
  std::uint64_t step() {
    write_texts();
    return take_checkpoint_of_tree();
  }
  /// The files of a tree, again.
  void put_back(const TreeDescription& tree) {
    for (const auto& [path, node] : tree)
      if (S_ISREG(node.mode)) write(path, as_text(node.content));
  }

  ForgetReport forget_these(const std::vector<std::string>& revisions, bool force = false) {
    ForgetOptions options;
    options.revisions = revisions;
    options.force = force;
    return forget(*open_at_tree(disk), options);
  }
  void forget_all_but(const std::set<std::uint64_t>& kept) {
    std::vector<std::string> going;
    for (const auto& [number, tree] : trees)
      if (!kept.contains(number)) going.push_back(std::to_string(number));
    if (!going.empty()) forget_these(going, true);
    std::erase_if(trees, [&](const auto& item) { return !kept.contains(item.first); });
  }
  GcReport collect(const GcOptions& options = {}) { return collect_garbage(*open_at_tree(disk), options); }

  /// Everything that was not forgotten is as it was, byte for byte, and every frame that is left can be read.
  void check_all() {
    const auto engine = open_at_tree(disk);
    for (const auto& [number, tree] : trees) ASSERT_EQ(checkpointed_tree(*engine, number), tree) << "checkpoint " << number;
    VerifyOptions options;
    options.data = true;
    options.control.jobs = 1;
    const VerifyReport report = verify(*engine, options);
    for (const VerifyProblem& problem : report.problems) ADD_FAILURE() << problem.kind << " " << problem.where << ": " << problem.message;
    ASSERT_TRUE(report.ok());
  }
  std::uint64_t pack_bytes() {
    std::uint64_t bytes = 0;
    for (const auto& [name, node] : disk.tree("/tree/.metamori/packs")) bytes += node.content.size();
    return bytes;
  }
  std::size_t pack_count() { return disk.tree("/tree/.metamori/packs").size(); }
  /// The longest chain there is.
  int deepest() {
    const auto engine = open_at_tree(disk);
    int depth = 0;
    for (const PackName& name : list_packs(disk, engine->dirs.packs.get())) {
      const auto pack = PackReader::open(disk, engine->dirs.packs.get(), name);
      for (std::uint64_t i = 0; i < pack->entry_count(); ++i)
        if (pack->entry(i).kind == Kind::data) depth = std::max<int>(depth, pack->entry(i).depth);
    }
    return depth;
  }
  static ErrorKind failure(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "it did not fail";
    return ErrorKind::io;
  }
  static ChunkId get_root_id(Engine& engine, std::uint64_t number) {
    return decode_checkpoint_record(engine.log->get(number).blob, "test").root;
  }
  /// Spoils the frame of a chunk.
  void damage(Engine& engine, const ChunkId& id) {
    const auto where = engine.store->index().find(id, true);
    ASSERT_TRUE(where);
    const std::string path = "/tree/.metamori/packs/" + pack_file_name(where->pack->name());
    ASSERT_EQ(disk.set_mode_at(AT_FDCWD, path.c_str(), 0600), 0);
    const int fd = disk.open_at(AT_FDCWD, path.c_str(), O_RDWR, 0);
    ASSERT_EQ(disk.write_at(fd, to_bytes("damaged"), where->offset + 70), 7);
    disk.close(fd);
  }

  SimSystem disk;
  std::map<std::uint64_t, TreeDescription> trees;  ///< by number, of what was not forgotten
  std::string pages;
  int round = 0;
};

}  // namespace metamori::test
