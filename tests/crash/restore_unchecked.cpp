// T5 over what a restore checks: what it would be that believed what it reads from the store, or that replaced what has a name it gives.
// Without the mutation the checks here pass; with it they must not.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <optional>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "objects/chunker.hpp"
#include "objects/pack.hpp"
#include "tests/crash/restore_scenarios.hpp"
#include "tests/support/count.hpp"
#include "tests/unit/restore_world.hpp"

namespace metamori {

/// Whether chunks are taken for what they were asked for as, unseen.
static bool believes_all = false;

// The linker puts this in the place of the one that all reading of chunks calls (tests/model.cmake).
void check_id_really(ByteView bytes, const ChunkId& id, std::string_view where) __asm__("__real_" METAMORI_CHECK_ID);
void check_id_or_not(ByteView bytes, const ChunkId& id, std::string_view where) __asm__("__wrap_" METAMORI_CHECK_ID);
void check_id_or_not(ByteView bytes, const ChunkId& id, std::string_view where) {
  if (!believes_all) check_id_really(bytes, id, where);
}

namespace test {
namespace {

class Believing {
 public:
  explicit Believing(bool all) { believes_all = all; }
  ~Believing() { believes_all = false; }
  Believing(const Believing&) = delete;
  Believing& operator=(const Believing&) = delete;
};

constexpr std::size_t kLargeBytes = 1'060'000;  ///< rewritten where it is, or cloned

/// How the file comes back.
struct Way {
  std::string name;
  std::size_t more_bytes = 0;  ///< that don't differ
  bool reflinks = false;
  bool elsewhere = false;
  bool save = true;
};

std::string letters(std::string_view which, const Way& way) {
  std::string text;
  for (const char letter : which) text += std::string(max_chunk_bytes(0), letter);  // one letter only is never cut
  return text + noise(way.more_bytes, 1);
}

/// Two checkpoints; of the first, two chunks of the file have changed places in the pack: each frame is sound, but is another's.
std::unique_ptr<SimSystem> exchanged_frames(const Way& way) {
  SimOptions options;
  options.reflinks = way.reflinks;
  auto disk = std::make_unique<SimSystem>(options);
  disk->make_directories(kTree);
  init_at_tree(*disk);
  for (const char* which : {"ab", "cd"}) {
    World(*disk).write("file", letters(which, way));
    disk->advance_clock(10'000'000'000);
    checkpoint(*disk);
  }
  const auto engine = open_at_tree(*disk);
  const ChunkId a = sha256(as_bytes(std::string(max_chunk_bytes(0), 'a')));
  const ChunkId b = sha256(as_bytes(std::string(max_chunk_bytes(0), 'b')));
  for (const PackName& name : list_packs(*disk, engine->dirs.packs.get())) {
    const auto pack = PackReader::open(*disk, engine->dirs.packs.get(), name);
    const auto first = pack->find(a), second = pack->find(b);
    if (!first || !second) continue;
    const ByteView one = pack->frame(first->offset), other = pack->frame(second->offset);  // mapped as they were
    expect(one.size() == other.size(), "frames of different lengths can't change places");
    const Fd file(*disk, disk->open_at(AT_FDCWD, (std::string(kTree) + "/.metamori/" + pack->path()).c_str(), O_RDWR, 0));
    write_all(*disk, file.get(), other, first->offset, "pack");
    write_all(*disk, file.get(), one, second->offset, "pack");
    disk->make_durable();
    return disk;
  }
  throw Violation{"there is no pack with both chunks"};
}

/// Restores the first checkpoint. Either that is told to be impossible, or the file is as it was; in no case it is anything else.
void check_restored(SimSystem& disk, const Way& way) {
  RestoreOptions options = to_number(1);
  options.save = way.save;
  options.remove_extra = false;
  const std::string target = "/elsewhere";
  if (way.elsewhere) options.target = target;
  bool is_told = false;
  try {
    is_told = !restore(disk, options).warnings.empty();
  } catch (const Error& error) {
    is_told = error.kind() == ErrorKind::corrupt;
  }
  const std::string path = (way.elsewhere ? target : std::string(kTree)) + "/file";
  if (!disk.exists(path)) return expect(is_told, "nothing came back, without a word");
  const Bytes found = disk.read_file(path);
  expect(found == to_bytes(letters("ab", way)) || (is_told && found == to_bytes(letters("cd", way))), "wrong bytes came back");
}

bool is_violated(const std::function<void()>& check) {
  try {
    check();
    return false;
  } catch (const Violation&) {
    return true;
  }
}

TEST(RestoreMutants, T5P4AMissingVerificationIsCaught) {
  std::uint64_t caught = 0;
  for (const Way& way : {Way{"staged"}, Way{"staged, without a safety checkpoint", 0, false, false, false},
                         Way{"rewritten in place", kLargeBytes}, Way{"a clone", kLargeBytes, true}, Way{"elsewhere", 0, false, true}}) {
    for (const bool believes : {false, true}) {
      const auto disk = exchanged_frames(way);
      const Believing mutant(believes);
      const bool violated = is_violated([&] { check_restored(*disk, way); });
      EXPECT_EQ(violated, believes) << way.name;
      caught += believes && violated ? 1 : 0;
    }
  }
  print_count("T5.restore.unverified", caught);
  EXPECT_EQ(caught, 5U);
}

constexpr std::string_view kSomebodys = "somebody else's";

/// Somebody who gives a name just before the restore does.
class Interloper {
 public:
  explicit Interloper(SimSystem& disk) : disk_(disk) {}
  void come_between(const CallInfo& rename) {
    FileStat checkpoints, to;
    disk_.stat_at(AT_FDCWD, (std::string(kTree) + "/.metamori/checkpoints").c_str(), checkpoints);
    disk_.stat(rename.to_fd, to);
    if (to.inode == checkpoints.inode)
      take_number();
    else
      take_name(rename);
  }
  [[nodiscard]] bool has_come() const noexcept { return number_ > 0 || file_.is_open(); }
  /// What they made is there still.
  void check() {
    if (number_ > 0) expect(open_at_tree(disk_)->log->get(number_).id() == id_, "a checkpoint that was told of is lost");
    if (!file_.is_open()) return;
    FileStat now;
    disk_.stat(file_.get(), now);
    expect(now.link_count > 0, "a file that somebody made meanwhile is lost");
  }

 private:
  void take_number() {
    try {
      const CheckpointReport report = checkpoint(disk_);
      number_ = report.checkpoint.number;
      id_ = report.checkpoint.id;
    } catch (const Error&) {
      // a restore is pending: then nobody takes numbers
    }
  }
  void take_name(const CallInfo& rename) {
    const std::string name(rename.to_name);
    FileStat made;
    // The kernel replaces no file by a directory. What is in packs/ has its content's name: whoever else gives that has the same bytes.
    if (disk_.stat_at(rename.fd, std::string(rename.name).c_str(), made) < 0 || S_ISDIR(made.mode) || name.ends_with(".pack")) return;
    const int raw = disk_.open_at(rename.to_fd, name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0644);
    if (raw < 0) return;
    file_ = Fd(disk_, raw);
    disk_.write_at(raw, as_bytes(kSomebodys), 0);
  }

  SimSystem& disk_;
  Fd file_;
  std::uint64_t number_ = 0;
  CheckpointId id_;
};

bool keeps_what_is_there(const CallInfo& info) { return info.call == Call::rename && info.no_replace; }

/// Runs `run` with somebody coming between before the `at`-th rename that must not replace. Nothing if nobody could.
std::optional<bool> loses_somebodys_work(const SimSystem& start, const std::function<void(System&)>& run, std::uint64_t at, bool replaces) {
  const auto disk = start.copy();
  Interloper interloper(*disk);
  FaultSystem system(*disk);
  std::uint64_t met = 0;
  system.on_before([&](const CallInfo& info) {
    if (keeps_what_is_there(info) && ++met == at) interloper.come_between(info);
  });
  if (replaces) system.set_fault({.matches = keeps_what_is_there, .at = at, .action = FaultAction::replace});
  try {
    run(system);
  } catch (const Error& error) {
    EXPECT_TRUE(error.kind() == ErrorKind::refused || error.kind() == ErrorKind::io) << error.what();
  }
  if (!interloper.has_come()) return std::nullopt;
  return is_violated([&] {
    interloper.check();
    for (const RecoverMode mode : {RecoverMode::finish, RecoverMode::abort}) {
      try {
        recover_restore(*open_at_tree(*disk), mode, one_worker().control);
      } catch (const Error& error) {
        expect(error.kind() == ErrorKind::refused, error.what());
      }
      interloper.check();
    }
    expect(!restore_is_pending(*open_at_tree(*disk)), "it can't be taken back");
  });
}

TEST(RestoreMutants, T5ARenameThatReplacesWhereItMustNotIsCaught) {
  std::uint64_t caught = 0;
  const auto try_all = [&](const std::string& name, const SimSystem& start, const std::function<void(System&)>& run) {
    std::uint64_t renames = 0;
    {
      const auto disk = start.copy();
      FaultSystem counting(*disk);
      counting.on_before([&](const CallInfo& info) { renames += keeps_what_is_there(info) ? 1 : 0; });
      run(counting);
    }
    for (std::uint64_t at = 1; at <= renames; ++at) {
      const auto mutant = loses_somebodys_work(start, run, at, true);
      if (!mutant) continue;
      EXPECT_TRUE(*mutant) << name << ": rename " << at << " of " << renames << " may replace without anybody noticing";
      EXPECT_EQ(loses_somebodys_work(start, run, at, false), false) << name << ": rename " << at << " of " << renames;
      caught += *mutant ? 1 : 0;
    }
  };
  for (const Scenario& scenario : restore_scenarios())
    if (scenario.name == "restore --delete" || scenario.name == "undo" || scenario.name == "restore --no-save")
      try_all(scenario.name, *scenario.start, scenario.run);
  SimSystem disk;
  make_two_checkpoints(disk, {.large_bytes = 30'000, .sparse_bytes = 40'000});
  disk.make_directories("/elsewhere");
  RestoreOptions options = to_number(1);
  options.remove_extra = false;
  options.target = "/elsewhere";
  try_all("elsewhere", disk, [&](System& system) { restore_checkpoint(*open_at_tree(system), options); });
  print_count("T5.restore.replacing", caught);
  EXPECT_GE(caught, 15U);
}

}  // namespace
}  // namespace test
}  // namespace metamori
