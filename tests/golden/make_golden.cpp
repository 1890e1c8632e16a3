// Writes the golden repository and its manifest anew: make_golden DIRECTORY. What is committed in tests/golden was written by the program
// as it was when format 1 was new, and stays as it is; the test writes another one to see that today's writers still can.

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/digest.hpp"
#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/golden/golden_manifest.hpp"
#include "tests/golden/golden_world.hpp"

namespace metamori::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kForgotten = 19;
constexpr std::uint64_t kWithdrawn = 20;
constexpr std::uint64_t kFolded = 3;

void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

CheckpointOptions with_message(const std::string& message) {
  CheckpointOptions options = one_worker();
  options.message = message;
  options.author = Person{"Ada Example", "ada@example.org"};
  options.utc_offset_minutes = -90;
  return options;
}

/// A checkpoint of a tree at rest: it must hold what the disk does.
void take(GoldenWorld& world, std::uint64_t number, const CheckpointOptions& options) {
  world.settle();
  const CheckpointReport report = checkpoint(world.disk(), options);
  require(report.checkpoint.number == number,
          "checkpoint " + std::to_string(report.checkpoint.number) + " should be " + std::to_string(number));
}

void take_whole(GoldenWorld& world, std::uint64_t number, const CheckpointOptions& options) {
  take(world, number, options);
  require(checkpointed_tree(*world.open(), number) == without_link_counts(user_tree(world.disk())),
          "checkpoint " + std::to_string(number) + " is not what the disk holds");
}

void take_ordinary(GoldenWorld& world) {
  make_chain(world);
  make_first_tree(world);
  CheckpointOptions options = with_message("the first\n\nof many");
  options.metadata = {{"Step", "1"}, {"Step", "one"}, {"Mesh", "coarse"}};
  options.tags = {"first", "release/1.0"};
  take_whole(world, 1, options);

  make_second_tree(world);
  options = with_message("with an image");
  options.image_kind = "criu";
  options.image_id = "image 7";
  options.image_digest = "sha256:00ff";
  options.check = CheckMode::content;
  take_whole(world, 2, options);

  make_passing_files(world);
  append_rules(*world.open(), {"cache/"}, true);
  world.append("data/log", "not in the scope\n");
  options = with_message("of some paths");
  options.paths = {".metamoriignore", "holes/huge", "small"};
  take(world, 3, options);
  remove_passing_files(world);
}

/// Files that change under the scan's hands, or can't be read.
class Disturbance {
 public:
  explicit Disturbance(GoldenWorld& world) : world_(world), watched_(world.disk()) {
    watched_.on_before([this](const CallInfo& info) {
      if (info.call == Call::read_at) meddle(info.fd);
    });
  }
  void forbid(const std::string& name) {
    watched_.add_fault(
        {.matches =
             [name](const CallInfo& info) { return (info.call == Call::open_at || info.call == Call::open_beneath) && info.name == name; },
         .for_ever = true,
         .error = EACCES});
  }
  System& system() { return watched_; }

 private:
  bool is_open_as(int fd, const char* path) {
    FileStat open, named;
    return world_.disk().stat(fd, open) == 0 &&
           world_.disk().stat_at(AT_FDCWD, (std::string(kTree) + "/verdicts/" + path).c_str(), named) == 0 && open.inode == named.inode;
  }
  void meddle(int fd) {
    world_.disk().advance_clock(1'000'000);
    if (is_open_as(fd, "torn")) world_.put_at("verdicts/torn", 0, as_bytes(++turn_ % 2 != 0 ? "1111" : "2222"));
    if (is_open_as(fd, "prefix")) world_.append("verdicts/prefix", "another line\n");
    if (is_open_as(fd, "retried") && !was_retried_) world_.put_at("verdicts/retried", 0, as_bytes("once"));
    if (is_open_as(fd, "retried")) was_retried_ = true;
  }
  GoldenWorld& world_;
  FaultSystem watched_;
  int turn_ = 0;
  bool was_retried_ = false;
};

void take_disturbed(GoldenWorld& world) {
  world.put("verdicts/secret", "was readable once");
  world.put("verdicts/torn", "0000");
  take_whole(world, 4, with_message("before the trouble"));
  for (const char* name : {"prefix", "retried"}) world.put(std::string("verdicts/") + name, "0000 as it was\n");
  world.put("verdicts/secret", "is not now");
  world.put("verdicts/never", "never was");
  world.put("verdicts/shut/inside", "nor was this");
  world.put("verdicts/live", "open for writing");
  for (const OnTorn on_torn : {OnTorn::keep_previous, OnTorn::mark}) {
    world.settle();
    world.put_at("verdicts/torn", 0, as_bytes("3333"));
    Disturbance disturbance(world);
    for (const char* name : {"secret", "never", "shut"}) disturbance.forbid(name);
    const Fd live = open_file(world.disk(), AT_FDCWD, "/tree/verdicts/live", O_WRONLY, 0, "live");
    CheckpointOptions options = with_message("in trouble");
    options.on_torn = on_torn;
    require(checkpoint(disturbance.system(), options).has_losses(), "nothing was lost");
  }
  // What follows has the same times however often files were read until now.
  constexpr std::int64_t kAfterTheTrouble = 1'700'000'300;
  const Time now = world.disk().now();
  require(now.seconds < kAfterTheTrouble, "the trouble took longer than was thought");
  world.disk().advance_clock((kAfterTheTrouble - now.seconds) * 1'000'000'000 - now.nanoseconds);
  world.remove("verdicts");
}

RestoreOptions back_to(const std::string& revision) {
  RestoreOptions options;
  options.revision = revision;
  options.remove_extra = options.same_owner = options.special = true;
  options.control.jobs = 1;
  return options;
}

/// A restore whose power goes at the call that `stops` tells.
void cut_restore(GoldenWorld& world, const std::string& revision, std::function<bool(const CallInfo&)> stops) {
  FaultSystem faulty(world.disk());
  faulty.set_fault({.matches = std::move(stops), .action = FaultAction::power_cut});
  try {
    restore_checkpoint(*open_at_tree(faulty), back_to(revision));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io) throw;
    world.reboot();
    return;
  }
  throw std::runtime_error("the restore came to its end");
}

void go_back_and_forth(GoldenWorld& world) {
  world.settle();
  RestoreReport report = restore_checkpoint(*world.open(), back_to("2"));  // safety 7, move 8
  require(report.head_moved && world.open()->log->highest() == 8, "restore");
  make_third_tree(world);
  take_whole(world, 9, with_message("on a line of its own"));
  world.settle();
  RestoreOptions some = back_to("1");
  some.paths = {"small", "links/two"};
  restore_checkpoint(*world.open(), some);  // safety 10, move 11
  world.settle();
  restore_checkpoint(*world.open(), back_to("1"));  // safety 12, move 13
  world.settle();
  undo_restore(*world.open(), back_to(""));  // safety 14, move 15
  world.settle();
  cut_restore(world, "1",
              [](const CallInfo& info) { return info.call == Call::remove_file && info.name == "intent"; });  // safety 16, move 17
  recover_restore(*world.open(), RecoverMode::abort, one_worker().control);                                   // move 18
  require(world.open()->log->highest() == 18, "recovery");
}

void bury(GoldenWorld& world, std::uint64_t number, TombReason reason, bool content_held) {
  const auto engine = world.open();
  Record record = engine->log->get(number);
  record.kind = RecordKind::tombstone;
  record.tomb_reason = reason;
  record.content_held = content_held;
  record.tomb_time = world.disk().now().seconds;
  engine->log->replace(record);
}

void end_history(GoldenWorld& world) {
  world.put("branch", "forgotten");
  take(world, kForgotten, with_message("to be forgotten"));
  world.put("branch", "withdrawn");
  take(world, kWithdrawn, with_message("to be withdrawn"));
  make_last_tree(world);
  take_whole(world, 21, with_message("the last"));
  bury(world, kForgotten, TombReason::forgotten, true);
  bury(world, kWithdrawn, TombReason::withdrawn, false);
  const auto engine = world.open();
  add_tag(*engine, "second", "2", false);
  add_tag(*engine, "odd/name-\xc3\xbc%", "9", false);
  remove_tag(*engine, "first");
  engine->log->set_pin(2, true);
}

/// The first records in one file, as docs/format.md, section 9, has it.
void fold(GoldenWorld& world) {
  const std::string checkpoints = std::string(kTree) + "/.metamori/checkpoints/";
  ByteWriter out;
  out.raw(as_bytes(std::string_view("MMFOLD1\0", 8)));
  out.u32(kFolded);
  out.u32(0);
  std::vector<Bytes> records;
  std::uint64_t offset = 16 + 24 * kFolded;
  for (std::uint64_t number = 1; number <= kFolded; ++number) {
    records.push_back(world.disk().read_file(checkpoints + std::to_string(number)));
    out.u64(number);
    out.u64(offset);
    out.u64(records.back().size());
    offset += records.back().size();
  }
  for (const Bytes& record : records) out.raw(record);
  out.id(sha256(out.view()));
  world.disk().write_file(checkpoints + "1-" + std::to_string(kFolded), out.view());
  for (std::uint64_t number = 1; number <= kFolded; ++number)
    world.disk().remove_file(AT_FDCWD, (checkpoints + std::to_string(number)).c_str());
}

/// Of the repository what counts, and its caches, which every later version will meet, too.
void write_out(const SimSystem& disk, const fs::path& target) {
  for (const auto& [path, node] : disk.tree(std::string(kTree) + "/.metamori")) {
    if (!S_ISREG(node.mode) || path.starts_with("locks/") || path.starts_with("tmp/") || path.starts_with("trash/")) continue;
    fs::create_directories((target / path).parent_path());
    std::ofstream file(target / path, std::ios::binary | std::ios::trunc);
    file << as_text(node.content);
    file.close();
    require(file.good(), "write " + (target / path).string());
  }
}

void write_all_out(GoldenWorld& world, const fs::path& target) {
  const std::string manifest = golden_manifest(*world.open());
  write_out(world.disk(), target / "repository");
  std::ofstream file(target / "manifest", std::ios::binary | std::ios::trunc);
  file << manifest;
  file.close();
  require(file.good(), "write the manifest");
}

void make_finished(const fs::path& target) {
  GoldenWorld world;
  take_ordinary(world);
  take_disturbed(world);
  go_back_and_forth(world);
  end_history(world);
  fold(world);
  const std::string repository = std::string(kTree) + "/.metamori/";
  world.disk().write_file(repository + "config", std::string_view("# the user's own\n[core]\n\tshared = false\n"));
  world.disk().write_file(repository + "generation", std::string_view("3\n"));
  write_all_out(world, target);
}

/// A repository whose tree was on its way from checkpoint 2 to 1, past the point of no return, when the power went.
void make_unfinished(const fs::path& target) {
  GoldenWorld world;
  make_tree_to_restore(world);
  take_whole(world, 1, with_message("to be restored"));
  change_tree_to_restore(world);
  take_whole(world, 2, with_message("where it began"));
  world.settle();
  std::uint64_t renamed = 0;
  cut_restore(world, "1",
              [&](const CallInfo& info) { return info.call == Call::rename && info.name.starts_with(kStagePrefix) && ++renamed == 3; });
  require(restore_is_pending(*world.open()), "nothing is pending");
  write_all_out(world, target);
}

}  // namespace
}  // namespace metamori::test

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: make_golden DIRECTORY\n", stderr);
    return 2;
  }
  try {
    const std::filesystem::path target = arguments[1];
    metamori::test::make_finished(target);
    metamori::test::make_unfinished(target / "unfinished");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_golden: %s\n", error.what());
    return 1;
  }
  return 0;
}
