// gc: what goes, what stays, and that what stays can be read.

#include <set>

#include "core/checkpoint.hpp"
#include "core/content_check.hpp"
#include "core/forget.hpp"
#include "core/gc.hpp"
#include "core/gc_files.hpp"
#include "core/gc_rewrite.hpp"
#include "core/lock.hpp"
#include "objects/record_fold.hpp"
#include "tests/unit/keeping_support.hpp"

namespace metamori::test {
namespace {

class Gc : public Keeping {};

/// On a file system that may be another machine's, locks may not hold.
class RemoteGc : public Keeping {
 protected:
  RemoteGc() : Keeping({.file_system_type = 0x6969}) {}
};

TEST_F(Gc, WhatWasForgottenGoesAndTheRestStays) {
  for (int i = 1; i <= 8; ++i) step();
  forget_all_but({3, 8});
  const std::uint64_t before = pack_bytes();
  const GcReport report = collect();
  EXPECT_EQ(report.checkpoints_released, 6U);
  EXPECT_EQ(report.bytes_after, pack_bytes());
  EXPECT_LT(pack_bytes(), before);
  EXPECT_EQ(report.generation, 1U);
  check_all();
  EXPECT_TRUE(disk.tree("/tree/.metamori/trash").empty());
  step();
  check_all();
}

TEST_F(Gc, NothingIsDoneWhereNothingIsDead) {
  for (int i = 1; i <= 3; ++i) step();
  const auto before = disk.tree("/tree/.metamori/packs");
  collect();
  EXPECT_EQ(disk.tree("/tree/.metamori/packs"), before);
  check_all();
}

/// A file of which pages change: each version rests on the one before.
TEST_F(Gc, ChainsWhoseMiddleIsForgottenGiveItBack) {
  for (int i = 1; i <= 15; ++i) {
    change_pages(i);
    step_without_files();
  }
  ASSERT_GE(deepest(), 6);
  const std::uint64_t before = pack_bytes();
  forget_all_but({1, 15});
  collect();
  check_all();
  // The last is held as what differs from the first: about the pages that all of them changed, not the file again.
  EXPECT_LT(pack_bytes(), before);
  EXPECT_LT(pack_bytes(), kFileBytes * 5 / 4);
  EXPECT_LE(deepest(), 2);
  change_pages(16);
  step_without_files();
  check_all();
}

TEST_F(Gc, TheFirstOfAChainMayGo) {
  for (int i = 1; i <= 10; ++i) {
    change_pages(i);
    step_without_files();
  }
  forget_all_but({9, 10});
  collect();
  check_all();
  EXPECT_LT(pack_bytes(), kFileBytes * 3 / 2);
}

TEST_F(Gc, AWriterMayUseAgainWhateverAPackStillHas) {
  for (int i = 1; i <= 6; ++i) step();
  // Much that stays in the pack of the second, so that it is not rewritten for the little that is dead in it.
  const TreeDescription second = trees[2];
  forget_all_but({1, 3, 4, 5, 6});
  collect();
  check_all();
  put_back(second);  // the content of the forgotten one, again
  take_checkpoint_of_tree();
  check_all();
}

TEST_F(Gc, RandomHistoriesStayWhole) {
  std::uint32_t state = 7;
  const auto random = [&](std::uint32_t below) { return (state = state * 1664525U + 1013904223U) / 65536U % below; };
  std::uint64_t bytes_freed = 0;
  for (int i = 1; i <= 40; ++i) {
    if (random(3) == 0) change_pages(static_cast<int>(random(1000)));
    step();
    if (random(4) != 0) continue;
    std::set<std::uint64_t> kept;
    for (const auto& [number, tree] : trees)
      if (random(3) != 0) kept.insert(number);
    kept.insert(trees.rbegin()->first);
    forget_all_but(kept);
    GcOptions options;
    if (random(3) == 0) options.max_repack_bytes = random(200'000);
    bytes_freed += collect(options).bytes_freed();
    check_all();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(bytes_freed, 100'000U);
}

TEST_F(Gc, ManySmallPacksArePutTogether) {
  for (int i = 1; i <= 60; ++i) step();
  collect();
  EXPECT_LE(pack_count(), 10U);
  check_all();
}

TEST_F(Gc, HeadThatWasForgottenStaysUntilTheNextCheckpoint) {
  step();
  step();
  forget_these({"1", "2"}, true);
  // A move names it again, as after an undo.
  const Record second = open_at_tree(disk)->log->get(2);
  publish_move(*open_at_tree(disk), open_at_tree(disk)->log->head(), {2, second.id()}, MoveReason::undo, 0);
  collect();
  EXPECT_TRUE(open_at_tree(disk)->log->get(2).content_held);
  EXPECT_FALSE(open_at_tree(disk)->log->get(1).content_held);
  trees.clear();
  step();
  check_all();
}

TEST_F(Gc, ACheckpointOnAForgottenHeadScansAll) {
  step();
  step();
  forget_these({"1", "2"}, true);
  collect();
  const Record second = open_at_tree(disk)->log->get(2);
  publish_move(*open_at_tree(disk), open_at_tree(disk)->log->head(), {2, second.id()}, MoveReason::undo, 0);
  trees.clear();
  CheckpointOptions some = one_worker();
  some.paths = {"text1"};
  EXPECT_EQ(failure([&] { checkpoint(disk, some); }), ErrorKind::refused);
  step();
  check_all();
}

TEST_F(Gc, OldSafetyCheckpointsExpire) {
  step();
  step();
  for (int i = 0; i < 5; ++i) {
    RestoreOptions options;
    options.control.jobs = 1;
    options.revision = i % 2 == 0 ? "1" : "2";
    restore_checkpoint(*open_at_tree(disk), options);
  }
  EXPECT_EQ(collect().safety_expired, 0U);
  disk.advance_clock(20 * 86'400'000'000'000);
  step();
  EXPECT_EQ(collect().safety_expired, 2U);
  check_all();
}

TEST_F(Gc, APendingRestoreRefusesIt) {
  step();
  disk.write_file("/tree/.metamori/restore/intent", std::string_view("not looked at"));
  EXPECT_EQ(failure([&] { collect(); }), ErrorKind::refused);
}

TEST_F(Gc, WithoutLocksItIsRefusedUnlessPromised) {
  for (int i = 1; i <= 4; ++i) step();
  forget_all_but({4});
  FaultSystem no_locks(disk);
  no_locks.set_fault({.matches = FaultSystem::only(Call::lock), .for_ever = true, .error = ENOLCK});
  EXPECT_EQ(failure([&] { collect_garbage(*open_at_tree(no_locks), {}); }), ErrorKind::refused);
  GcOptions now;
  now.now = true;
  EXPECT_GT(collect_garbage(*open_at_tree(no_locks), now).bytes_freed(), 0U);
  check_all();
}

class FullDisk : public Keeping {
 protected:
  FullDisk() : Keeping({.capacity_bytes = 64ULL << 20}) {}
  /// Of what is free all but so many bytes are gone.
  void fill(std::uint64_t left) {
    FileSystemInfo info;
    const int fd = disk.open_at(AT_FDCWD, kTree, O_RDONLY | O_DIRECTORY, 0);
    disk.file_system_info(fd, info);
    disk.close(fd);
    disk.configure([&](SimOptions& options) { options.capacity_bytes -= info.available_bytes - left; });
  }
};

TEST_F(FullDisk, ForgetAndGcMakeRoom) {
  for (int i = 1; i <= 12; ++i) step();
  write_texts();
  fill(0);
  EXPECT_EQ(failure([&] { checkpoint(disk); }), ErrorKind::no_space);
  forget_all_but({6, 12});
  const GcReport report = collect();
  EXPECT_GT(report.bytes_freed(), 100'000U);
  check_all();
  step();
  check_all();
}

TEST_F(FullDisk, WhatCanNotBeCopiedStays) {
  for (int i = 1; i <= 12; ++i) {
    change_pages(i);
    step();
  }
  forget_all_but({1, 12});
  fill(24'000);
  collect();
  check_all();
  fill(64ULL << 20);  // more room than there was
  EXPECT_TRUE(collect().is_complete);
  check_all();
}

// Of each pack a little stays, and there is no room for all of that at once: one pack after the other makes room for the next.
TEST_F(FullDisk, LittleByLittleMuchIsCopied) {
  for (int i = 1; i <= 12; ++i) {
    write("stays" + std::to_string(i), noise(6'000, static_cast<std::uint32_t>(1000 + i)));
    write("goes", noise(100'000, static_cast<std::uint32_t>(2000 + i)));
    take_checkpoint_of_tree();
  }
  forget_all_but({12});
  fill(16'000);
  EXPECT_GT(collect().bytes_freed(), 900'000U);
  check_all();
  step();
  check_all();
}

class NoInodes : public Keeping {
 protected:
  NoInodes() : Keeping({.capacity_inodes = 1000}) {}
  void fill() {
    FileSystemInfo info;
    const int fd = disk.open_at(AT_FDCWD, kTree, O_RDONLY | O_DIRECTORY, 0);
    disk.file_system_info(fd, info);
    disk.close(fd);
    disk.configure([&](SimOptions& options) { options.capacity_inodes -= info.available_inodes; });
  }
};

// Not even an empty file for a lock can be made; the cache makes room for it.
TEST_F(NoInodes, ForgetAndGcMakeRoom) {
  for (int i = 1; i <= 12; ++i) step();
  forget_all_but({6, 12});
  step();
  write_texts();
  fill();
  EXPECT_EQ(failure([&] { checkpoint(disk); }), ErrorKind::no_space);
  EXPECT_GT(collect().bytes_freed(), 100'000U);
  check_all();
  step();
  check_all();
}

TEST_F(NoInodes, WhereNothingMakesRoomThatIsSaid) {
  for (int i = 1; i <= 3; ++i) step();
  forget_all_but({3});
  empty_cache(*open_at_tree(disk), Notes::go);
  fill();
  EXPECT_EQ(failure([&] { collect(); }), ErrorKind::no_space);
  check_all();
}

TEST_F(RemoteGc, OnFileSystemsPacksWaitInTheTrash) {
  for (int i = 1; i <= 4; ++i) step();
  forget_all_but({4});
  const GcReport report = collect_garbage(*open_at_tree(disk), {});
  EXPECT_GT(report.bytes_in_trash, 0U);
  EXPECT_FALSE(disk.tree("/tree/.metamori/trash").empty());
  collect_garbage(*open_at_tree(disk), {});
  EXPECT_FALSE(disk.tree("/tree/.metamori/trash").empty());
  check_all();
  disk.advance_clock(2 * 86'400'000'000'000);
  EXPECT_EQ(collect_garbage(*open_at_tree(disk), {}).bytes_in_trash, 0U);
  EXPECT_TRUE(disk.tree("/tree/.metamori/trash").empty());
  check_all();
}

TEST_F(Gc, WhatIsNeededAgainComesBackFromTheTrash) {
  for (int i = 1; i <= 4; ++i) step();
  const auto packs = list_packs(disk, open_at_tree(disk)->dirs.packs.get());
  {
    const auto engine = open_at_tree(disk);
    move_to_trash(*engine, packs);
  }
  collect();
  EXPECT_TRUE(disk.tree("/tree/.metamori/trash").empty());
  check_all();
}

/// A gc that was cut short may leave a pack whose chunks rest on what is gone: they are stored again.
TEST_F(Gc, AChunkWhoseBaseIsGoneIsNotUsedAgain) {
  const std::string old_text = noise(50'000, 1);
  std::string new_text = old_text;
  new_text.replace(20'000, 100, noise(100, 2));
  ChunkId base, chunk;
  PackName first;
  {
    const auto engine = open_at_tree(disk);
    ChunkSession session(*engine->store);
    base = session.put(as_bytes(old_text), Kind::data);
    session.flush();
    first = session.published().front();
    chunk = session.put(as_bytes(new_text), Kind::data, {{base}, 0});
    session.flush();
    ASSERT_GT(engine->store->index().find(chunk, false)->depth, 0);
    engine->store->index().save();
  }
  disk.remove_file(AT_FDCWD, ("/tree/.metamori/packs/" + pack_file_name(first)).c_str());
  {
    const auto engine = open_at_tree(disk);
    ChunkSession session(*engine->store);
    EXPECT_EQ(session.put(as_bytes(new_text), Kind::data), chunk);
    session.flush();
  }
  Bytes back;
  open_at_tree(disk)->store->read(chunk, back);
  EXPECT_EQ(as_text(back), new_text);
  // No checkpoint needs what can't be read, so it is no damage; gc takes it away.
  VerifyOptions options;
  options.data = true;
  EXPECT_TRUE(verify(*open_at_tree(disk), options).ok());
  step();
  collect();
  EXPECT_FALSE(open_at_tree(disk)->store->index().find(chunk, true));
  check_all();
}

/// Step 8: gc ran between a look and the commit point.
TEST_F(Gc, ARecordBringsBackFromTheTrashWhatItNeeds) {
  for (int i = 1; i <= 3; ++i) step();
  const auto engine = open_at_tree(disk);
  move_to_trash(*engine, list_packs(disk, engine->dirs.packs.get()));
  ChunkSession session(*engine->store);
  settle_published(*engine, session, engine->log->get(3), engine->log->gc_generation() + 1);
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 3), trees[3]);
  EXPECT_GT(pack_count(), 0U);
}

TEST_F(Gc, ARecordWhoseChunksAreGoneIsWithdrawn) {
  for (int i = 1; i <= 3; ++i) step();
  const auto engine = open_at_tree(disk);
  const auto packs = list_packs(disk, engine->dirs.packs.get());
  move_to_trash(*engine, packs);
  empty_trash(*engine, true);
  ChunkSession session(*engine->store);
  EXPECT_EQ(failure([&] { settle_published(*engine, session, engine->log->get(3), engine->log->gc_generation() + 1); }), ErrorKind::io);
  EXPECT_EQ(open_at_tree(disk)->log->get(3).kind, RecordKind::tombstone);
}

/// gc between scan and commit of somebody whom no lock kept out.
TEST_F(Gc, ACheckpointNoticesAGcThatRanBesideIt) {
  for (int i = 1; i <= 4; ++i) step();
  FaultSystem watched(disk);
  int runs = 0;
  watched.on_before([&](const CallInfo& call) {
    // The record gets its name: gc runs before, or after its look at the generation.
    if (call.call != Call::rename || !call.name.starts_with("record-") || runs++ > 0) return;
    FaultSystem no_locks(disk);
    no_locks.set_fault({.matches = FaultSystem::only(Call::lock), .for_ever = true, .error = ENOLCK});
    forget_all_but({1});
    GcOptions now;
    now.now = true;
    collect_garbage(*open_at_tree(no_locks), now);
  });
  write_texts();
  const auto before = user_tree(disk);
  try {
    const auto report = checkpoint(watched);
    EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), report.checkpoint.number), without_link_counts(before));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
  }
  EXPECT_GE(runs, 1);
  EXPECT_TRUE(verify(*open_at_tree(disk), {}).ok());
  trees.clear();
  step();
  check_all();
}

/// The next checkpoint finds what did not change without reading it; and believes nothing of what went.
TEST_F(Gc, CachesSurviveIt) {
  for (int i = 1; i <= 4; ++i) step();
  change_pages(1);
  step();
  forget_all_but({5});
  collect();
  disk.advance_clock(10'000'000'000);
  const CheckpointReport report = checkpoint(disk);
  EXPECT_EQ(report.bytes_read, 0U);
  trees[report.checkpoint.number] = without_link_counts(user_tree(disk));
  check_all();
}

TEST_F(Gc, CachesOfWhatWentAreNotBelieved) {
  step();
  step();
  forget_these({"1", "2"}, true);
  trees.clear();
  collect();
  disk.advance_clock(10'000'000'000);
  const CheckpointReport report = checkpoint(disk);
  EXPECT_GT(report.bytes_read, 20'000U);
  trees[report.checkpoint.number] = without_link_counts(user_tree(disk));
  check_all();
}

TEST_F(Gc, WritersWaitForItAndItForThem) {
  step();
  auto gc = std::make_unique<Lock>(*open_at_tree(disk), kGcLock, LockMode::exclusive, Control{});
  FaultSystem watched(disk);
  int tries = 0;
  watched.on_before([&](const CallInfo& call) {
    if (call.call == Call::lock && ++tries == 40) gc.reset();
  });
  write_texts();
  EXPECT_TRUE(checkpoint(watched).created);
  EXPECT_GE(tries, 40);
  const Lock writer(*open_at_tree(disk), kGcLock, LockMode::shared, Control{});
  EXPECT_EQ(failure([&] { collect(); }), ErrorKind::locked);
}

TEST_F(Gc, TemporariesOfDeadWritersGo) {
  step();
  disk.write_file("/tree/.metamori/tmp/pack-0123", std::string_view("half a pack"));
  disk.write_file("/tree/.metamori/tmp/index-0123", std::string_view("somebody's"));
  EXPECT_EQ(collect().temporaries_removed, 1U);
  disk.advance_clock(2 * 86'400'000'000'000);
  EXPECT_EQ(collect().temporaries_removed, 1U);
}

TEST_F(Gc, ADryRunChangesNothing) {
  for (int i = 1; i <= 6; ++i) step();
  forget_all_but({6});
  const auto packs = disk.tree("/tree/.metamori/packs");
  const auto records = disk.tree("/tree/.metamori/checkpoints");
  GcOptions options;
  options.dry_run = true;
  const GcReport plan = collect(options);
  EXPECT_EQ(disk.tree("/tree/.metamori/packs"), packs);
  EXPECT_EQ(disk.tree("/tree/.metamori/checkpoints"), records);
  EXPECT_EQ(open_at_tree(disk)->log->gc_generation(), 0U);
  const GcReport done = collect();
  EXPECT_NEAR(static_cast<double>(plan.bytes_freed()), static_cast<double>(done.bytes_freed()),
              0.2 * static_cast<double>(done.bytes_freed()));
}

// A dry run keeps nobody out: what is published while it looks may need packs that it has not seen.
TEST_F(Gc, ADryRunBesideACheckpointLooksAgain) {
  for (int i = 1; i <= 3; ++i) step();
  forget_all_but({3});
  FaultSystem watched(disk);
  const auto engine = open_at_tree(watched);
  int published = 0;
  watched.on_before([&](const CallInfo& call) {
    if (call.call != Call::read_directory || call.fd != engine->dirs.trash.get() || published >= 2) return;
    ++published;
    step();
  });
  GcOptions options;
  options.dry_run = true;
  EXPECT_GT(collect_garbage(*engine, options).bytes_freed(), 0U);
  EXPECT_EQ(published, 2);
}

TEST_F(Gc, DamageStopsIt) {
  for (int i = 1; i <= 4; ++i) step();
  forget_all_but({2, 4});
  const auto engine = open_at_tree(disk);
  damage(*engine, get_root_id(*engine, 2));
  const auto packs = disk.tree("/tree/.metamori/packs");
  EXPECT_EQ(failure([&] { collect(); }), ErrorKind::corrupt);
  EXPECT_EQ(disk.tree("/tree/.metamori/packs"), packs);
}

TEST_F(Gc, OldRecordsAreFoldedAndTheNewestStaySingle) {
  for (int i = 1; i <= 30; ++i) step();
  forget_these({"3", "5"});
  const auto fold = [&](std::map<std::uint64_t, Record> replaced = {}) {
    const auto engine = open_at_tree(disk);
    FoldLimits limits;
    limits.newest_kept = 4;
    limits.singles_min = 8;
    return fold_records(disk, engine->dirs.checkpoints.get(), engine->dirs.tmp.get(), replaced, limits);
  };
  EXPECT_EQ(fold().records, 26U);
  EXPECT_EQ(disk.tree("/tree/.metamori/checkpoints").size(), 5U);
  trees.erase(3);
  trees.erase(5);
  check_all();
  undo_forget(*open_at_tree(disk), false, {});  // single ones outweigh the folded
  EXPECT_EQ(open_at_tree(disk)->log->get(3).kind, RecordKind::checkpoint);
  forget_these({"4"});
  trees.erase(4);
  for (int i = 1; i <= 20; ++i) step();
  EXPECT_EQ(fold().files, 1U);
  check_all();
  EXPECT_EQ(open_at_tree(disk)->log->get(3).kind, RecordKind::checkpoint);
  EXPECT_EQ(open_at_tree(disk)->log->get(4).kind, RecordKind::tombstone);
  EXPECT_EQ(open_at_tree(disk)->log->highest(), 50U);
}

}  // namespace
}  // namespace metamori::test
