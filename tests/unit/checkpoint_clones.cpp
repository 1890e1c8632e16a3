// Checkpoints that let writers go on before their large files are read: those are kept by reflink copies meanwhile.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>

#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kLargeBytes = 1'300'000;
constexpr std::size_t kWorthWaitingBytes = 17'000'000;

/// Writers that are told of the pause, and of its end.
class Writers final : public Pause {
 public:
  void begin() override {
    ++begun;
    is_held = true;
    on_begin();
  }
  bool end() noexcept override {
    is_held = false;
    on_end();
    return holds;
  }
  std::function<void()> on_begin = [] {};
  std::function<void()> on_end = [] {};
  unsigned begun = 0;
  bool is_held = false;
  bool holds = true;
};

class CheckpointClones : public ::testing::Test {
 protected:
  void SetUp() override {
    disk.configure([](SimOptions& options) { options.reflinks = true; });
    disk.make_directories(kTree);
    init_at_tree(disk);
    const World world(disk);
    world.write("large", noise(kLargeBytes, 1));
    world.write("dir/deep/large", noise(kLargeBytes, 2));
    world.write("dir/small", "small");
    world.write("dir/other", "other");
    disk.advance_clock(10'000'000'000);
    writers.on_begin = [this] { paused = without_link_counts(user_tree(disk)); };
    writers.on_end = [this] { write_everywhere(); };
  }
  /// What a job does as soon as it may.
  void write_everywhere() {
    const World world(disk);
    ++moves;
    for (const char* name : {"large", "dir/deep/large"}) {
      const Fd file(disk, disk.open_at(world.top.get(), name, O_RDWR, 0));
      disk.write_at(file.get(), as_bytes(noise(5000, 100 + moves)), 700'000);
      disk.set_attribute(file.get(), "", "user.moves", as_bytes(std::to_string(moves)));
      disk.set_mode(file.get(), 0600 + moves);
    }
    disk.remove_file(world.top.get(), "dir/other");
    world.mode("dir", 0750 + moves % 8);
    world.write("new" + std::to_string(moves), "new");
  }
  CheckpointReport take(System& system, std::uint32_t jobs = 1) {
    CheckpointOptions options;
    options.control.jobs = jobs;
    options.paths = paths;
    options.pause = &writers;
    return checkpoint(system, options);
  }
  void expect_paused_instant(const CheckpointReport& report) {
    EXPECT_TRUE(report.verdicts.empty());
    EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), report.checkpoint.number), paused);
  }
  /// The next checkpoint sees what was written after the pause.
  void expect_nothing_missed() {
    disk.advance_clock(10'000'000'000);
    const std::uint64_t number = checkpoint(disk).checkpoint.number;
    EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), number), without_link_counts(user_tree(disk)));
  }
  SimSystem disk;
  Writers writers;
  TreeDescription paused;
  std::vector<std::string> paths;
  unsigned moves = 0;
};

TEST_F(CheckpointClones, P9HoldThePausedInstantWhateverIsWrittenRightAfterIt) {
  for (const std::uint32_t jobs : {1U, 4U}) {
    const CheckpointReport report = take(disk, jobs);
    EXPECT_EQ(report.files_cloned, 2U);
    EXPECT_EQ(writers.begun, jobs == 1 ? 1U : 2U);
    expect_paused_instant(report);
    disk.advance_clock(10'000'000'000);
  }
  expect_nothing_missed();
  EXPECT_EQ(disk.open_count(), 0U);
}

TEST_F(CheckpointClones, AreReadWhenThePauseIsOver) {
  FaultSystem watched(disk);
  std::set<int> clones;
  std::uint64_t held_reads = 0, later_reads = 0;
  watched.on_before([&](const CallInfo& info) {
    if (info.call == Call::clone_from) clones.insert(info.fd);
    if (info.call == Call::read_at && clones.contains(info.fd)) ++(writers.is_held ? held_reads : later_reads);
  });
  take(watched);
  EXPECT_EQ(clones.size(), 2U);
  EXPECT_EQ(held_reads, 0U);
  EXPECT_GT(later_reads, 2U);
}

TEST_F(CheckpointClones, OnlyWhatChangedIsCloned) {
  take(disk);
  disk.advance_clock(10'000'000'000);
  EXPECT_EQ(take(disk).files_cloned, 2U);
  writers.on_end = [] {};
  disk.advance_clock(10'000'000'000);
  EXPECT_EQ(take(disk).files_cloned, 2U) << "they were written after the pause";
  disk.advance_clock(10'000'000'000);
  const CheckpointReport last = take(disk);
  EXPECT_EQ(last.files_cloned, 0U);
  EXPECT_EQ(last.bytes_read, 0U);
}

TEST_F(CheckpointClones, AreNotTakenWithoutAPause) {
  FaultSystem counting(disk);
  EXPECT_EQ(checkpoint(counting).files_cloned, 0U);
  EXPECT_EQ(counting.count(Call::clone_from), 0U);
}

TEST_F(CheckpointClones, WhereTheyCantBeHadFilesAreReadDuringThePause) {
  const auto original = disk.copy();
  const CheckpointReport cloned = take(disk);
  const auto is_clone = [](const CallInfo& info) { return info.call == Call::clone_from; };
  const auto is_nameless = [](const CallInfo& info) { return info.call == Call::open_at && info.creates && info.name == "."; };
  std::vector<Fault> refusals;
  for (const int error : {EOPNOTSUPP, EXDEV, EINVAL, ENOTTY, EDQUOT, ENOSPC, EIO, EPERM, ETXTBSY})
    refusals.push_back({.matches = is_clone, .for_ever = true, .error = error});
  for (const int error : {EOPNOTSUPP, EISDIR, ENOSPC, EDQUOT, EMFILE, ENFILE, EROFS, EACCES})
    refusals.push_back({.matches = is_nameless, .for_ever = true, .error = error});
  for (const Fault& refusal : refusals) {
    SCOPED_TRACE(refusal.error);
    const auto copy = original->copy();
    FaultSystem faulty(*copy);
    faulty.set_fault(refusal);
    writers.on_begin = [] {};
    writers.on_end = [&] { World(*copy).write("large", "changed"); };
    const CheckpointReport report = take(faulty);
    EXPECT_GE(faulty.fault_count(), 1U);
    EXPECT_LE(faulty.fault_count(), 2U);
    EXPECT_EQ(report.files_cloned, 0U);
    EXPECT_TRUE(report.verdicts.empty());
    EXPECT_EQ(report.checkpoint.root, cloned.checkpoint.root);
  }
}

TEST_F(CheckpointClones, WritersThatOverwriteWhatIsSharedAlwaysHaveRoom) {
  disk.configure([](SimOptions& options) { options.capacity_bytes = 2 * kLargeBytes + 5'000'000; });
  const CheckpointReport report = take(disk);
  EXPECT_EQ(report.files_cloned, 1U) << "half of what is free, at most";
  expect_paused_instant(report);
}

TEST_F(CheckpointClones, OfLargeFilesJustWrittenAreTakenOnceTimesTell) {
  disk.configure([](SimOptions& options) { options.granularity_ns = 10'000'000; });
  writers.on_begin = [this] {
    World(disk).write("huge", noise(kWorthWaitingBytes, 3));
    write_everywhere();
    paused = without_link_counts(user_tree(disk));
  };
  const CheckpointReport report = take(disk);
  EXPECT_GE(report.files_cloned, 1U);
  EXPECT_LT(report.paused_seconds, 0.03);
  expect_paused_instant(report);
  writers.on_end = [] {};
  writers.on_begin = [] {};
  disk.advance_clock(10'000'000'000);
  EXPECT_LT(take(disk).bytes_read, kWorthWaitingBytes) << "it was written no more";
  disk.advance_clock(10'000'000'000);
  EXPECT_EQ(take(disk).bytes_read, 0U);
}

TEST_F(CheckpointClones, ForFilesJustWrittenThatAreReadSoonerNobodyWaits) {
  disk.configure([](SimOptions& options) { options.granularity_ns = 10'000'000; });
  writers.on_begin = [this] {
    write_everywhere();
    paused = without_link_counts(user_tree(disk));
  };
  const CheckpointReport report = take(disk);
  EXPECT_EQ(report.files_cloned, 0U);
  EXPECT_LT(report.paused_seconds, 0.005);
  expect_paused_instant(report);
  expect_nothing_missed();
}

TEST_F(CheckpointClones, P10OfAFileThatSomebodyElseWritesToAreNotUsed) {
  World(disk).remove("dir/deep/large");
  disk.advance_clock(10'000'000'000);
  FaultSystem watched(disk);
  const auto write_to_it = [&](const CallInfo& info) {
    if (info.call != Call::clone_from) return;
    const World world(disk);
    const Fd file(disk, disk.open_at(world.top.get(), "large", O_RDWR, 0));
    disk.write_at(file.get(), as_bytes(noise(5000, 9)), 500'000);
    paused = without_link_counts(user_tree(disk));
  };
  writers.on_end = [] {};
  for (const bool is_before : {true, false}) {
    if (is_before)
      watched.on_before(write_to_it);
    else
      watched.on_after(write_to_it);
    const CheckpointReport report = take(watched);
    EXPECT_EQ(report.files_cloned, 0U);
    ASSERT_EQ(report.verdicts.size(), 1U);
    EXPECT_EQ(report.verdicts.front().verdict, CaptureVerdict::retried);
    EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), report.checkpoint.number), paused);
    expect_nothing_missed();
    World(disk).write("large", noise(kLargeBytes, 4));
    disk.advance_clock(10'000'000'000);
    watched.on_before([](const CallInfo&) {});
  }
}

TEST_F(CheckpointClones, NamesThatCameJustBeforeThePauseCostALookAndNoReading) {
  World(disk).write("dir/huge", noise(kWorthWaitingBytes, 3));
  disk.advance_clock(10'000'000'000);
  writers.on_begin = [this] {
    World(disk).write("dir/just_now", "came");
    World(disk).remove("dir/small");
    paused = without_link_counts(user_tree(disk));
  };
  FaultSystem watched(disk);
  const CheckpointReport report = take(watched);
  EXPECT_EQ(report.files_cloned, 3U);
  EXPECT_EQ(watched.count(Call::clone_from), 6U) << "the tree was looked at twice";
  EXPECT_EQ(writers.begun, 1U);
  expect_paused_instant(report);
  expect_nothing_missed();
}

TEST_F(CheckpointClones, P9WhileNamesComeAndGoClonesAreReadDuringThePauseAndTheTreeIsComparedAgain) {
  World(disk).write("dir/huge", noise(kWorthWaitingBytes, 3));
  disk.advance_clock(10'000'000'000);
  FaultSystem watched(disk);
  unsigned renames = 0;
  watched.on_after([&](const CallInfo& info) {
    if (info.call != Call::clone_from || renames == 3) return;
    const World world(disk);
    const std::string from = renames == 0 ? "dir/small" : "dir/small" + std::to_string(renames);
    disk.rename(world.top.get(), from.c_str(), world.top.get(), ("dir/small" + std::to_string(++renames)).c_str(), RenameMode::no_replace);
    paused = without_link_counts(user_tree(disk));
  });
  const CheckpointReport report = take(watched);
  EXPECT_EQ(renames, 3U);
  EXPECT_EQ(writers.begun, 1U);
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 1), paused);
  expect_nothing_missed();
}

TEST_F(CheckpointClones, P5APauseThatDidNotHoldPublishesNothing) {
  writers.holds = false;
  EXPECT_THROW(take(disk), Error);
  EXPECT_EQ(open_at_tree(disk)->log->highest(), 0U);
  EXPECT_EQ(disk.open_count(), 0U);
  writers.holds = true;
  expect_paused_instant(take(disk));
}

TEST_F(CheckpointClones, FilesWithSeveralNamesAreReadDuringThePause) {
  World(disk).link("large", "linked");
  disk.advance_clock(10'000'000'000);
  const CheckpointReport report = take(disk);
  EXPECT_EQ(report.files_cloned, 1U);
  expect_paused_instant(report);
}

TEST_F(CheckpointClones, OfSomePathsHoldThePausedInstantWithTheDirectoriesAbove) {
  for (const std::vector<std::string>& some : {std::vector<std::string>{"dir/deep/large", "large"}, {"dir/deep"}, {"dir/deep/large"}}) {
    paths = some;
    const CheckpointReport report = take(disk, 2);
    EXPECT_EQ(report.files_cloned, some.size());
    const TreeDescription held = checkpointed_tree(*open_at_tree(disk), report.checkpoint.number);
    for (const std::string& path : some) EXPECT_EQ(held.at(path), paused.at(path)) << path;
    if (report.checkpoint.number == 1) {
      EXPECT_EQ(held.at("dir").mode, paused.at("dir").mode);
    }
    disk.advance_clock(10'000'000'000);
  }
  paths.clear();
  expect_nothing_missed();
}

TEST_F(CheckpointClones, AreLimitedAndTheRestIsReadDuringThePause) {
  constexpr unsigned kFiles = 140;
  const std::string zeros(1U << 20, '0');
  for (unsigned i = 0; i < kFiles; ++i) World(disk).write("many/" + std::to_string(i), zeros);
  disk.advance_clock(10'000'000'000);
  FaultSystem watched(disk);
  std::size_t most_open = 0;
  watched.on_before([&](const CallInfo& info) {
    if (info.call == Call::clone_from) most_open = std::max(most_open, disk.open_count());
  });
  const CheckpointReport report = take(watched);
  EXPECT_EQ(report.files_cloned, 128U);
  EXPECT_LT(most_open, 200U);
  expect_paused_instant(report);
}

TEST_F(CheckpointClones, DeepDirectoriesThatWaitForThemAreClosed) {
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += "/d";
  for (int i = 0; i < 40; ++i) World(disk).write("way" + std::to_string(i) + deep + "/large", std::string(1U << 20, '0'));
  disk.advance_clock(10'000'000'000);
  std::size_t open = 0;
  writers.on_end = [&] { open = disk.open_count(); };
  const CheckpointReport report = take(disk);
  EXPECT_EQ(report.files_cloned, 42U);
  EXPECT_LT(open, 42U + 30U);
  expect_paused_instant(report);
}

/// What has to be looked at again once writers were let go has a pause of its own. Here the top's listing, which is read when all below it
/// is done, turns out to be damaged.
TEST_F(CheckpointClones, P9AScanThatStartsOverHoldsWritersAgain) {
  const std::string packs = std::string(kTree) + "/.metamori/packs";
  checkpoint(disk);
  const TreeDescription first = disk.tree(packs);
  World(disk).write("top", noise(20'000, 3));
  disk.advance_clock(10'000'000'000);
  checkpoint(disk);
  TreeDescription second = disk.tree(packs);
  std::erase_if(second, [&](const auto& pack) { return first.contains(pack.first); });
  ASSERT_EQ(second.size(), 1U);  // with the file, and the top's listing
  const std::string pack = packs + '/' + second.begin()->first;
  World(disk).write("dir/deep/large", noise(kLargeBytes, 7));
  disk.advance_clock(10'000'000'000);
  const auto original = disk.copy();
  unsigned held_again = 0;
  for (std::size_t at = 20'050; at < disk.read_file(pack).size(); at += 40) {
    const auto damaged = original->copy();
    const Fd file(*damaged, damaged->open_at(AT_FDCWD, pack.c_str(), O_RDWR, 0));
    Bytes byte(1);
    damaged->read_at(file.get(), byte, at);
    byte[0] ^= std::byte{0x10};
    damaged->write_at(file.get(), byte, at);
    TreeDescription held;
    writers.begun = 0;
    writers.on_begin = [&] { held = without_link_counts(user_tree(*damaged)); };
    writers.on_end = [&] {
      World(*damaged).write("dir/deep/large", noise(kLargeBytes, 10 + writers.begun));
      damaged->advance_clock(10'000'000'000);
    };
    try {
      const CheckpointReport report = take(*damaged);
      EXPECT_EQ(report.files_cloned, writers.begun) << "without the cache both are read";
      EXPECT_EQ(checkpointed_tree(*open_at_tree(*damaged), report.checkpoint.number), held);
      held_again += writers.begun - 1;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);  // it is what nothing else can replace
    }
  }
  EXPECT_GT(held_again, 0U);
}

}  // namespace
}  // namespace metamori::test
