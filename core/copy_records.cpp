#include "core/copy_records.hpp"

#include <algorithm>

#include "core/describe.hpp"
#include "core/looking.hpp"
#include "objects/record_log_refs.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMaxLineBytes = 200;  ///< of a line's name that is made longer

[[noreturn]] void refuse(const RecordSummary& record) {
  const std::string name = "number " + std::to_string(record.number);
  if (record.kind == RecordKind::safety)
    throw Error(ErrorKind::usage, name + " is a safety checkpoint, which belongs to the tree it was taken of and is not copied",
                "bring it back with 'metamori restore', take a checkpoint, and copy that");
  throw Error(ErrorKind::bad_revision, "checkpoint " + std::to_string(record.number) + " was forgotten",
              "'metamori undo' brings it back until gc");
}

std::vector<Position> resolve_each(Engine& source, const std::string& revision) {
  if (revision.find("..") == std::string::npos || revision.starts_with(":/")) return {source.history->resolve(revision)};
  LogOptions range;
  range.from = revision;
  range.limit = 0;
  std::vector<Position> result;
  for (const CheckpointInfo& info : list_log(source, range)) result.push_back({info.number, info.id});
  if (result.empty()) throw Error(ErrorKind::bad_revision, quoted(revision) + " names no checkpoint");
  return result;
}

}  // namespace

std::vector<CopySource> list_copied(Engine& source, const std::vector<std::string>& revisions,
                                    const std::function<bool(const CheckpointId&)>& is_there) {
  std::vector<Position> named;
  for (const std::string& revision : revisions)
    for (const Position& position : resolve_each(source, revision)) named.push_back(position);
  if (revisions.empty()) source.log->damaged();  // all means all that can be read
  std::map<std::uint64_t, const RecordSummary*> known;
  for (const RecordSummary& record : source.log->summaries()) known.emplace(record.number, &record);
  std::map<std::uint64_t, CopySource> found;
  std::vector<Position> open;
  for (const Position& position : named) {
    const auto record = known.find(position.number);
    if (record != known.end() && record->second->kind != RecordKind::checkpoint) refuse(*record->second);
    found[position.number] = {position.number, position.id, true};
    open.push_back(position);
  }
  if (revisions.empty()) {
    for (const auto& [number, record] : known) {
      if (record->kind != RecordKind::checkpoint) continue;
      found[number] = {number, record->id, true};
      open.push_back({number, record->id});
    }
  }
  while (!open.empty()) {
    const Position position = open.back();
    open.pop_back();
    const auto record = known.find(position.number);
    if (record == known.end()) continue;  // damaged: whoever needs it is told
    for (const Position& parent : record->second->parents) {
      if (parent.number == 0 || found.contains(parent.number) || is_there(parent.id)) continue;
      found[parent.number] = {parent.number, parent.id, false};
      open.push_back(parent);
    }
  }
  std::vector<CopySource> result;
  for (const auto& [number, item] : found) result.push_back(item);
  return result;
}

CopyRecords::CopyRecords(Engine& source, Engine& target) : source_(source), target_(target) {
  for (const RecordSummary& record : source.log->summaries()) {
    if (record.kind == RecordKind::move) continue;
    source_lines_.emplace(record.id, record.line);
    source_numbers_.emplace(record.id, record.number);
  }
  for (const Tag& tag : source.log->tags()) source_tags_.emplace(tag.target.number, tag.name);
  look_at_target();
}

void CopyRecords::look_at_target() {
  known_highest_ = target_.log->highest();  // before: what comes meanwhile is looked at again
  first_own_ = known_highest_ + 1;
  there_.clear();
  tips_.clear();
  for (const RecordSummary& record : target_.log->summaries()) {
    if (record.kind == RecordKind::move) continue;
    there_[record.id] = {record.number, record.kind == RecordKind::checkpoint, record.line};
    if (!record.line.empty()) tips_[record.line] = record.number;
  }
}

void CopyRecords::note(const Record& record) {
  there_[record.id()] = {record.number, record.kind == RecordKind::checkpoint, record.line};
  if (!record.line.empty()) tips_[record.line] = std::max(tips_[record.line], record.number);
}

CopyRecords::State CopyRecords::state_of(const CheckpointId& id) {
  const auto found = there_.find(id);
  if (found == there_.end()) return State::absent;
  if (found->second.is_live) return State::live;
  const Record record = target_.log->get(found->second.number);
  if (record.kind == RecordKind::tombstone && record.tomb_time == 0 && !record.content_held) return State::ancestor;
  return record.kind == RecordKind::checkpoint ? State::live : State::forgotten;
}

Position CopyRecords::position_of(const CheckpointId& id) const {
  const auto found = there_.find(id);
  return found == there_.end() ? Position{} : Position{found->second.number, id};
}

std::optional<ChunkId> CopyRecords::newest_root() {
  const auto newest = target_.log->newest_checkpoint();
  return newest ? find_content_root(target_, *newest) : std::nullopt;
}

std::vector<Position> CopyRecords::parents_of(const Record& from) const {
  std::vector<Position> parents;
  for (const CheckpointId& id : decode_commit(from.commit, "checkpoints/" + std::to_string(from.number)).parents) {
    const Position parent = position_of(id);
    if (parent.number == 0)
      throw Error(ErrorKind::corrupt, "checkpoint " + std::to_string(from.number) + " can't be copied without its ancestor " + to_hex(id));
    parents.push_back(parent);
  }
  return parents;
}

/// Its parent's, where it goes on with that in the source and the parent is the last of its line here; else that of the source if nobody
/// has it here; else a new one.
std::string CopyRecords::line_for(const Record& from, const std::vector<Position>& parents, std::uint64_t number) const {
  if (from.line.empty()) return {};
  if (!parents.empty()) {
    const auto source = source_lines_.find(parents.front().id);
    const Known& parent = there_.at(parents.front().id);
    const auto tip = tips_.find(parent.line);
    if (source != source_lines_.end() && source->second == from.line && tip != tips_.end() && tip->second == parent.number)
      return parent.line;
  }
  std::string line = from.line;
  while (tips_.contains(line)) line = line.substr(0, kMaxLineBytes) + '-' + std::to_string(number);
  return line;
}

std::vector<std::string> CopyRecords::free_tags(const CheckpointId& id) {
  std::vector<std::string> result;
  const auto number = source_numbers_.find(id);
  if (number == source_numbers_.end()) return result;
  RecordRefs refs(target_.system, target_.dirs.refs.get(), target_.dirs.tmp.get());
  const auto [first, last] = source_tags_.equal_range(number->second);
  for (auto tag = first; tag != last; ++tag) {
    const std::string& name = tag->second;
    try {
      check_tag_name(name);
      const auto holder = target_.log->find_tag(name);
      const auto noted = refs.find_tag(name);
      if (holder ? holder->id != id : tips_.contains(name)) {
        taken_tags_.insert(name);
      } else if (!holder && !noted) {  // one that was taken away here stays away
        result.push_back(name);
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::usage && error.kind() != ErrorKind::corrupt) throw;
      taken_tags_.insert(name);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

void CopyRecords::copy_tags(const CheckpointId& id) {
  for (const std::string& name : free_tags(id)) target_.log->set_tag(name, position_of(id));
}

Record CopyRecords::publish(const Record& from, const Content& content) {
  Record record;
  record.number = from.number;
  record.blob = from.blob;
  record.tree = from.tree;
  record.commit = from.commit;
  record.gc_generation = content.gc_generation;
  record.packs = content.packs;
  record.kind = content.is_held ? RecordKind::checkpoint : RecordKind::tombstone;
  for (;;) {
    // Somebody else may have brought it meanwhile. If it comes from here on, the number is taken.
    if (target_.log->highest() != known_highest_) look_at_target();
    if (const Position there = position_of(record.id()); there.number != 0) return revive(record, content, there.number);
    record.tags = content.is_held ? free_tags(record.id()) : std::vector<std::string>();
    record.number = known_highest_ + 1;  // before HEAD: if that moves meanwhile, the number is taken
    record.head_before = record.head_after = target_.log->head_at(first_own_ - 1);  // what was published here left it where it was
    record.parents = parents_of(from);
    record.line = from.kind == RecordKind::safety ? std::string() : line_for(from, record.parents, record.number);
    if (!content.is_held) record.parents.clear();
    if (target_.log->publish(record)) break;
  }
  note(record);
  known_highest_ = record.number;
  return record;
}

/// HEAD stays where it was at that place in history.
Record CopyRecords::revive(const Record& from, const Content& content, std::uint64_t number) {
  Record record = target_.log->get(number);
  if (record.kind != RecordKind::tombstone || !content.is_held) return record;
  const Position own{number, record.id()};
  record.kind = RecordKind::checkpoint;
  record.parents = parents_of(from);
  record.gc_generation = content.gc_generation;
  record.packs = content.packs;
  record.head_before = record.head_after;
  if (record.head_after == own) record.head_before = record.parents.empty() ? Position{} : record.parents.front();
  target_.log->replace(record);
  note(record);
  copy_tags(record.id());
  return record;
}

}  // namespace metamori
