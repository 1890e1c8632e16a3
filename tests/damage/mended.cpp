#include "tests/damage/mended.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "core/gc.hpp"
#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/support/violation.hpp"

namespace metamori::test {
namespace {

constexpr const char* kRepository = "/tree/.metamori";

std::string name_of(std::uint64_t number) { return "checkpoint " + std::to_string(number); }

/// Every byte that is there must be right; whether it came back whole.
bool comes_back(SimSystem& disk, std::uint64_t number, const TreeDescription& expected) {
  RestoreOptions options;
  options.control.jobs = 1;
  options.revision = std::to_string(number);
  options.target = "/out" + options.revision;
  bool failed = false;
  try {
    failed = !restore_checkpoint(*open_at_tree(disk), options).warnings.empty();
  } catch (const Error&) {
    failed = true;
  }
  if (!disk.exists(*options.target)) return false;
  const TreeDescription found = disk.tree(*options.target);
  disk.remove_tree(*options.target);
  if (!failed) {
    expect(found == expected, name_of(number) + " came back wrong without an error");
    return true;
  }
  for (const auto& [path, node] : found) {
    const auto wanted = expected.find(path);
    expect(wanted != expected.end() && wanted->second.content == node.content, name_of(number) + " came back with wrong bytes");
  }
  return false;
}

void check_quarantine(const SimSystem& disk, const std::map<std::string, Bytes>& before) {
  const auto after = repository_files(disk);
  for (const auto& [path, bytes] : before) {
    const auto same = after.find(path);
    if (same != after.end() && same->second == bytes) continue;
    const bool is_kept = std::any_of(after.begin(), after.end(), [&, &what = bytes, &where = path](const auto& file) {
      return file.first.starts_with("quarantine/") && file.first.find(where) != std::string::npos && file.second == what;
    });
    expect(is_kept, path + " is gone and not in the quarantine");
  }
}

}  // namespace

RepairReport mend(System& disk, bool dry_run) {
  OpenOptions where;
  where.start_directory = kTree;
  RepairOptions options;
  options.dry_run = dry_run;
  options.control.jobs = 1;
  return repair_repository(disk, where, options);
}

std::map<std::string, Bytes> repository_files(const SimSystem& disk) {
  std::map<std::string, Bytes> files;
  for (const auto& [path, node] : disk.tree(kRepository)) {
    if (!S_ISREG(node.mode) || path.starts_with("cache/") || path.starts_with("locks/") || path.starts_with("tmp/")) continue;
    files[path] = node.content;
  }
  return files;
}

std::set<std::uint64_t> affected_numbers(System& disk, bool of_files_alone) {
  VerifyOptions options;
  options.data = true;
  options.control.jobs = 1;
  std::set<std::uint64_t> numbers;
  for (const VerifyProblem& problem : verify(*open_at_tree(disk), options).problems) {
    // `(touched paths)` and the like are of the checkpoint itself.
    if (of_files_alone && problem.message.find("needed by '(") != std::string::npos) continue;
    expect(!problem.affects.empty() || problem.kind == "chunk",
           "a problem is left that affects nothing: " + problem.where + ": " + problem.message);
    for (const CheckpointInfo& info : problem.affects) numbers.insert(info.number);
  }
  return numbers;
}

std::size_t check_mended(const SimSystem& mended, const std::map<std::string, Bytes>& before,
                         const std::map<std::uint64_t, TreeDescription>& trees) {
  const auto disk = mended.copy();
  check_quarantine(*disk, before);
  const std::set<std::uint64_t> affected = affected_numbers(*disk);
  const std::set<std::uint64_t> files_affected = affected_numbers(*disk, true);
  std::size_t whole = 0;
  std::set<std::uint64_t> whole_numbers;
  const std::uint64_t last = open_at_tree(*disk)->log->highest();
  for (const auto& [number, tree] : trees) {
    if (number > last) continue;  // of the newest nothing may be left that tells of it
    const bool is_buried = open_at_tree(*disk)->log->get(number).kind == RecordKind::tombstone;
    const bool is_whole = comes_back(*disk, number, tree);
    expect(is_whole || is_buried || affected.contains(number), name_of(number) + " can't be restored, and verify says nothing of it");
    expect(!(is_whole && files_affected.contains(number)), name_of(number) + " is said to be affected, and is not");
    if (is_whole) whole_numbers.insert(number);
    whole += is_whole ? 1 : 0;
  }
  const RepairReport again = mend(*disk);
  for (const RepairAction& action : again.actions)
    throw Violation{"a second repair does something: " + action.where + ": " + action.message};
  const auto engine = open_at_tree(*disk);
  for (const RecordSummary& summary : engine->log->summaries())
    if (summary.kind == RecordKind::checkpoint) {
      LogOptions options;
      options.from = std::to_string(summary.number);
      list_log(*engine, options);
    }
  expect(engine->log->damaged().empty(), "a record is still missing");
  collect_garbage(*engine, {});
  const std::uint64_t highest = open_at_tree(*disk)->log->highest();
  expect(checkpoint(*disk).checkpoint.number == highest + 1, "a number was given twice or left out");
  for (const std::uint64_t number : whole_numbers)
    expect(comes_back(*disk, number, trees.at(number)), name_of(number) + " is not whole any more after gc");
  expect(affected_numbers(*disk) == affected, "gc or a checkpoint changed what is affected");
  return whole;
}

}  // namespace metamori::test
