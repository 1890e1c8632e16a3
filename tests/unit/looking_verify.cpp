// P4: any changed byte in `format`, `packs/`, `checkpoints/`, `refs/` is reported by verify with data, with the checkpoints it affects, and
// never ends the verification.

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "base/digest.hpp"
#include "core/looking.hpp"
#include "core/verify_position.hpp"
#include "tests/support/count.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

std::string noise(std::size_t size, unsigned seed) {
  std::string text(size, '\0');
  std::uint32_t state = seed;
  for (char& byte : text) byte = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  return text;
}

class Verify : public testing::Test {
 protected:
  Verify() {
    disk.make_directories(kTree);
    init_at_tree(disk);
    disk.write_file("/tree/both", std::string_view(noise(20'000, 1)));
    disk.write_file("/tree/first-only", std::string_view(noise(20'000, 2)));
    disk.write_file("/tree/d/small", std::string_view("small"));
    disk.write_file("/tree/d/kept", std::string_view(noise(20'000, 4)));
    take();
    disk.remove_file(AT_FDCWD, "/tree/first-only");
    disk.write_file("/tree/second-only", std::string_view(noise(20'000, 3)));
    take();
    add_tag(*open_at_tree(disk), "good", "1", false);
  }
  void take() {
    disk.advance_clock(10'000'000'000);
    checkpoint(disk);
  }
  static VerifyOptions with_data(std::uint32_t jobs = 1) {
    VerifyOptions options;
    options.data = true;
    options.control.jobs = jobs;
    return options;
  }
  static VerifyReport check(SimSystem& state, const VerifyOptions& options) { return verify(*open_at_tree(state), options); }
  std::vector<std::string> files(const std::string& directory) const {
    std::vector<std::string> result;
    for (const auto& [path, node] : disk.tree("/tree/.metamori/" + directory))
      result.push_back("/tree/.metamori/" + directory + '/' + path);
    return result;
  }
  static void flip(SimSystem& state, const std::string& path, std::size_t at) {
    Bytes bytes = state.read_file(path);
    bytes.at(at) ^= std::byte{0x10};
    state.write_file(path, ByteView(bytes));
  }
  static std::set<std::uint64_t> affected(const VerifyReport& report) {
    std::set<std::uint64_t> numbers;
    for (const VerifyProblem& problem : report.problems)
      for (const CheckpointInfo& info : problem.affects) numbers.insert(info.number);
    return numbers;
  }
  SimSystem disk;
};

TEST_F(Verify, ASoundRepositoryHasNoProblems) {
  VerifyOptions structure;
  const VerifyReport light = check(disk, structure);
  EXPECT_TRUE(light.ok()) << light.problems[0].kind << ' ' << light.problems[0].where << ' ' << light.problems[0].message;
  EXPECT_EQ(light.checkpoints, 2U);
  EXPECT_GE(light.packs, 2U);
  EXPECT_EQ(light.checked_bytes, 0U);
  for (const std::uint32_t jobs : {1U, 3U}) {
    const VerifyReport full = check(disk, with_data(jobs));
    EXPECT_TRUE(full.ok());
    EXPECT_GT(full.checked_bytes, 60'000U);
    EXPECT_GE(full.chunks, 7U);
  }
  VerifyOptions sample = with_data();
  sample.sample_percent = 0;
  EXPECT_EQ(check(disk, sample).checked_bytes, 0U);
}

TEST_F(Verify, P4EveryChangedByteIsReported) {
  std::uint64_t flips = 0;
  std::vector<std::string> paths = files("checkpoints");
  for (const std::string& path : files("packs")) paths.push_back(path);
  paths.emplace_back("/tree/.metamori/refs/tags/good");
  for (const std::string& path : paths) {
    const std::size_t size = disk.read_file(path).size();
    const std::size_t step = std::max<std::size_t>(1, size / (150 * test_scale()));
    for (std::size_t at = 0; at < size; at += step) {
      const auto state = disk.copy();
      flip(*state, path, at);
      const VerifyReport report = check(*state, with_data());
      ASSERT_FALSE(report.ok()) << path << " at " << at;
      ++flips;
    }
  }
  print_count("T7.verify.flips", flips);
}

TEST_F(Verify, DamageNamesTheCheckpointsItAffects) {
  // The chunk of a file that only one checkpoint has.
  const auto affected_by = [this](const std::string& revision, const std::string& path) {
    auto engine = open_at_tree(disk);
    const Root root = get_root(*engine->store, decode_checkpoint_record(engine->log->get(std::stoull(revision)).blob, "test").root);
    const StreamRef content = find_path(*engine->store, root, path)->content;
    const ChunkId id = content.level == 0 ? content.id : ExtentCursor(*engine->store, content).current()->id;
    const auto where = engine->store->index().find(id, true);
    const std::string pack = "/tree/.metamori/packs/" + pack_file_name(where->pack->name());
    const std::uint64_t offset = where->offset + kFrameHeaderBytes + 5;
    engine.reset();
    const auto state = disk.copy();
    flip(*state, pack, offset);
    const VerifyReport report = check(*state, with_data());
    EXPECT_FALSE(report.ok());
    for (const VerifyProblem& problem : report.problems) EXPECT_EQ(problem.kind, "chunk") << problem.where;
    return affected(report);
  };
  EXPECT_EQ(affected_by("1", "first-only"), (std::set<std::uint64_t>{1}));
  EXPECT_EQ(affected_by("2", "second-only"), (std::set<std::uint64_t>{2}));
  EXPECT_EQ(affected_by("1", "both"), (std::set<std::uint64_t>{1, 2}));
  EXPECT_EQ(affected_by("1", "d/kept"), (std::set<std::uint64_t>{1, 2}));  // below a directory that both share
}

TEST_F(Verify, AMissingPackAffectsWhatNeedsIt) {
  for (const std::string& path : files("packs")) {
    const auto state = disk.copy();
    state->remove_file(AT_FDCWD, path.c_str());
    const VerifyReport report = check(*state, {});
    ASSERT_FALSE(report.ok()) << path;
    EXPECT_FALSE(affected(report).empty());
  }
}

TEST_F(Verify, AMissingOrForeignRecordIsReported) {
  auto state = disk.copy();
  state->remove_file(AT_FDCWD, "/tree/.metamori/checkpoints/1");
  VerifyReport report = check(*state, {});
  ASSERT_FALSE(report.ok());
  EXPECT_TRUE(affected(report).contains(1));
  state = disk.copy();
  state->write_file("/tree/.metamori/checkpoints/1", ByteView(disk.read_file("/tree/.metamori/checkpoints/2")));
  report = check(*state, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.problems[0].kind, "record");
}

/// What no writer does: a checkpoint of that root, which says it has these names, files and bytes.
void publish_forged(Engine& engine, const ChunkId& root, const BelowTotals& told) {
  Record record = engine.log->get(2);
  CheckpointRecord content = decode_checkpoint_record(record.blob, "test");
  content.root = root;
  content.entries = told.entries;
  content.files = told.files;
  content.bytes = told.bytes;
  Commit commit = decode_commit(record.commit, "test");
  record.blob = encode_checkpoint_record(content);
  record.tree = encode_record_tree(git_object_id("blob", record.blob));
  commit.tree = git_object_id("tree", record.tree);
  record.commit = encode_commit(commit);
  record.number = engine.log->highest() + 1;
  record.tags.clear();
  record.head_after = {record.number, record.id()};
  ASSERT_TRUE(engine.log->publish(record));
}

/// A root like that of checkpoint 2, whose directory d tells of `d`, and itself of `top`.
ChunkId lying_root(Engine& engine, const BelowTotals& d, const BelowTotals& top) {
  Root root = get_root(*engine.store, decode_checkpoint_record(engine.log->get(2).blob, "test").root);
  ChunkSession session(*engine.store);
  DirectoryBuilder builder(session);
  for (DirectoryCursor cursor(*engine.store, root.top.content); cursor.current() != nullptr; cursor.next()) {
    Entry entry = *cursor.current();
    if (entry.name == "d") std::tie(entry.entries_below, entry.files_below, entry.bytes_below) = std::tie(d.entries, d.files, d.bytes);
    builder.add(entry);
  }
  root.top.content = builder.finish().listing;
  std::tie(root.top.entries_below, root.top.files_below, root.top.bytes_below) = std::tie(top.entries, top.files, top.bytes);
  const ChunkId id = put_root(session, root.top, {}).id;
  session.flush();
  return id;
}

TEST_F(Verify, WhatDirectoriesTellToBeBelowThemIsCounted) {
  const BelowTotals d{2, 2, 20'005}, top{5, 4, 60'005};
  const auto problems_of = [&](const BelowTotals& in_d, const BelowTotals& in_top, const BelowTotals& in_record) {
    const auto state = disk.copy();
    const auto engine = open_at_tree(*state);
    publish_forged(*engine, lying_root(*engine, in_d, in_top), in_record);
    const VerifyReport report = verify(*engine, {});
    EXPECT_TRUE(report.ok() || affected(report) == std::set<std::uint64_t>{3}) << "only the forged checkpoint";
    return report.problems;
  };
  EXPECT_TRUE(problems_of(d, top, top).empty());
  EXPECT_EQ(problems_of({3, 2, 20'005}, {6, 4, 60'005}, {6, 4, 60'005}).at(0).kind, "chunk");
  EXPECT_EQ(problems_of({2, 1, 20'005}, {5, 3, 60'005}, {5, 3, 60'005}).at(0).kind, "chunk");
  EXPECT_EQ(problems_of({2, 2, 20'006}, {5, 4, 60'006}, {5, 4, 60'006}).at(0).kind, "chunk");
  EXPECT_EQ(problems_of(d, {6, 4, 60'005}, {6, 4, 60'005}).at(0).kind, "chunk");
  EXPECT_EQ(problems_of(d, top, {5, 4, 60'006}).at(0).kind, "record");
}

/// Offsets of bytes in the middle of frames, a few for each pack.
std::vector<std::pair<std::string, std::size_t>> places_in_frames(SimSystem& disk, const std::vector<std::string>& packs) {
  std::vector<std::pair<std::string, std::size_t>> places;
  const auto engine = open_at_tree(disk);
  for (const PackName& name : list_packs(disk, engine->dirs.packs.get())) {
    const auto pack = PackReader::open(disk, engine->dirs.packs.get(), name);
    pack->for_each_frame([&](std::uint64_t offset, ByteView frame) {
      places.emplace_back("/tree/.metamori/packs/" + pack_file_name(name), offset + frame.size() - 1);
    });
  }
  EXPECT_EQ(packs.size(), list_packs(disk, engine->dirs.packs.get()).size());
  return places;
}

TEST_F(Verify, TwentyRunsOfFivePercentReadEverything) {
  for (unsigned i = 0; i < 12; ++i) {
    disk.write_file("/tree/n" + std::to_string(i), std::string_view(noise(3'000 + 40'000 * (i % 3), 100 + i)));
    take();
  }
  VerifyOptions part = with_data();
  part.sample_percent = 5;
  std::uint64_t all = check(disk, with_data()).checked_bytes;
  std::uint64_t read = 0;
  std::uint64_t most = 0;
  for (int i = 0; i < 20; ++i) {
    const VerifyReport report = check(disk, part);
    EXPECT_TRUE(report.ok());
    EXPECT_TRUE(report.is_complete);
    most = std::max(most, report.checked_bytes);
    read += report.checked_bytes;
  }
  EXPECT_GE(read, all);
  EXPECT_LT(most, all / 2) << "a part is no part";
  std::uint64_t flips = 0;
  for (const auto& [path, at] : places_in_frames(disk, files("packs"))) {
    const auto state = disk.copy();
    flip(*state, path, at);
    check(*state, part);  // so that they don't begin at the beginning
    bool is_found = false;
    for (int i = 0; i < 20 && !is_found; ++i) is_found = !check(*state, part).ok();
    EXPECT_TRUE(is_found) << path << " at " << at;
    ++flips;
  }
  EXPECT_GT(flips, 20U);
}

TEST_F(Verify, APartIsReadWhereThePositionIsLostOrCannotBeKept) {
  VerifyOptions part = with_data();
  part.sample_percent = 30;
  const auto cut = disk.copy();
  check(*cut, part);
  const std::string position = "/tree/.metamori/cache/verify";
  ASSERT_TRUE(cut->exists(position));
  flip(*cut, position, 20);
  EXPECT_FALSE(decode_verify_position(cut->read_file(position)));
  EXPECT_GT(check(*cut, part).checked_bytes, 0U);
  const auto sealed = disk.copy();
  sealed->configure([](SimOptions& options) { options.read_only = true; });
  std::set<std::uint64_t> amounts;
  for (int i = 0; i < 10; ++i) {
    const VerifyReport report = check(*sealed, part);
    EXPECT_TRUE(report.ok());
    EXPECT_GT(report.checked_bytes, 0U);
    amounts.insert(report.checked_bytes);
  }
  EXPECT_GT(amounts.size(), 1U) << "each run begins in the same place";
}

/// The first chunk that is read takes more time than there is.
class SlowReading final : public ProgressSink {
 public:
  explicit SlowReading(System& system) : system_(system) {}
  void update(const Progress& progress) override {
    if (progress.bytes_done > 0) system_.sleep_ns(2'000'000);
  }

 private:
  System& system_;
};

TEST_F(Verify, EndsInGoodOrderWhenTheTimeIsOverAndGoesOnNextTime) {
  VerifyOptions limited = with_data();
  limited.max_time_ms = 1;
  const auto places = places_in_frames(disk, files("packs"));
  const auto state = disk.copy();
  const auto run = [&](SimSystem& on) {
    SlowReading sink(on);
    limited.control.progress = &sink;
    return verify(*open_at_tree(on), limited);
  };
  std::uint64_t read = 0;
  int runs = 0;
  const std::uint64_t all = check(disk, with_data()).checked_bytes;
  for (; read < all && runs < 100; ++runs) {
    const VerifyReport report = run(*state);
    EXPECT_TRUE(report.ok());
    EXPECT_FALSE(report.is_complete);
    EXPECT_EQ(report.checkpoints, 2U);
    read += report.checked_bytes;
  }
  EXPECT_GE(read, all);
  EXPECT_GT(runs, 1);
  for (const auto& [path, at] : places) {
    const auto damaged = state->copy();
    flip(*damaged, path, at);
    bool is_found = false;
    for (int i = 0; i < runs + 1 && !is_found; ++i) is_found = !run(*damaged).ok();
    EXPECT_TRUE(is_found) << path << " at " << at;
  }
  limited.max_time_ms = 1'000'000;
  limited.control.progress = nullptr;
  EXPECT_TRUE(check(disk, limited).is_complete);
}

TEST_F(Verify, StopsWhenAsked) {
  std::atomic<bool> stop{true};
  VerifyOptions options = with_data(2);
  options.control.stop = &stop;
  try {
    check(disk, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
}

}  // namespace
}  // namespace metamori::test
