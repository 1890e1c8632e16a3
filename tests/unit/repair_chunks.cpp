// Content that is lost: taken over from what is left of packs, found again in the tree, or given up, so that gc goes on.

#include <gtest/gtest.h>

#include "core/gc.hpp"
#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/lost_chunks.hpp"
#include "objects/frame.hpp"
#include "tests/damage/mended.hpp"
#include "tests/support/noise.hpp"
#include "tests/support/violation.hpp"

namespace metamori::test {
namespace {

class RepairChunks : public ::testing::Test {
 protected:
  RepairChunks() {
    disk.make_directories(kTree);
    init_at_tree(disk);
    disk.write_file("/tree/kept", std::string_view(noise(300'000, 1)));
    disk.write_file("/tree/d/gone", std::string_view(noise(50'000, 2)));
    take();
    disk.remove_file(AT_FDCWD, "/tree/d/gone");
    disk.write_file("/tree/d/new", std::string_view(noise(50'000, 3)));
    take();
  }
  void take() {
    disk.advance_clock(10'000'000'000);
    const std::uint64_t number = checkpoint(disk).checkpoint.number;
    trees[number] = user_tree(disk);
  }
  /// Checkpoints 3 and 4 of "pages", of which the later rests on the earlier. Returns what is in it then.
  std::string take_pages() {
    std::string pages = noise(200'000, 5);
    disk.write_file("/tree/pages", std::string_view(pages));
    take();
    pages.replace(1000, 100, noise(100, 6));
    disk.write_file("/tree/pages", std::string_view(pages));
    take();
    return pages;
  }
  /// The first chunk of a file's content.
  ChunkId chunk_of(std::uint64_t number, const std::string& path) {
    const auto engine = open_at_tree(disk);
    const Root root = get_root(*engine->store, decode_checkpoint_record(engine->log->get(number).blob, "test").root);
    const StreamRef content = find_path(*engine->store, root, path)->content;
    return content.level == 0 ? content.id : ExtentCursor(*engine->store, content).current()->id;
  }
  /// Spoils the frame that holds it; returns the pack's path.
  std::string spoil(const ChunkId& id) {
    const auto engine = open_at_tree(disk);
    const auto where = engine->store->index().find(id, true);
    const std::string path = "/tree/.metamori/packs/" + pack_file_name(where->pack->name());
    Bytes bytes = disk.read_file(path);
    // All over it, so that nothing of it is left that could be taken out.
    const std::size_t end = where->offset + where->pack->frame(where->offset).size();
    for (std::size_t at = where->offset + kFrameHeaderBytes; at < end; at += 32) bytes.at(at) ^= std::byte{0x77};
    disk.write_file(path, ByteView(bytes));
    return path;
  }
  std::size_t count_kind(const RepairReport& report, std::string_view kind) {
    std::size_t count = 0;
    for (const RepairAction& action : report.actions) count += action.kind == kind ? 1 : 0;
    return count;
  }

  SimSystem disk;
  std::map<std::uint64_t, TreeDescription> trees;
};

TEST_F(RepairChunks, WhatTheTreeStillHasIsHealed) {
  const auto before_damage = repository_files(disk);
  const std::string pack = spoil(chunk_of(1, "kept"));
  const auto before = repository_files(disk);
  EXPECT_FALSE(affected_numbers(disk).empty());
  const RepairReport planned = mend(disk, true);
  EXPECT_EQ(planned.chunks_healed, 1U);
  EXPECT_TRUE(planned.remaining.empty());
  EXPECT_EQ(repository_files(disk), before);
  const RepairReport report = mend(disk);
  EXPECT_EQ(report.chunks_healed, 1U);
  EXPECT_GT(report.chunks_salvaged, 5U);
  EXPECT_EQ(report.files_quarantined, 1U);
  EXPECT_TRUE(report.remaining.empty());
  EXPECT_FALSE(disk.exists(pack));
  EXPECT_EQ(check_mended(disk, before, trees), trees.size());
}

TEST_F(RepairChunks, WhatIsNowhereIsToldAndLetsGcGoOn) {
  const ChunkId id = chunk_of(1, "d/gone");
  spoil(id);
  const auto before = repository_files(disk);
  const RepairReport planned = mend(disk, true);
  ASSERT_EQ(planned.remaining.size(), 1U);
  const RepairReport report = mend(disk);
  ASSERT_EQ(report.remaining.size(), 1U);
  EXPECT_EQ(report.remaining.front().affects.front().number, 1U);
  EXPECT_EQ(read_lost_chunks(*open_at_tree(disk)), std::set<ChunkId>{id});
  EXPECT_EQ(affected_numbers(disk), std::set<std::uint64_t>{1});
  EXPECT_EQ(check_mended(disk, before, trees), 1U);
  // A file with that content comes back: so does the checkpoint.
  disk.write_file("/tree/d/again", std::string_view(noise(50'000, 2)));
  EXPECT_TRUE(mend(disk).remaining.empty());
  EXPECT_TRUE(read_lost_chunks(*open_at_tree(disk)).empty());
  EXPECT_TRUE(affected_numbers(disk).empty());
}

TEST_F(RepairChunks, AMissingChunkStopsGcUntilItIsKnownToBeLost) {
  const std::string pack = spoil(chunk_of(1, "d/gone"));
  disk.remove_file(AT_FDCWD, pack.c_str());
  EXPECT_THROW(collect_garbage(*open_at_tree(disk), {}), Error);
  mend(disk);
  EXPECT_NO_THROW(collect_garbage(*open_at_tree(disk), {}));
}

TEST_F(RepairChunks, ADamagedListOfTheLostIsWrittenAnew) {
  spoil(chunk_of(1, "d/gone"));
  mend(disk);
  const std::string path = "/tree/.metamori/lost";
  const Bytes whole = disk.read_file(path);
  Bytes damaged = whole;
  damaged[40] ^= std::byte{1};
  disk.write_file(path, ByteView(damaged));
  EXPECT_THROW(collect_garbage(*open_at_tree(disk), {}), Error);
  EXPECT_EQ(mend(disk).files_quarantined, 1U);
  EXPECT_EQ(disk.read_file(path), whole);
}

/// What rests on a lost chunk is of no use, and a writer that has the same bytes must store them.
TEST_F(RepairChunks, AChunkThatRestsOnALostOneIsStoredAgain) {
  const std::string pages = take_pages();
  const ChunkId base = chunk_of(3, "pages");
  const ChunkId based = chunk_of(4, "pages");
  ASSERT_GT(open_at_tree(disk)->store->index().find(based, true)->depth, 0) << "it rests on nothing";
  spoil(base);
  disk.write_file("/tree/pages", std::string_view("something else"));
  take();
  const auto before = repository_files(disk);
  const RepairReport report = mend(disk);
  EXPECT_EQ(read_lost_chunks(*open_at_tree(disk)), (std::set<ChunkId>{base, based}));
  EXPECT_FALSE(report.remaining.empty());
  EXPECT_EQ(affected_numbers(disk), (std::set<std::uint64_t>{3, 4}));
  EXPECT_EQ(check_mended(disk, before, trees), trees.size() - 2);
  disk.write_file("/tree/pages", std::string_view(pages));
  take();
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), trees.rbegin()->first), without_link_counts(trees.rbegin()->second));
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 4), without_link_counts(trees.at(4))) << "the new one brought it back";
}

/// The repository believes to have it, and the tree has it.
TEST_F(RepairChunks, AChunkThatRestsOnALostOneIsHealed) {
  take_pages();
  const ChunkId base = chunk_of(3, "pages");
  ASSERT_GT(open_at_tree(disk)->store->index().find(chunk_of(4, "pages"), true)->depth, 0) << "it rests on nothing";
  spoil(base);
  const auto before = repository_files(disk);
  EXPECT_EQ(mend(disk, true).chunks_healed, 1U);
  const RepairReport report = mend(disk);
  EXPECT_EQ(report.chunks_healed, 1U);
  EXPECT_EQ(read_lost_chunks(*open_at_tree(disk)), std::set<ChunkId>{base});
  EXPECT_EQ(affected_numbers(disk), std::set<std::uint64_t>{3});
  EXPECT_EQ(check_mended(disk, before, trees), trees.size() - 1);
}

/// Of a group that could not be compressed only the member is lost that was spoiled.
TEST_F(RepairChunks, ChunksThatStandUnencodedAreTakenOutOfDamagedFrames) {
  for (unsigned i = 0; i < 10; ++i) disk.write_file("/tree/small/n" + std::to_string(i), std::string_view(noise(3000, 20 + i)));
  take();
  const ChunkId lost = chunk_of(3, "small/n4");
  std::string path;
  {
    const auto engine = open_at_tree(disk);
    const auto where = engine->store->index().find(lost, true);
    path = "/tree/.metamori/packs/" + pack_file_name(where->pack->name());
    ASSERT_EQ(group_member_lengths(where->pack->frame(where->offset), "test").size(), 10U);
  }
  Bytes bytes = disk.read_file(path);
  const std::string text = noise(3000, 24);
  const ByteView wanted = as_bytes(std::string_view(text));
  const auto at = std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end());
  ASSERT_NE(at, bytes.end()) << "it is not held as it is";
  at[100] ^= std::byte{1};
  disk.write_file(path, ByteView(bytes));
  disk.remove_tree("/tree/small");
  const auto before = repository_files(disk);
  const RepairReport report = mend(disk);
  EXPECT_EQ(report.remaining.size(), 1U);
  EXPECT_EQ(read_lost_chunks(*open_at_tree(disk)), std::set<ChunkId>{lost});
  EXPECT_EQ(check_mended(disk, before, trees), trees.size() - 1);
}

TEST_F(RepairChunks, WhatIsInTheQuarantineIsFoundWhenItIsMissed) {
  const std::string pack = spoil(chunk_of(1, "kept"));
  const auto engine = open_at_tree(disk);
  // As if it had been put there by a run that got no further.
  disk.make_directories("/tree/.metamori/quarantine/1/packs");
  ASSERT_EQ(disk.rename(AT_FDCWD, pack.c_str(), AT_FDCWD,
                        ("/tree/.metamori/quarantine/1/packs/" + pack.substr(pack.rfind('/') + 1)).c_str(), RenameMode::replace),
            0);
  const auto before = repository_files(disk);
  EXPECT_TRUE(mend(disk).remaining.empty());
  EXPECT_EQ(check_mended(disk, before, trees), trees.size());
}

TEST_F(RepairChunks, ADamagedPackInTheTrashNoLongerStopsGc) {
  const std::string name(64, 'a');
  disk.write_file("/tree/.metamori/trash/" + name + ".pack", std::string_view("no pack"));
  EXPECT_THROW(collect_garbage(*open_at_tree(disk), {}), Error);
  const auto before = repository_files(disk);
  EXPECT_TRUE(mend(disk).remaining.empty());
  EXPECT_EQ(check_mended(disk, before, trees), trees.size());
}

TEST_F(RepairChunks, NobodyElseMayUseTheRepositoryMeanwhile) {
  const auto engine = open_at_tree(disk);
  const Lock held(*engine, kGcLock, LockMode::shared, {});
  try {
    mend(disk);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::locked);
  }
}

}  // namespace
}  // namespace metamori::test
