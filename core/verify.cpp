#include <set>

#include "base/digest.hpp"
#include "core/describe.hpp"
#include "core/format_file.hpp"
#include "core/intent.hpp"
#include "core/locate.hpp"
#include "core/looking.hpp"
#include "core/verify_closure.hpp"
#include "objects/record_log_files.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxListBytes = 1ULL << 30;

/// Calls `check`; whatever it throws but an end that the caller wants becomes a problem.
template <class Check>
bool note_errors(VerifyRun& run, const char* kind, const std::string& where, const std::set<std::uint64_t>& affected, Check check) {
  try {
    check();
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::timed_out) throw;
    run.note(kind, where, error.what(), affected);
    return false;
  }
}

[[noreturn]] void fail(const std::string& why) { throw Error(ErrorKind::corrupt, why); }

void verify_format(VerifyRun& run) {
  Engine& engine = run.engine;
  note_errors(run, "format", "format", {}, [&] {
    const auto text = find_text(engine.system, engine.dirs.top.get(), "format", joined_path(engine.repository_directory, "format"));
    if (!text) fail("the file is missing");
    if (decode_format_file(*text, "format") != engine.repository_id) fail("the repository's id has changed");
  });
  note_errors(run, "format", "generation", {}, [&] { engine.log->gc_generation(); });
}

void verify_references(VerifyRun& run) {
  Engine& engine = run.engine;
  note_errors(run, "reference", "refs", {}, [&] {
    for (const std::string& path : engine.log->damaged_refs()) run.note("reference", path, "the file is damaged");
    for (const Tag& tag : engine.log->tags())
      note_errors(run, "reference", "tag " + quoted(tag.name), {}, [&] { get_checkpoint(engine, tag.target); });
  });
}

/// The files of an unfinished restore end with a checksum of their own; that it is unfinished is no damage.
void verify_restore(VerifyRun& run) {
  Engine& engine = run.engine;
  if (!engine.dirs.restore.is_open()) return;
  note_errors(run, "restore", "restore/intent", {}, [&] {
    IntentFiles files(engine);
    if (!files.find()) return;
    for (const IntentMarker marker : {IntentMarker::staged, IntentMarker::aborting}) files.has(marker);
  });
}

/// What a record refers to by number and id.
void check_position(Engine& engine, const Position& position, const char* what) {
  if (position.number == 0) return;
  const Record record = engine.log->get(position.number);
  if (record.kind == RecordKind::move || record.id() != position.id)
    fail(std::string(what) + ' ' + std::to_string(position.number) + " is another checkpoint than it was");
}

void check_git_objects(const Record& record, const Commit& commit) {
  if (record.tree != encode_record_tree(git_object_id("blob", record.blob))) fail("the git tree doesn't name the git blob");
  if (commit.tree != git_object_id("tree", record.tree)) fail("the git commit doesn't name the git tree");
  if (record.kind == RecordKind::tombstone) return;
  std::vector<CheckpointId> parents;
  for (const Position& parent : record.parents) parents.push_back(parent.id);
  if (parents != commit.parents) fail("the record and its git commit name different parents");
}

class RecordCheck {
 public:
  explicit RecordCheck(VerifyRun& run) : run_(run), closure_(run) {}

  void check(std::uint64_t number) {
    const std::string where = "checkpoints/" + std::to_string(number);
    std::optional<Record> record;
    if (!note_errors(run_, "record", where, {number}, [&] { record = run_.engine.log->get(number); })) return;
    note_errors(run_, "record", where, {number}, [&] { check_links(*record); });
    if (record->kind == RecordKind::move) return;
    ++run_.checkpoint_count;
    std::optional<CheckpointRecord> content;
    if (!note_errors(run_, "record", where, {number}, [&] {
          content = decode_checkpoint_record(record->blob, where);
          check_git_objects(*record, decode_commit(record->commit, where));
        }))
      if (!content) return;
    if (record->kind == RecordKind::tombstone && !record->content_held) return;
    const auto below = closure_.check_root(number, content->root);
    note_errors(run_, "record", where, {number}, [&] {
      if (below && *below != BelowTotals{content->entries, content->files, content->bytes}) fail("it counts other files than its tree has");
    });
    check_streams(*record, *content, where);
  }

 private:
  void check_links(const Record& record) {
    if (record.kind == RecordKind::tombstone) return;
    for (const Position& parent : record.parents) check_position(run_.engine, parent, "its parent");
    check_position(run_.engine, record.head_before, "HEAD before it");
    const Position own{record.number, record.kind == RecordKind::move ? CheckpointId{} : record.id()};
    if (record.head_after != own) check_position(run_.engine, record.head_after, "HEAD after it");
  }

  template <class Decode>
  void check_stream(const Record& record, const StreamRef& ref, const std::string& where, const char* what, Decode decode) {
    if (!closure_.check_stream(record.number, ref, what)) return;
    note_errors(run_, "record", where, {record.number}, [&] { decode(get_bytes(*run_.engine.store, ref, kMaxListBytes)); });
  }

  void check_streams(const Record& record, const CheckpointRecord& content, const std::string& where) {
    check_stream(record, content.rules, where, "(rules)", [](const Bytes&) {});
    check_stream(record, content.verdicts, where, "(verdicts)", [](const Bytes& bytes) { decode_verdicts(bytes); });
    check_stream(record, content.scope, where, "(scope)", [](const Bytes& bytes) { decode_path_list(bytes); });
    if (record.kind == RecordKind::safety)
      check_stream(record, record.touched, where, "(touched paths)", [](const Bytes& bytes) { decode_touched(bytes); });
  }

  VerifyRun& run_;
  ClosureWalk closure_;
};

}  // namespace

void verify_records(VerifyRun& run) {
  Engine& engine = run.engine;
  std::set<std::uint64_t> numbers;
  note_errors(run, "record", "checkpoints", {}, [&] {
    RecordFiles files(engine.system, engine.dirs.checkpoints.get());
    DirectoryStamp stamp;
    for (const RecordPlace& place : files.list(stamp)) numbers.insert(place.number);
  });
  RecordCheck check(run);
  const std::uint64_t highest = numbers.empty() ? 0 : *numbers.rbegin();
  for (std::uint64_t number = 1, missing = 0; number <= highest; ++number) {
    run.check_stop();
    if (numbers.contains(number)) {
      check.check(number);
      continue;
    }
    // Numbers are never given up: even what is forgotten leaves a tombstone. A hostile gap must not keep us for ever.
    constexpr std::uint64_t kMaxMissing = 1000;
    if (++missing <= kMaxMissing) {
      run.note("record", "checkpoints/" + std::to_string(number), "the record is missing", {number});
    } else {
      number = *numbers.lower_bound(number) - 1;
    }
  }
}

VerifyReport verify(Engine& engine, const VerifyOptions& options) {
  VerifyRun run(engine, options);
  verify_format(run);
  verify_packs(run);
  verify_records(run);
  verify_references(run);
  verify_restore(run);
  return run.finish();
}

}  // namespace metamori
