#include "core/restore_in_place.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.hpp"
#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/replaced_content.hpp"
#include "core/restore_run.hpp"
#include "core/torn_files.hpp"
#include "objects/intact_chunks.hpp"

namespace metamori {
namespace {

constexpr std::size_t kNamedPaths = 5;
constexpr std::uint64_t kMaxRulesBytes = 1ULL << 30;
constexpr const char* kUnfinishedHint = "'metamori recover' finishes the restore, 'metamori recover --abort' takes it back";

std::uint64_t data_bytes(ChunkSource& source, const StreamRef& content) {
  std::uint64_t bytes = 0;
  for (ExtentCursor cursor(source, content); !cursor.at_end(); cursor.next())
    if (const Extent* const extent = cursor.current(); extent != nullptr && !extent->is_hole()) bytes += extent->length;
  return bytes;
}

}  // namespace

std::string named(const std::vector<std::string>& paths) {
  std::string text;
  for (std::size_t i = 0; i < std::min(paths.size(), kNamedPaths); ++i) text += (i == 0 ? "" : ", ") + quoted(paths[i]);
  if (paths.size() > kNamedPaths) text += " and " + std::to_string(paths.size() - kNamedPaths) + " more";
  return text;
}

RestoreSource source_at(Engine& engine, const Position& position) {
  RestoreSource source;
  source.position = position;
  source.decoded = get_checkpoint(engine, position);
  const Record& record = source.decoded.record;
  if (record.kind == RecordKind::tombstone && !record.content_held)
    throw Error(ErrorKind::refused, "checkpoint " + std::to_string(position.number) + " was forgotten, and its content is gone");
  source.head = record.kind == RecordKind::safety ? record.head_after : position;
  const Bytes rules = get_bytes(*engine.store, source.decoded.content.rules, kMaxRulesBytes);
  source.rules = as_text(rules);
  return source;
}

RestoreSource resolve_source(Engine& engine, std::string_view revision) {
  const Position position = engine.history->resolve(revision);
  if (position.number == 0) throw Error(ErrorKind::bad_revision, quoted(revision) + ": there is no checkpoint yet");
  return source_at(engine, position);
}

NodePolicy node_policy(const RestoreOptions& options) noexcept {
  return {options.same_owner, options.special, options.same_owner || options.privileged_attributes, options.verify};
}

InPlaceRestore::InPlaceRestore(Engine& engine, const RestoreOptions& options)
    : engine_(engine),
      options_(options),
      meter_(engine.system, options.control, "restore"),
      directories_(engine.system, engine.tree.get(), engine.tree_directory) {}

RestoreReport InPlaceRestore::run(const TakeAim& take_aim) {
  take_aim_ = take_aim;
  std::optional<Lock> lock;
  if (!options_.dry_run) {
    require_writable(engine_);
    lock.emplace(engine_, kTreeLock, LockMode::exclusive, options_.control);
  }
  refuse_pending_restore(engine_, options_.control);
  head_before_ = engine_.log->head();
  const bool saves = options_.save && !options_.dry_run;
  if (saves)
    save();
  else
    look();
  report_.checkpoint = describe_checkpoint(engine_, aim_.from, false);
  fill_report();
  const TornFiles torn(engine_, aim_.from, warnings_);
  report_.torn = torn.find([&](const std::string& path) { return is_written(report_.actions, path); });
  if (!options_.dry_run) {
    if (saves)
      settle_saved();
    else
      settle_unsaved();
    if (!draft_.plan.empty())
      carry_out();
    else
      move_head(false);
  }
  if (!options_.dry_run) report_.bytes_written = meter_.bytes();
  report_.warnings = warnings_.take();
  report_.seconds = meter_.seconds();
  return std::move(report_);
}

void InPlaceRestore::draft(const ScanResult& scan, ChunkSource& source) {
  meter_.begin(Phase::plan, 0, 0);
  aim_ = take_aim_(scan, source);
  draft_ = draft_restore(engine_, directories_, source, scan, aim_.goal);
  if (options_.look_for_writers && !options_.force) refuse_live();
  meter_.check_stop();
}

void InPlaceRestore::look() {
  ScanOptions options;
  options.base_root = find_content_root(engine_, head_before_);
  options.is_kept = false;
  options.control = options_.control;
  scan_scratch(options, ScratchKeeps::what_is_new);
  try {
    if (!options_.fall_back || find_unreadable_nodes(*scratch_, scan_.root).empty()) return draft(scan_, *scratch_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt || find_unreadable_nodes(*scratch_, scan_.root).empty()) throw;
  }
  // Listings of the tree that are in a pack already, and damaged there, are made again.
  options.check = CheckMode::content;
  scan_scratch(options, ScratchKeeps::all);
  draft(scan_, *scratch_);
}

void InPlaceRestore::scan_scratch(const ScanOptions& options, ScratchKeeps keeps) {
  scratch_.emplace(*engine_.store, keeps);
  walk_ = std::make_unique<TreeScan>(engine_, ScanStore{*scratch_, *scratch_}, options);
  scan_ = walk_->run();
}

void InPlaceRestore::save() {
  safety_ = take_safety_checkpoint(
      engine_, aim_.message, [&](const ScanResult& scan, ChunkSession& session) { return find_touched(scan, session); }, options_.control);
  if (safety_->position.number != 0) report_.saved_as = describe_checkpoint(engine_, safety_->position, false);
}

std::optional<std::vector<TouchedPath>> InPlaceRestore::find_touched(const ScanResult& scan, ChunkSession& session) {
  // Somebody may have taken a checkpoint meanwhile. If HEAD moves after this, before the safety checkpoint is there, this is asked again.
  head_before_ = engine_.log->head();
  std::vector<ChunkId> damaged;
  // Which checkpoint is sound is told by what it differs in from the tree.
  if (options_.fall_back) damaged = find_unreadable_nodes(session, scan.root);
  if (damaged.empty()) {
    try {
      draft(scan, session);
      IntactChunks intact(engine_.store->index());
      find_lost(
          session, scan, get_root(session, aim_.goal.root), draft_,
          [&](const ChunkId& id) { return session.is_new(id) || intact.holds(id); },
          [&](const std::string& /*path*/, const ChunkId& id) { damaged.push_back(id); }, meter_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      damaged = find_unreadable_nodes(session, scan.root);
      if (damaged.empty()) throw;  // it is what is to be restored that can't be read
    }
  }
  for (const ChunkId& id : damaged) session.distrust(id);
  if (!damaged.empty()) return std::nullopt;
  if (!options_.force) refuse_lost(draft_.uncaptured, "could not be captured as they are");
  return draft_.touched;
}

/// A process that writes to a file would go on in the middle of what was put back, or in a file that has no name any more.
void InPlaceRestore::refuse_live() {
  std::vector<std::string> live;
  report_.writers_unknown = 0;
  for (const auto& [path, item] : draft_.items) {
    if (!item.stat || !has_type(*item.stat, EntryType::file)) continue;
    meter_.check_stop();
    const Directory dir = directories_.find(directory_of(path));
    const std::string name(name_of(path));
    const int opened =
        !dir ? -ENOENT
             : retry_interrupted([&] { return engine_.system.open_at(dir->get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0); });
    if (opened == -ENOENT) continue;
    const Fd file(engine_.system, opened);
    const int writers = file.is_open() ? engine_.system.probe_writers(opened) : opened;
    if (writers < 0)
      ++report_.writers_unknown;
    else if (writers > 0)
      live.push_back(path);
  }
  if (live.empty()) return;
  if (options_.dry_run) {
    for (const std::string& path : live) draft_.warnings.push_back({path, "is open for writing: without --force this would be refused"});
    return;
  }
  throw Error(ErrorKind::refused, "restore would change what a running process writes to: " + named(live),
              "stop the process first, or use --force", live.front());
}

void InPlaceRestore::refuse_lost(const std::vector<std::string>& paths, const std::string& what) const {
  if (paths.empty()) return;
  throw Error(ErrorKind::refused, "restore would overwrite or remove what is in no checkpoint: " + named(paths) + " " + what,
              options_.save ? "take a checkpoint first, or use --force" : "restore without --no-save, or use --force", paths.front());
}

/// What is staged is verified as it is written; what will be written over old bytes has to be readable before the first of them goes.
void InPlaceRestore::verify_ranges() {
  ChunkSource& source = lists();
  const Root target = get_root(source, aim_.goal.root);
  meter_.begin(Phase::verify, 0, 0);
  Bytes buffer;
  for (const Step& step : draft_.plan.steps) {
    if (step.kind != StepKind::rewrite) continue;
    const auto before = find_path(source, step.old == OldState::lost ? scan_.root_node : get_root(source, draft_.plan.old_root), step.path);
    const auto after = find_path(source, target, step.path);
    MM_ASSERT(before && after);
    ExtentCursor cursor(source, after->content);
    for_each_difference(source, before->content, after->content, [&](Range range) {
      for (cursor.seek(range.offset); !cursor.at_end(); cursor.next()) {
        const Extent* const extent = cursor.current();
        if (extent == nullptr || cursor.offset() >= range.offset + range.length) break;
        meter_.check_stop();
        if (!extent->is_hole()) source.read(extent->id, buffer);
      }
    });
  }
}

void InPlaceRestore::check_space() {
  FileSystemInfo info;
  if (engine_.system.file_system_info(engine_.tree.get(), info) < 0 || draft_.staged_bytes <= info.available_bytes) return;
  // Only now the holes are worth looking for.
  ChunkSource& source = *engine_.store;
  const Root target = get_root(source, aim_.goal.root);
  std::uint64_t needed = 0;
  for (const auto& [path, item] : draft_.items) {
    if (item.kind != StepKind::put || item.type != EntryType::file) continue;
    if (const auto entry = find_path(source, target, path)) needed += data_bytes(source, entry->content);
  }
  if (needed > info.available_bytes)
    throw Error(ErrorKind::no_space,
                "restore needs " + std::to_string(needed) + " bytes beside what is there, and only " +
                    std::to_string(info.available_bytes) + " are free",
                "restore fewer paths at once, or use --keep-inode to write in place");
}

void InPlaceRestore::carry_out() {
  verify_ranges();
  check_space();
  Intent intent;
  intent.head_before = head_before_;
  intent.head_after = aim_.head_after.value_or(head_before_);
  engine_.system.random(intent.identity);
  intent.reason = aim_.reason;
  if (safety_) intent.safety = safety_->position;
  intent.target_root = aim_.goal.root;
  intent.plan = std::move(draft_.plan);
  IntentFiles files(engine_);
  RestoreRun run(engine_, intent, warnings_, meter_, restore_job_count(options_.control));
  if (!safety_) run.set_captured(lists(), scan_.root_node);
  try {
    files.publish(intent);
    run.stage();
    run.check_unchanged();
    meter_.check_stop();
    files.mark(IntentMarker::staged);
  } catch (...) {
    try {
      run.unstage();
      files.drop();
    } catch (const Error&) {
      // The first error is the one to tell; the intent stays, and recovery does this again.
    }
    throw;
  }
  meter_.ignore_stop();
  try {
    run.apply(ApplyMode::first);
    move_head(true);
    files.drop();
  } catch (const Error& error) {
    throw Error(error.kind(), std::string(error.what()) + "; the restore is unfinished", kUnfinishedHint, error.path());
  }
}

/// Also where HEAD does not move it is told that files were put back, if any were: a checkpoint that was looking at the tree meanwhile has
/// seen some of both.
void InPlaceRestore::move_head(bool was_changed) {
  const std::uint64_t safety_number = safety_ ? safety_->position.number : 0;
  report_.head_moved = aim_.head_after && *aim_.head_after != head_before_;
  if (!report_.head_moved && !was_changed) return;
  if (aim_.head_after)
    publish_move(engine_, head_before_, *aim_.head_after, aim_.reason, safety_number);
  else
    publish_stay(engine_, aim_.reason, safety_number);
}

void InPlaceRestore::fill_report() {
  for (const RestoreAction& action : draft_.actions) ++(action.kind == RestoreActionKind::remove ? report_.removed : report_.written);
  if (options_.dry_run)
    for (const RestoreAction& action : draft_.actions) report_.bytes_written += action.bytes;
  report_.actions = std::move(draft_.actions);
  report_.unchanged = draft_.unchanged;
  report_.left_alone = draft_.left_alone;
  for (RestoreWarning& warning : draft_.warnings) warnings_.add(std::move(warning.path), std::move(warning.message));
}

}  // namespace metamori
