#pragma once

// A repository's directories with records in them, for tests of the record log and of history.

#include <fcntl.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "objects/history.hpp"
#include "objects/record_log.hpp"
#include "tests/support/temp_dir.hpp"

namespace metamori::test {

/// What a test wants a checkpoint to be; the rest has plain values.
struct Wanted {
  std::vector<Position> parents;
  std::string message = "a checkpoint\n";
  std::string line = "main";
  std::int64_t seconds = 1'700'000'000;
  std::vector<std::string> tags;
  RecordKind kind = RecordKind::checkpoint;
  bool moves_head = true;  ///< of checkpoints; safety checkpoints never do
};

/// Fills in the git objects: the blob is a proper checkpoint record whose root differs by number.
inline Record make_record(std::uint64_t number, const Wanted& wanted, const Position& head_before) {
  CheckpointRecord text;
  text.root = sha256(as_bytes("root " + std::to_string(number)));
  text.start = text.end = {wanted.seconds, 5};
  Record record;
  record.kind = wanted.kind;
  record.number = number;
  record.blob = encode_checkpoint_record(text);
  record.tree = encode_record_tree(git_object_id("blob", record.blob));
  Commit commit;
  commit.tree = git_object_id("tree", record.tree);
  for (const Position& parent : wanted.parents) commit.parents.push_back(parent.id);
  commit.author = commit.committer = {"Ann Example", "ann@example.org", wanted.seconds, 60};
  commit.message = wanted.message;
  record.commit = encode_commit(commit);
  record.parents = wanted.parents;
  record.head_before = head_before;
  record.head_after = head_before;
  if (wanted.kind == RecordKind::checkpoint) {
    record.line = wanted.line;
    record.tags = wanted.tags;
    if (wanted.moves_head) record.head_after = {number, record.id()};
  }
  return record;
}

class TestRepository {
 public:
  explicit TestRepository(bool with_cache = true, System& system = real_system()) : dirs(make_dirs(with_cache)), log(system, dirs) {}
  RepositoryDirs make_dirs(bool with_cache) {
    for (const char* name : {"checkpoints", "tmp", "refs", "cache", "packs"}) std::filesystem::create_directory(dir.path() / name);
    RepositoryDirs made;
    made.top = open(".");
    made.checkpoints = open("checkpoints");
    made.tmp = open("tmp");
    made.refs = open("refs");
    if (with_cache) made.cache = open("cache");
    return made;
  }
  Fd open(const std::string& name) { return open_directory(real_system(), AT_FDCWD, (dir / name).c_str(), name); }

  /// Publishes under the next number.
  Position add(const Wanted& wanted) {
    const Record record = make_record(log.highest() + 1, wanted, log.head());
    if (!log.publish(record)) throw std::runtime_error("number taken");
    return {record.number, record.id()};
  }
  /// On top of HEAD, on line `main`.
  Position add(const std::string& message, std::int64_t seconds = 1'700'000'000) {
    Wanted wanted;
    wanted.message = message;
    wanted.seconds = seconds;
    if (const Position head = log.head(); head.number != 0) wanted.parents = {head};
    return add(wanted);
  }
  std::uint64_t move_to(const Position& target) {
    Record record;
    record.kind = RecordKind::move;
    record.number = log.highest() + 1;
    record.head_before = log.head();
    record.head_after = target;
    if (!log.publish(record)) throw std::runtime_error("number taken");
    return record.number;
  }
  void forget(const Position& target) {
    Record record = log.get(target.number);
    record.kind = RecordKind::tombstone;
    record.tomb_time = 1'700'000'999;
    log.replace(record);
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(dir / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(dir / name, std::ios::binary | std::ios::trunc) << bytes;
  }
  [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(dir / name); }

  TempDir dir;
  RepositoryDirs dirs;
  RecordLog log;
};

/// The kind of the Error that `work` throws; nothing if it throws none.
template <class Work>
std::optional<ErrorKind> error_kind(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.kind();
  }
  return std::nullopt;
}

/// Text and hint of the Error that `work` throws.
template <class Work>
std::pair<std::string, std::string> error_text(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return {error.what(), error.hint()};
  }
  return {};
}

/// What a shell command prints; nothing if it fails.
inline std::optional<std::string> output_of(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  char buffer[4096];
  for (std::size_t size; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, size);
  if (::pclose(pipe) != 0) return std::nullopt;
  return text;
}
inline bool has_git() { return output_of("git --version 2>/dev/null").has_value(); }

}  // namespace metamori::test
