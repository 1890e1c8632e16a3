#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/count.hpp"
#include "tests/support/fault_system.hpp"
#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/support/sim_system.hpp"
#include "tests/unit/history_support.hpp"

// The record log on a simulated disk: power cuts at each event, failing calls, and many logs over one directory whose clock ticks slowly.

namespace metamori::test {
namespace {

RepositoryDirs open_dirs(System& system) {
  RepositoryDirs dirs;
  const auto open = [&](const char* path) { return open_directory(system, AT_FDCWD, path, path); };
  dirs.top = open("/r");
  dirs.checkpoints = open("/r/checkpoints");
  dirs.tmp = open("/r/tmp");
  dirs.refs = open("/r/refs");
  dirs.cache = open("/r/cache");
  return dirs;
}

std::unique_ptr<SimSystem> empty_repository(SimOptions options = {}) {
  auto disk = std::make_unique<SimSystem>(options);
  for (const char* name : {"checkpoints", "tmp", "refs", "cache"}) disk->make_directories(std::string("/r/") + name);
  disk->make_durable();
  return disk;
}

Record next_record(RecordLog& log, std::int64_t seconds = 1000) {
  Wanted wanted;
  wanted.seconds = seconds;
  const Position head = log.head();
  if (head.number != 0) wanted.parents = {head};
  return make_record(log.highest() + 1, wanted, head);
}

Record tombstone_of(RecordLog& log, std::uint64_t number) {
  Record record = log.get(number);
  record.kind = RecordKind::tombstone;
  return record;
}

/// What must survive of the operations below, by the number of events that had happened when each returned.
struct Acknowledged {
  std::vector<std::size_t> published;
  std::size_t forgotten = 0, tagged = 0, pinned = 0;
};

Acknowledged work(SimSystem& disk) {
  Acknowledged done;
  const RepositoryDirs dirs = open_dirs(disk);
  RecordLog log(disk, dirs);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(log.publish(next_record(log)));
    done.published.push_back(disk.event_count());
  }
  log.summaries();
  log.replace(tombstone_of(log, 2));
  done.forgotten = disk.event_count();
  log.set_tag("tag", {1, log.get(1).id()});
  done.tagged = disk.event_count();
  log.set_pin(3, true);
  done.pinned = disk.event_count();
  EXPECT_TRUE(log.publish(next_record(log)));
  done.published.push_back(disk.event_count());
  return done;
}

void expect_sound(SimSystem& disk, std::size_t events, const Acknowledged& done) {
  const RepositoryDirs dirs = open_dirs(disk);
  RecordLog log(disk, dirs);
  std::size_t acknowledged = 0;
  while (acknowledged < done.published.size() && done.published[acknowledged] <= events) ++acknowledged;
  const std::uint64_t highest = log.highest();
  ASSERT_GE(highest, acknowledged);
  ASSERT_LE(highest, acknowledged + 1);
  for (std::uint64_t number = 1; number <= highest; ++number) ASSERT_EQ(log.get(number).number, number);
  ASSERT_EQ(log.summaries().size(), highest);
  if (done.forgotten <= events) {
    ASSERT_EQ(log.get(2).kind, RecordKind::tombstone);
    ASSERT_EQ(log.summaries()[1].kind, RecordKind::tombstone);
  }
  const auto tag = log.find_tag("tag");
  if (done.tagged <= events) {
    ASSERT_TRUE(tag.has_value());
  }
  if (done.pinned <= events) {
    ASSERT_EQ(log.pins(), (std::vector<std::uint64_t>{3}));
  }
  ASSERT_TRUE(log.damaged_refs().empty());
  ASSERT_TRUE(log.publish(next_record(log)));
}

TEST(RecordLogCrash, AfterAnyPowerCutEachChangeIsWholeOrAbsent) {
  const auto disk = empty_repository();
  const Acknowledged done = work(*disk);
  int states = 0;
  // A quick run takes two kinds of cuts at each event, in turn; a longer one all of them.
  const std::vector<CrashVariant> variants = crash_variants(3 * static_cast<std::size_t>(test_scale()));
  const std::size_t taken = test_scale() == 1 ? 2 : variants.size();
  for (std::size_t events = 0; events <= disk->event_count(); ++events) {
    for (std::size_t i = 0; i < taken; ++i) {
      const CrashVariant& variant = variants[(events * taken + i) % variants.size()];
      expect_sound(*disk->crash_state(events, variant), events, done);
      ASSERT_FALSE(::testing::Test::HasFatalFailure()) << "after " << events << " events";
      ++states;
    }
  }
  print_count("T1.history.states", static_cast<std::uint64_t>(states));
  EXPECT_GT(states, 100);
}

/// Each call that can fail does so once, or from then on; then all is well again.
TEST(RecordLogFaults, AFailingCallLeavesAValidLog) {
  const auto disk = empty_repository();
  {
    const RepositoryDirs dirs = open_dirs(*disk);
    RecordLog log(*disk, dirs);
    for (int i = 0; i < 2; ++i) log.publish(next_record(log));
  }
  const auto operation = [](System& system) {
    const RepositoryDirs dirs = open_dirs(system);
    RecordLog log(system, dirs);
    const bool published = log.publish(next_record(log));
    log.replace(tombstone_of(log, 1));
    log.set_tag("tag", {2, log.get(2).id()});
    log.summaries();
    return published;
  };
  const auto trial = disk->copy();
  FaultSystem counter(*trial);
  ASSERT_TRUE(operation(counter));
  const std::uint64_t calls = counter.count_all();
  int faults = 0;
  for (std::uint64_t n = 1; n <= calls; ++n) {
    for (const FaultAction action : {FaultAction::fail, FaultAction::fail_after, FaultAction::short_count}) {
      for (const int error : {EIO, ENOSPC, EINTR}) {
        if (action == FaultAction::short_count && error != EIO) continue;
        const auto copy = disk->copy();
        FaultSystem faulty(*copy);
        faulty.set_fault({.matches = FaultSystem::any, .at = n, .for_ever = error == ENOSPC, .action = action, .error = error});
        bool done = false;
        try {
          done = operation(faulty);
        } catch (const Error& failure) {
          EXPECT_TRUE(failure.kind() == ErrorKind::io || failure.kind() == ErrorKind::no_space || failure.kind() == ErrorKind::corrupt)
              << failure.what();
        }
        if (action == FaultAction::short_count) {
          EXPECT_TRUE(done) << n;
        }
        const RepositoryDirs dirs = open_dirs(*copy);
        RecordLog log(*copy, dirs);
        const std::uint64_t highest = log.highest();
        ASSERT_TRUE(highest == 3 || (highest == 2 && !done)) << "call " << n;
        for (std::uint64_t number = 1; number <= highest; ++number) ASSERT_EQ(log.get(number).number, number);
        ASSERT_EQ(log.summaries().size(), highest);
        ASSERT_EQ(log.summaries()[0].kind, log.get(1).kind);
        ASSERT_TRUE(log.damaged_refs().empty());
        ++faults;
      }
    }
  }
  print_count("T2.history.faults", static_cast<std::uint64_t>(faults));
  EXPECT_GT(faults, 500);
}

/// Several logs look at one directory while records come, are forgotten and come back; the directory's times tick every 10 ms, and inodes
/// are used again at once. Each must always see what is there.
RC_GTEST_PROP(RecordLogSoundness, EveryLogSeesWhatIsThere, ()) {
  SimOptions options;
  options.granularity_ns = *rc::gen::element<std::int64_t>(1, 10'000'000);
  const auto disk = empty_repository(options);
  const RepositoryDirs dirs = open_dirs(*disk);
  const RepositoryDirs no_cache = [&] {
    RepositoryDirs made = open_dirs(*disk);
    made.cache = Fd();
    return made;
  }();
  std::vector<std::unique_ptr<RecordLog>> logs;
  for (int i = 0; i < 3; ++i) logs.push_back(std::make_unique<RecordLog>(*disk, dirs));
  std::map<std::uint64_t, Record> originals;
  for (int i = *rc::gen::inRange(5, 30); i > 0; --i) {
    RecordLog& log = *logs[*rc::gen::inRange<std::size_t>(0, logs.size())];
    const int what = *rc::gen::inRange(0, 6);
    if (what <= 1 || originals.empty()) {
      const Record record = next_record(log);
      RC_ASSERT(log.publish(record));
      originals[record.number] = record;
    } else if (what <= 3) {
      const std::uint64_t number = *rc::gen::inRange<std::uint64_t>(1, originals.size() + 1);
      const bool is_tombstone = log.get(number).kind == RecordKind::tombstone;
      log.replace(is_tombstone ? originals[number] : tombstone_of(log, number));
    } else if (what == 4) {
      disk->advance_clock(*rc::gen::element<std::int64_t>(1'000'000, 30'000'000, 3'000'000'000));
    } else {
      logs[*rc::gen::inRange<std::size_t>(0, logs.size())] = std::make_unique<RecordLog>(*disk, dirs);
    }
    RecordLog& reader = *logs[*rc::gen::inRange<std::size_t>(0, logs.size())];
    RecordLog truth(*disk, no_cache);
    RC_ASSERT(reader.highest() == originals.size());
    const std::vector<RecordSummary>& seen = reader.summaries();
    const std::vector<RecordSummary>& wanted = truth.summaries();
    RC_ASSERT(seen.size() == originals.size() && wanted.size() == originals.size());
    for (std::size_t k = 0; k < seen.size(); ++k)
      RC_ASSERT(seen[k].kind == wanted[k].kind && seen[k].id == wanted[k].id && seen[k].parents == wanted[k].parents);
    RC_ASSERT(reader.head() == truth.head());
  }
}

}  // namespace
}  // namespace metamori::test
