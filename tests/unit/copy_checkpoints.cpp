// Copying checkpoints from one repository to another.

#include "base/digest.hpp"
#include "core/copy_chunks.hpp"
#include "core/describe.hpp"
#include "tests/unit/copy_support.hpp"

namespace metamori::test {
namespace {

using Numbers = std::vector<std::uint64_t>;

TEST_F(Copy, AllComeWithTheirIdsAndNothingIsCopiedTwice) {
  steps(5);
  const CopyReport report = copy();
  EXPECT_EQ(report.copied, 5U);
  EXPECT_EQ(report.ancestors, 0U);
  EXPECT_GT(report.chunks_copied, 0U);
  for (std::uint64_t number = 1; number <= 5; ++number) expect_whole(number);
  expect_sound();
  const CopyReport again = copy();
  EXPECT_EQ(again.copied, 0U);
  EXPECT_EQ(again.chunks_copied, 0U);
  EXPECT_EQ(again.bytes_read, 0U);
  EXPECT_EQ(again.bytes_added, 0U);
  ASSERT_EQ(again.checkpoints.size(), 5U);
  for (const CopiedCheckpoint& checkpoint : again.checkpoints) {
    EXPECT_EQ(checkpoint.found, CopyFound::whole);
    EXPECT_EQ(checkpoint.number, checkpoint.source.number);
  }
}

TEST_F(Copy, WhatIsNewCostsWhatItTook) {
  steps(4);
  copy();
  step_all();
  const std::uint64_t taken = describe_checkpoint(*open_at_tree(disk), {5, {}}, false).bytes_added;
  const CopyReport report = copy();
  EXPECT_EQ(report.copied, 1U);
  EXPECT_LE(report.bytes_added, taken + 2000);
  EXPECT_LE(report.bytes_read, taken + 2000);
  expect_whole(5);
  expect_sound();
}

TEST_F(Copy, PatchesComeAsPatches) {
  for (int i = 0; i < 8; ++i) {
    change_pages(i);
    take_checkpoint_of_tree();
  }
  std::uint64_t taken = 0;
  for (std::uint64_t number = 1; number <= 8; ++number) taken += describe_checkpoint(*open_at_tree(disk), {number, {}}, false).bytes_added;
  EXPECT_LE(copy().bytes_added, taken);
  for (std::uint64_t number = 1; number <= 8; ++number) expect_whole(number);
  expect_sound();
}

TEST_F(Copy, AncestorsThatWereNotAskedForComeWithoutContent) {
  steps(4);
  const CopyReport report = copy({"3"});
  EXPECT_EQ(report.copied, 1U);
  EXPECT_EQ(report.ancestors, 2U);
  expect_whole(3);
  EXPECT_EQ(kind_there(1), RecordKind::tombstone);
  EXPECT_EQ(kind_there(2), RecordKind::tombstone);
  EXPECT_EQ(number_there(4), 0U);
  EXPECT_EQ(failure([&] { target()->history->resolve("latest~1"); }), ErrorKind::bad_revision) << "forgotten ones are stepped over";
  expect_sound();
  // All of them, later: the numbers and ancestry that are there stay.
  EXPECT_EQ(copy().copied, 3U);
  for (std::uint64_t number = 1; number <= 4; ++number) {
    expect_whole(number);
    EXPECT_EQ(number_there(number), number);
  }
  EXPECT_EQ(target()->history->resolve("latest~3").number, 1U);
  EXPECT_EQ(target()->log->head().number, 0U);
  expect_sound();
}

TEST_F(Copy, ADifferenceOverOnesLeftOutStaysSmall) {
  for (int i = 0; i < 6; ++i) {
    change_pages(i);
    take_checkpoint_of_tree();
  }
  copy({"1"});
  const CopyReport report = copy({"6"});
  EXPECT_EQ(report.ancestors, 4U);
  EXPECT_LT(report.bytes_added, 60'000U) << "5 times 4 pages of 512 bytes, not the chunks that hold them";
  expect_whole(6);
  expect_sound();
}

TEST_F(Copy, HeadOfTheTargetStays) {
  steps(2);
  copy();
  EXPECT_EQ(target()->log->head().number, 0U);
  disk.write_file(std::string(kTarget) + "/own", "own");
  const std::uint64_t own = checkpoint(disk, one_worker(), kTarget).checkpoint.number;
  EXPECT_EQ(own, 3U);
  step_all();
  copy();
  EXPECT_EQ(target()->log->head().number, own);
  EXPECT_EQ(describe_checkpoint(*target(), {own, {}}, false).parent_numbers, Numbers{});
  disk.write_file(std::string(kTarget) + "/own", "more");
  EXPECT_EQ(checkpoint(disk, one_worker(), kTarget).checkpoint.parent_numbers, Numbers{own});
  expect_whole(3);
  expect_sound();
}

TEST_F(Copy, LinesKeepTheirNamesUnlessSomebodyElseHasThem) {
  disk.write_file(std::string(kTarget) + "/own", "own");
  checkpoint(disk, one_worker(), kTarget);
  steps(2);
  copy();
  EXPECT_EQ(target()->log->get(number_there(1)).line, "main-2");
  EXPECT_EQ(target()->log->get(number_there(2)).line, "main-2");
  step_all();
  copy();
  EXPECT_EQ(target()->log->get(number_there(3)).line, "main-2");
  EXPECT_EQ(target()->log->get(1).line, "main");
}

TEST_F(Copy, ANewLineHasANameOfItsOwnToo) {
  steps(2);
  RestoreOptions back;
  back.revision = "1";
  back.control.jobs = 1;
  restore_checkpoint(*open_at_tree(disk), back);
  const auto engine = open_at_tree(disk);
  Record copied = engine->log->get(1);
  copied.number = engine->log->highest() + 1;
  copied.line = "main-" + std::to_string(copied.number + 1);
  copied.head_before = copied.head_after = engine->log->head();
  ASSERT_TRUE(engine->log->publish(copied));
  const std::uint64_t branch = step_all();
  ASSERT_EQ(branch, copied.number + 1);
  EXPECT_EQ(open_at_tree(disk)->log->get(branch).line, copied.line + "-" + std::to_string(branch));
}

TEST_F(Copy, ABranchComesAsABranch) {
  steps(3);
  RestoreOptions back;
  back.revision = "1";
  back.control.jobs = 1;
  restore_checkpoint(*open_at_tree(disk), back);
  const std::uint64_t branch = step_all();
  copy();
  EXPECT_EQ(target()->log->get(number_there(branch)).line, open_at_tree(disk)->log->get(branch).line);
  EXPECT_EQ(target()->log->get(number_there(branch)).parents, (std::vector<Position>{target()->history->resolve("1")}));
  expect_whole(branch);
  expect_sound();
}

TEST_F(Copy, SafetyCheckpointsStayBehind) {
  steps(2);
  write("noise", "lost");
  RestoreOptions back;
  back.revision = "1";
  back.control.jobs = 1;
  restore_checkpoint(*open_at_tree(disk), back);
  EXPECT_EQ(copy().copied, 2U);
  const auto there = target();
  for (const RecordSummary& record : there->log->summaries()) EXPECT_EQ(record.kind, RecordKind::checkpoint);
  EXPECT_EQ(failure([&] { copy({"@undo"}); }), ErrorKind::usage);
}

TEST_F(Copy, WhatTheTargetForgotStaysForgottenUnlessItIsNamed) {
  steps(3);
  copy();
  ForgetOptions forgetting;
  forgetting.revisions = {"2"};
  forget(*target(), forgetting);
  const CopyReport report = copy();
  EXPECT_EQ(report.copied, 0U);
  EXPECT_EQ(report.checkpoints[1].found, CopyFound::forgotten);
  EXPECT_EQ(kind_there(2), RecordKind::tombstone);
  collect_garbage(*target(), {});
  EXPECT_EQ(copy({"2"}).copied, 1U);
  EXPECT_EQ(number_there(2), 2U);
  for (std::uint64_t number = 1; number <= 3; ++number) expect_whole(number);
  expect_sound();
}

TEST_F(Copy, TagsComeAlongUnlessTheNameIsTaken) {
  CheckpointOptions tagged = one_worker();
  tagged.tags = {"good", "mine"};
  write("a", "1");
  checkpoint(disk, tagged);
  disk.write_file(std::string(kTarget) + "/own", "own");
  tagged.tags = {"mine"};
  checkpoint(disk, tagged, kTarget);
  EXPECT_EQ(copy().tags_left, std::vector<std::string>{"mine"});
  EXPECT_EQ(target()->log->find_tag("good")->number, 2U);
  EXPECT_EQ(target()->log->find_tag("mine")->number, 1U);
  // One that it is given later comes, too; one that was taken away there stays away.
  open_at_tree(disk)->log->set_tag("late", open_at_tree(disk)->history->resolve("1"));
  target()->log->set_tag("good", {});
  copy();
  EXPECT_EQ(target()->log->find_tag("late")->number, 2U);
  EXPECT_FALSE(target()->log->find_tag("good"));
}

TEST_F(Copy, ADryRunTellsWhatWouldBeDone) {
  steps(3);
  copy({"1"});
  const auto written = [&] {
    std::map<std::string, Bytes> files;
    for (const char* const part : {"packs", "checkpoints", "refs", "tmp"})
      for (const auto& [path, node] : disk.tree(std::string(kTarget) + "/.metamori/" + part)) files[part + path] = node.content;
    return files;
  };
  const auto before = written();
  const CopyReport rehearsed = copy({}, true);
  EXPECT_TRUE(written() == before);
  EXPECT_EQ(rehearsed.copied, 2U);
  EXPECT_EQ(rehearsed.checkpoints[1].number, 0U);
  const CopyReport done = copy();
  EXPECT_EQ(done.chunks_copied, rehearsed.chunks_copied);
  EXPECT_EQ(done.bytes_read, rehearsed.bytes_read);
}

TEST_F(Copy, ADamagedCheckpointHoldsUpNoOther) {
  steps(2);
  write("only", noise(30'000, 77));
  take_checkpoint_of_tree();
  disk.remove_file(AT_FDCWD, "/tree/only");
  step_all();
  const auto engine = open_at_tree(disk);
  damage(*engine, find_path(*engine->store, get_root(*engine->store, get_root_id(*engine, 3)), "only")->content.id);
  EXPECT_EQ(failure([&] { copy(); }), ErrorKind::corrupt);
  expect_whole(1);
  expect_whole(2);
  EXPECT_EQ(number_there(3), 0U);
  EXPECT_EQ(number_there(4), 0U) << "what descends from it can't be told without it";
  expect_sound();
}

TEST_F(Copy, EveryChunkIsComparedWithItsId) {
  const Bytes raw = to_bytes(noise(30'000, 1));
  const std::vector<ChunkId> ids{sha256(to_bytes("some")), sha256(to_bytes("other")), sha256(to_bytes("bytes"))};
  {
    const auto engine = open_at_tree(disk);
    PackWriter writer(disk, engine->dirs.tmp.get(), engine->dirs.packs.get());
    FrameEncoder encoder;
    ByteWriter alone, group;
    encoder.plain(ids[0], Kind::data, raw, alone);
    writer.append(alone.view(), {{ids[0], 0, 30'000, 0, 0, Kind::data}});
    encoder.group(Kind::data, raw, std::vector<std::uint32_t>{10'000, 20'000}, group);
    writer.append(group.view(), {{ids[1], 0, 10'000, 0, 0, Kind::data}, {ids[2], 0, 20'000, 1, 0, Kind::data}});
    writer.publish();
  }
  const auto engine = open_at_tree(disk);
  const auto there = target();
  const Control control;
  WorkerPool pool(1);
  TransferMeter meter(disk, control, "copy");
  for (const ChunkId& id : ids) {
    ChunkSession session(*there->store);
    ChunkCarrier carrier(*engine->store, session, pool, meter);
    carrier.want(id);
    if (id == ids[1]) carrier.want(ids[2]);  // the whole group
    EXPECT_EQ(failure([&] { carrier.carry(); }), ErrorKind::corrupt);
    EXPECT_FALSE(session.find_depth(id));
  }
}

TEST_F(Copy, ARepositoryIsNotCopiedToItself) {
  steps(1);
  EXPECT_EQ(failure([&] { copy_checkpoints(*open_at_tree(disk), *open_at_tree(disk), {}); }), ErrorKind::usage);
}

TEST_F(Copy, PacksOfACopyThatWasStoppedServeTheNext) {
  steps(6);
  std::atomic<bool> stop{false};
  FaultSystem system(disk);
  system.on_before([&](const CallInfo& info) {
    if (info.creates && info.name.starts_with("pack-")) stop = true;
  });
  CopyOptions options;
  options.control.jobs = 1;
  options.control.stop = &stop;
  EXPECT_EQ(failure([&] { copy_checkpoints(*open_at_tree(system), *open_at_tree(system, kTarget), options); }), ErrorKind::interrupted);
  EXPECT_GT(disk.tree(std::string(kTarget) + "/.metamori/packs").size(), 0U);
  const CopyReport rest = copy();
  EXPECT_EQ(rest.copied, 6U);
  for (std::uint64_t number = 1; number <= 6; ++number) expect_whole(number);
  expect_sound();
}

TEST_F(Copy, AnotherCopyMeanwhileMakesNoSecondOnes) {
  steps(4);
  for (const char* const moment : {"pack-", "record-"}) {
    const auto before = disk.copy();
    FaultSystem system(*before);
    bool did_run = false;
    system.on_before([&](const CallInfo& info) {
      if (did_run || !info.creates || !info.name.starts_with(moment)) return;
      did_run = true;
      CopyOptions options;
      options.control.jobs = 1;
      copy_checkpoints(*open_at_tree(*before), *open_at_tree(*before, kTarget), options);
    });
    CopyOptions options;
    options.control.jobs = 1;
    copy_checkpoints(*open_at_tree(system), *open_at_tree(system, kTarget), options);
    EXPECT_TRUE(did_run);
    const auto there = open_at_tree(*before, kTarget);
    std::set<CheckpointId> ids;
    for (const RecordSummary& record : there->log->summaries()) EXPECT_TRUE(ids.insert(record.id).second) << moment << record.number;
    EXPECT_EQ(ids.size(), 4U);
  }
}

TEST_F(Copy, GcOfTheTargetMeanwhileLosesNothing) {
  steps(5);
  FaultSystem system(disk);
  bool did_run = false;
  system.on_before([&](const CallInfo& info) {
    if (did_run || info.call != Call::rename || !info.name.starts_with("record-")) return;
    did_run = true;
    GcOptions gc;
    gc.now = true;
    const auto engine = open_at_tree(disk, kTarget);
    // As where files can't be locked: gc is told that nobody writes, and somebody does.
    engine->dirs.locks = Fd();
    collect_garbage(*engine, gc);
  });
  CopyOptions options;
  options.control.jobs = 1;
  try {
    copy_checkpoints(*open_at_tree(system), *open_at_tree(system, kTarget), options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io) << error.what();
  }
  EXPECT_TRUE(did_run);
  expect_sound();
  copy();
  expect_sound();
}

TEST_F(Copy, ForgettingInTheSourceMeanwhileLeavesThatOneOut) {
  steps(5);
  FaultSystem system(disk);
  bool did_run = false;
  system.on_before([&](const CallInfo& info) {
    if (did_run || info.call != Call::write_at) return;
    did_run = true;
    forget_these({"4"});
    collect_garbage(*open_at_tree(disk), {});
  });
  CopyOptions options;
  options.control.jobs = 1;
  try {
    copy_checkpoints(*open_at_tree(system), *open_at_tree(system, kTarget), options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
  }
  expect_sound();
  copy();
  for (const std::uint64_t number : {1, 2, 3, 5}) expect_whole(number);
  expect_sound();
}

}  // namespace
}  // namespace metamori::test
