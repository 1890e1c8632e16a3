#include "core/checkpoint_basis.hpp"

#include <algorithm>

#include "objects/record_log_files.hpp"

namespace metamori {
namespace {

/// A hostile gap in the numbers must not keep us for ever: after this many only records that there are files of are looked at.
constexpr std::size_t kMaxPassedOver = 1000;

/// The highest number up to `number` of which there is a record; 0: none.
std::uint64_t next_listed(Engine& engine, std::uint64_t number) {
  DirectoryStamp stamp;
  std::uint64_t found = 0;
  for (const RecordPlace& place : RecordFiles(engine.system, engine.dirs.checkpoints.get()).list(stamp))
    if (place.number <= number) found = place.number;
  return found;
}

/// A record that can be read. One that is damaged, or that should be there and is not, is noted, once.
std::optional<Record> find_sound(Engine& engine, std::uint64_t number, Basis& basis) {
  if (std::find(basis.damaged.begin(), basis.damaged.end(), number) != basis.damaged.end()) return std::nullopt;
  try {
    return engine.log->get(number);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::bad_revision) throw;
    basis.damaged.push_back(number);
    return std::nullopt;
  }
}

}  // namespace

Basis read_basis(Engine& engine) {
  Basis basis;
  const std::uint64_t highest = engine.log->highest();
  basis.number = highest + 1;
  for (std::uint64_t number = highest; number > 0; --number) {
    if (basis.damaged.size() > kMaxPassedOver) number = next_listed(engine, number);
    if (number == 0) break;
    const auto record = find_sound(engine, number, basis);
    if (!record || record->kind == RecordKind::tombstone) continue;
    const Position& head = record->head_after;
    if (head.number == 0) break;
    const auto parent = head.number == number ? record : find_sound(engine, head.number, basis);
    if (!parent) continue;
    basis.head = head;
    if (parent->kind == RecordKind::tombstone && !parent->content_held) break;
    basis.parent = decode_checkpoint_record(parent->blob, "checkpoints/" + std::to_string(head.number));
    break;
  }
  return basis;
}

ScanOptions scan_options(const CheckpointOptions& options, const Basis& basis) {
  if (!options.paths.empty() && !basis.damaged.empty())
    throw Error(ErrorKind::corrupt,
                "record " + std::to_string(basis.damaged.front()) + " is damaged, so that the rest of the tree can't be taken from it",
                "a checkpoint of the whole tree goes on without it; 'metamori verify' tells what is affected");
  if (!options.paths.empty() && !basis.parent && basis.head.number != 0)
    throw Error(
        ErrorKind::refused,
        "HEAD, checkpoint " + std::to_string(basis.head.number) + ", was forgotten, so that the rest of the tree can't be taken from it",
        "take a checkpoint of the whole tree");
  ScanOptions scan;
  scan.scope = options.paths;
  if (basis.parent) scan.base_root = basis.parent->root;
  scan.check = options.check;
  scan.on_torn = options.on_torn;
  scan.retries = options.retries;
  scan.one_file_system = options.one_file_system;
  scan.look_for_writers = options.look_for_writers;
  scan.control = options.control;
  return scan;
}

}  // namespace metamori
