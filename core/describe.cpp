#include "core/describe.hpp"

#include <algorithm>

#include "core/locate.hpp"
#include "objects/record_log_refs.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxListBytes = 1ULL << 30;  ///< of verdicts, scope and rules

std::string record_path(const Engine& engine, std::uint64_t number) {
  return joined_path(engine.repository_directory, "checkpoints/" + std::to_string(number));
}

CheckMode check_mode_of(const std::string& text) {
  if (text == "mtime") return CheckMode::mtime;
  return text == "content" ? CheckMode::content : CheckMode::automatic;
}

/// Growth by the packs that are still there; folding packs takes the figure away.
std::uint64_t packs_bytes(const Engine& engine, const std::vector<ChunkId>& packs) {
  std::uint64_t total = 0;
  for (const ChunkId& name : packs) {
    FileStat found;
    const std::string file = pack_file_name(name);
    if (retry_interrupted([&] { return engine.system.stat_at(engine.dirs.packs.get(), file.c_str(), found); }) >= 0)
      total += found.size_bytes;
  }
  return total;
}

void fill_parents(Engine& engine, const DecodedCheckpoint& from, CheckpointInfo& info) {
  info.parents = from.commit.parents;
  if (from.record.kind != RecordKind::tombstone) {
    for (const Position& parent : from.record.parents) info.parent_numbers.push_back(parent.number);
    return;
  }
  // A tombstone keeps the git objects alone, which know no numbers.
  for (const RecordSummary& summary : engine.log->summaries())
    if (summary.number == info.number)
      for (const Position& parent : summary.parents) info.parent_numbers.push_back(parent.number);
}

void fill_details(Engine& engine, const DecodedCheckpoint& from, CheckpointInfo& info) {
  ChunkSource& source = *engine.store;
  for (PathVerdict& verdict : decode_verdicts(get_bytes(source, from.content.verdicts, kMaxListBytes)))
    info.verdicts.push_back(
        {std::move(verdict.path), static_cast<CaptureVerdict>(verdict.verdict), static_cast<Liveness>(verdict.live), {}});
  info.scope = decode_path_list(get_bytes(source, from.content.scope, kMaxListBytes));
  const Bytes rules = get_bytes(source, from.content.rules, kMaxListBytes);
  info.rules = as_text(rules);
}

/// All but the tags.
CheckpointInfo describe_untagged(Engine& engine, const DecodedCheckpoint& from, bool details) {
  const Record& record = from.record;
  CheckpointInfo info;
  info.id = record.id();
  info.number = record.number;
  info.is_forgotten = record.kind == RecordKind::tombstone;
  info.line = record.line;
  info.is_safety = record.kind == RecordKind::safety || (info.is_forgotten && record.line.empty());
  fill_parents(engine, from, info);
  info.time = {from.commit.committer.seconds, 0};
  info.utc_offset_minutes = from.commit.author.offset_minutes;
  info.author = {from.commit.author.name, from.commit.author.email};
  SplitMessage message = split_trailers(from.commit.message);
  info.message = std::move(message.text);
  info.metadata = std::move(message.trailers);
  info.root = from.content.root;
  info.entries = from.content.entries;
  info.files = from.content.files;
  info.bytes_total = from.content.bytes;
  info.bytes_added = packs_bytes(engine, record.packs);
  info.scan_start = from.content.start;
  info.scan_end = from.content.end;
  info.check = check_mode_of(from.content.check);
  info.image_kind = from.content.image_kind;
  info.image_id = from.content.image_id;
  info.image_digest = from.content.image_digest;
  if (details && !(info.is_forgotten && !record.content_held)) fill_details(engine, from, info);
  return info;
}

/// Tags of one checkpoint, without the summaries of all where they can't matter: this is on the way of every checkpoint.
std::vector<std::string> tags_of(Engine& engine, const Record& record) {
  const Position position{record.number, record.id()};
  RecordRefs refs(engine.system, engine.dirs.refs.get(), engine.dirs.tmp.get());
  const auto given_later = refs.tags();
  std::vector<std::string> tags;
  for (const std::string& name : record.tags) {
    if (given_later.contains(name)) continue;
    // A higher record may have taken the name over.
    if (record.number == engine.log->highest() || engine.log->find_tag(name) == position) tags.push_back(name);
  }
  for (const auto& [name, target] : given_later)
    if (target == position) tags.push_back(name);
  std::sort(tags.begin(), tags.end());
  return tags;
}

}  // namespace

DecodedCheckpoint get_checkpoint(Engine& engine, const Position& position) {
  DecodedCheckpoint result;
  result.record = engine.log->get(position.number);
  const std::string path = record_path(engine, position.number);
  if (result.record.kind == RecordKind::move)
    throw Error(ErrorKind::bad_revision, "number " + std::to_string(position.number) + " is a move of HEAD, not a checkpoint");
  if (!position.id.is_zero() && result.record.id() != position.id)
    throw Error(ErrorKind::corrupt, quoted(path) + " holds checkpoint " + to_hex(result.record.id()) + " instead of " + to_hex(position.id),
                {}, path);
  result.content = decode_checkpoint_record(result.record.blob, path);
  result.commit = decode_commit(result.record.commit, path);
  return result;
}

std::optional<ChunkId> find_content_root(Engine& engine, const Position& position) {
  if (position.number == 0) return std::nullopt;
  const DecodedCheckpoint found = get_checkpoint(engine, position);
  if (found.record.kind == RecordKind::tombstone && !found.record.content_held) return std::nullopt;
  return found.content.root;
}

ChunkId get_content_root(Engine& engine, const Position& position) {
  const auto root = find_content_root(engine, position);
  if (!root)
    throw Error(ErrorKind::bad_revision, "checkpoint " + std::to_string(position.number) + " was forgotten, and its content is gone",
                "metamori log lists those there are");
  return *root;
}

Describer::Describer(Engine& engine) : engine_(engine) {
  for (const Tag& tag : engine.log->tags()) tags_.emplace(tag.target.number, tag.name);
}

CheckpointInfo Describer::describe(const Position& position, bool details) {
  CheckpointInfo info = describe_untagged(engine_, get_checkpoint(engine_, position), details);
  const auto [first, last] = tags_.equal_range(info.number);
  for (auto tag = first; tag != last; ++tag) info.tags.push_back(tag->second);
  std::sort(info.tags.begin(), info.tags.end());
  return info;
}

CheckpointInfo describe_checkpoint(Engine& engine, const Position& position, bool details) {
  const DecodedCheckpoint checkpoint = get_checkpoint(engine, position);
  CheckpointInfo info = describe_untagged(engine, checkpoint, details);
  info.tags = tags_of(engine, checkpoint.record);
  return info;
}

}  // namespace metamori
