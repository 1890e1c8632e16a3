#include "core/checkpoint_record.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "core/checkpoint_basis.hpp"
#include "core/tree_diff.hpp"

namespace metamori {
namespace {

std::string_view check_word(CheckMode mode) {
  switch (mode) {
    case CheckMode::mtime:
      return "mtime";
    case CheckMode::content:
      return "content";
    case CheckMode::automatic:
      break;
  }
  return "auto";
}

StreamRef put_if_any(ChunkSession& session, const Bytes& bytes, bool any) {
  return any ? put_bytes(session, bytes, Kind::other) : StreamRef{};
}

/// The line of a checkpoint whose parent is `head`: that of the parent if the parent is its tip, else a new one.
std::string line_after(Engine& engine, const Position& head, std::uint64_t number) {
  if (head.number == 0 && engine.log->highest() == 0) return "main";
  if (head.number != 0) {
    const Record parent = engine.log->get(head.number);
    if (parent.kind == RecordKind::checkpoint && head.number == engine.log->highest()) return parent.line;
    for (const auto& [line, tip] : engine.log->lines())
      if (tip == head) return line;
  } else {
    const auto lines = engine.log->lines();
    if (std::none_of(lines.begin(), lines.end(), [](const auto& line) { return line.first == "main"; })) return "main";
  }
  // A line of that name may have been copied here.
  std::string line = "main-" + std::to_string(number);
  const auto lines = engine.log->lines();
  while (std::any_of(lines.begin(), lines.end(), [&](const auto& known) { return known.first == line; }))
    line += "-" + std::to_string(number);
  return line;
}

CheckpointRecord content_of(const RecordParts& parts) {
  const ScanResult& scan = *parts.scan;
  CheckpointRecord content;
  content.root = scan.root;
  content.entries = scan.root_node.top.entries_below;
  content.files = scan.root_node.top.files_below;
  content.bytes = scan.root_node.top.bytes_below;
  content.rules = put_if_any(*parts.session, to_bytes(scan.rules), !scan.rules.empty());
  content.verdicts = put_if_any(*parts.session, encode_verdicts(scan.verdicts), !scan.verdicts.empty());
  content.start = scan.start;
  content.end = scan.end;
  return content;
}

struct Authorship {
  Signature signature;
  std::string message;
};

void add_git_objects(Record& record, const CheckpointRecord& content, const Authorship& authorship) {
  record.blob = encode_checkpoint_record(content);
  record.tree = encode_record_tree(git_object_id("blob", record.blob));
  Commit commit;
  commit.tree = git_object_id("tree", record.tree);
  for (const Position& parent : record.parents) commit.parents.push_back(parent.id);
  commit.author = commit.committer = authorship.signature;
  commit.message = authorship.message;
  record.commit = encode_commit(commit);
}

Signature default_signature(Engine& engine) {
  const Identity identity = engine.system.identity();
  return {"metamori", "metamori@" + (identity.host.empty() ? "localhost" : identity.host), engine.system.now().seconds, 0};
}

Record base_record(const RecordParts& parts) {
  Record record;
  record.number = parts.number;
  record.head_before = parts.head;
  if (parts.head.number != 0) record.parents.push_back(parts.head);
  record.gc_generation = parts.gc_generation;
  return record;
}

/// The growth so far: content, verdicts and all, as far as it is in packs when the record is made.
void note_growth(CheckpointRecord& content, const RecordParts& parts) {
  content.extra.emplace_back("x-added", std::to_string(parts.session->totals().pack_bytes));
  content.extra.emplace_back("x-read", std::to_string(parts.scan->totals.bytes_read));
}

CapturedPath captured_path(const ScanResult& scan, const PathVerdict& verdict) {
  CapturedPath path;
  path.path = verdict.path;
  path.verdict = static_cast<CaptureVerdict>(verdict.verdict);
  path.live = static_cast<Liveness>(verdict.live);
  const auto reason = scan.reasons.find(verdict.path);
  if (reason != scan.reasons.end()) path.reason = reason->second;
  return path;
}

void fill_report(CheckpointReport& report, const ScanResult& scan) {
  for (const PathVerdict& verdict : scan.verdicts) report.verdicts.push_back(captured_path(scan, verdict));
  report.skipped_repositories = scan.skipped_repositories;
  report.skipped_sockets = scan.skipped_sockets;
  report.bytes_read = scan.totals.bytes_read;
  report.files_changed = scan.totals.files_captured;
}

/// Names of the parent, directories aside, that the tree has no more. The checkpoint stands already: where the parent is damaged none is
/// counted.
std::uint64_t count_removed(ChunkSource& source, const std::optional<CheckpointRecord>& parent, const ScanResult& scan) {
  if (!parent || parent->root == scan.root) return 0;
  std::uint64_t count = 0;
  try {
    diff_trees(source, get_root(source, parent->root), scan.root_node, [&](const std::string&, const Entry* before, const Entry* after) {
      if (before != nullptr && before->type != EntryType::directory && after == nullptr) ++count;
    });
  } catch (const Error&) {
    return 0;
  }
  return count;
}

}  // namespace

Record build_checkpoint_record(const RecordParts& parts, const CheckpointOptions& options) {
  Record record = base_record(parts);
  record.kind = RecordKind::checkpoint;
  record.line = line_after(*parts.engine, parts.head, parts.number);
  record.tags = options.tags;
  std::sort(record.tags.begin(), record.tags.end());
  CheckpointRecord content = content_of(parts);
  std::vector<std::string> scope = options.paths;
  std::sort(scope.begin(), scope.end());
  content.scope = put_if_any(*parts.session, encode_path_list(scope), !scope.empty());
  content.check = check_word(options.check);
  content.image_kind = options.image_kind;
  content.image_id = options.image_id;
  content.image_digest = options.image_digest;
  parts.session->flush();  // so that the growth can be told
  note_growth(content, parts);
  Authorship authorship{default_signature(*parts.engine), join_trailers(options.message, options.metadata)};
  if (options.author) {
    authorship.signature.name = options.author->name;
    authorship.signature.email = options.author->email;
  }
  authorship.signature.offset_minutes = options.utc_offset_minutes;
  add_git_objects(record, content, authorship);
  record.packs = parts.session->published();
  record.head_after = {record.number, record.id()};
  return record;
}

Record build_safety_record(const RecordParts& parts, const std::string& message, const StreamRef& touched) {
  Record record = base_record(parts);
  record.kind = RecordKind::safety;
  record.touched = touched;
  CheckpointRecord content = content_of(parts);
  parts.session->flush();
  note_growth(content, parts);
  add_git_objects(record, content, {default_signature(*parts.engine), join_trailers(message, {})});
  record.packs = parts.session->published();
  record.head_after = parts.head;
  return record;
}

void check_checkpoint_options(Engine& engine, const CheckpointOptions& options) {
  for (const auto& [key, value] : options.metadata) {
    const bool word = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
    if (!word) throw Error(ErrorKind::usage, "metadata key " + quoted(key) + " may have letters, digits and - only");
    if (value.find_first_of("\r\n") != std::string::npos || value.find('\0') != std::string::npos)
      throw Error(ErrorKind::usage, "the value of metadata " + key + " must be one line");
  }
  std::set<std::string> names;
  for (const std::string& tag : options.tags) {
    check_tag_name(tag);
    if (!names.insert(tag).second) throw Error(ErrorKind::usage, "tag " + quoted(tag) + " is given twice");
    if (engine.log->find_tag(tag))
      throw Error(ErrorKind::refused, "tag " + quoted(tag) + " exists already",
                  "move it with 'metamori tag --force' once the checkpoint is taken");
  }
  if (options.message.find('\0') != std::string::npos) throw Error(ErrorKind::usage, "the message holds a NUL byte");
}

CheckpointReport report_checkpoint(Engine& engine, ChunkSession& session, const ScanResult& scan, const TakenCheckpoint& outcome,
                                   std::int64_t started_ns) {
  CheckpointReport report;
  if (outcome.position.number != 0) report.checkpoint = describe_checkpoint(engine, outcome.position, false);
  report.created = outcome.created;
  fill_report(report, scan);
  report.files_removed = count_removed(session, outcome.parent, scan);
  report.bytes_added = session.totals().pack_bytes;
  report.seconds = static_cast<double>(engine.system.monotonic_ns() - started_ns) / 1e9;
  return report;
}

CheckpointReport rehearse_checkpoint(Engine& engine, const CheckpointOptions& options) {
  const std::int64_t started_ns = engine.system.monotonic_ns();
  ScratchChunks scratch(*engine.store);
  const Basis basis = read_basis(engine);
  TreeScan walk(engine, {scratch, scratch}, scan_options(options, basis));
  const ScanResult scan = walk.run();
  CheckpointReport report;
  if (basis.head.number != 0) report.checkpoint = describe_checkpoint(engine, basis.head, false);
  report.damaged_records = basis.damaged;
  fill_report(report, scan);
  report.files_removed = count_removed(scratch, basis.parent, scan);
  report.seconds = static_cast<double>(engine.system.monotonic_ns() - started_ns) / 1e9;
  return report;
}

bool CheckpointReport::has_losses() const noexcept {
  return std::any_of(verdicts.begin(), verdicts.end(), [](const CapturedPath& path) {
    return path.verdict == CaptureVerdict::torn || path.verdict == CaptureVerdict::kept || path.verdict == CaptureVerdict::unreadable;
  });
}

}  // namespace metamori
