// The C interface: looking at checkpoints, changes and verdicts, and naming checkpoints.

#include "core/c_api_support.hpp"

struct metamori_log {
  std::vector<metamori::CheckpointInfo> checkpoints;
};
struct metamori_changes {
  std::vector<metamori::Change> changes;
};
struct metamori_verdicts {
  std::vector<metamori::CapturedPath> paths;
};

namespace {

using namespace metamori;
using namespace metamori::c_api;

metamori_change describe(const Change& from) {
  metamori_change change = METAMORI_CHANGE_INIT;
  change.kind = static_cast<metamori_change_kind>(from.kind);
  change.type = static_cast<metamori_node_type>(from.type);
  change.size_before = from.size_before.value_or(0);
  change.size_after = from.size_after.value_or(0);
  change.bytes_changed = from.bytes_changed;
  change.range_count = from.ranges.size();
  return change;
}
static_assert(static_cast<int>(ChangeKind::added) == METAMORI_CHANGE_ADDED &&
              static_cast<int>(ChangeKind::renamed) == METAMORI_CHANGE_RENAMED);
static_assert(static_cast<int>(NodeType::file) == METAMORI_NODE_FILE &&
              static_cast<int>(NodeType::block_device) == METAMORI_NODE_BLOCK_DEVICE);
static_assert(static_cast<int>(CaptureVerdict::clean) == METAMORI_VERDICT_CLEAN &&
              static_cast<int>(CaptureVerdict::assumed) == METAMORI_VERDICT_ASSUMED);

metamori_status_report describe(const StatusReport& from) {
  metamori_status_report report = METAMORI_STATUS_REPORT_INIT;
  report.head_number = from.head_number;
  if (from.head) copy_text(to_hex(*from.head), report.head_id);
  report.restore_pending = from.restore_pending ? 1 : 0;
  report.added = from.diff.added;
  report.removed = from.diff.removed;
  report.modified = from.diff.modified;
  report.metadata = from.diff.metadata;
  report.renamed = from.diff.renamed;
  report.unreadable = from.diff.unreadable.size();
  return report;
}

}  // namespace

metamori_kind metamori_resolve(metamori_repository* repository, const char* revision, metamori_checkpoint_info* info,
                               metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(revision, "revision");
    give(describe(repository->repository.resolve(revision)), info);
  });
}

metamori_kind metamori_log_open(metamori_repository* repository, const char* revision, uint64_t limit, metamori_log** log,
                                metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(log, "log");
    *log = nullptr;
    LogOptions options;
    if (revision != nullptr) options.from = revision;
    options.limit = limit;
    *log = new metamori_log{repository->repository.log(options)};
  });
}

metamori_kind metamori_log_search(metamori_repository* repository, const metamori_log_options* options, metamori_log** log,
                                  metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(log, "log");
    *log = nullptr;
    const metamori_log_options given = options_of(options, metamori_log_options METAMORI_LOG_OPTIONS_INIT);
    LogOptions wanted;
    if (given.revision != nullptr) wanted.from = given.revision;
    wanted.limit = given.limit;
    wanted.all = given.all != 0;
    wanted.paths = strings(given.paths, given.path_count);
    wanted.follow = given.no_follow == 0;
    const auto words = strings(given.metadata, 2 * given.metadata_count);
    for (std::size_t i = 0; i < words.size(); i += 2) wanted.metadata.emplace_back(words[i], words[i + 1]);
    if (given.has_since != 0) wanted.since_seconds = given.since_seconds;
    if (given.has_until != 0) wanted.until_seconds = given.until_seconds;
    *log = new metamori_log{repository->repository.log(wanted)};
  });
}

size_t metamori_log_count(const metamori_log* log) { return log == nullptr ? 0 : log->checkpoints.size(); }

metamori_kind metamori_log_get(const metamori_log* log, size_t index, metamori_checkpoint_info* info) {
  return guarded(nullptr, [&] {
    if (index >= metamori_log_count(log)) fail_usage("no such checkpoint in the log");
    give(describe(log->checkpoints[index]), info);
  });
}

const char* metamori_log_message(const metamori_log* log, size_t index) {
  return index < metamori_log_count(log) ? log->checkpoints[index].message.c_str() : nullptr;
}

const char* metamori_log_metadata(const metamori_log* log, size_t index, const char* key) {
  if (index >= metamori_log_count(log) || key == nullptr) return nullptr;
  for (const auto& [name, value] : log->checkpoints[index].metadata)
    if (name == key) return value.c_str();
  return nullptr;
}

void metamori_log_free(metamori_log* log) { delete log; }

metamori_kind metamori_stats(metamori_repository* repository, const char* revision, metamori_stats_report* report, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    give(metamori_stats_report METAMORI_STATS_REPORT_INIT, report);
    StatsOptions options;
    if (revision != nullptr) options.revision = revision;
    const StatsReport found = repository->repository.stats(options);
    metamori_stats_report result = METAMORI_STATS_REPORT_INIT;
    result.checkpoints = found.checkpoints;
    result.packs = found.packs;
    result.pack_bytes = found.pack_bytes;
    result.files_logical = found.files.logical;
    result.files_unique = found.files.unique;
    result.files_stored = found.files.stored;
    result.structure_stored = found.structure.stored;
    result.unused_stored = found.unused.stored;
    if (found.checkpoint) {
      result.whole_logical = found.checkpoint->whole.logical;
      result.whole_stored = found.checkpoint->whole.stored;
      result.only_here_stored = found.checkpoint->only_here.stored;
    }
    give(result, report);
  });
}

metamori_kind metamori_tag(metamori_repository* repository, const char* name, const char* revision, int force, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(name, "name");
    require(revision, "revision");
    repository->repository.tag(name, revision, force != 0);
  });
}

metamori_kind metamori_remove_tag(metamori_repository* repository, const char* name, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(name, "name");
    repository->repository.remove_tag(name);
  });
}

metamori_kind metamori_verdicts_open(metamori_repository* repository, const char* revision, metamori_verdicts** verdicts,
                                     metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(verdicts, "verdicts");
    *verdicts = nullptr;
    *verdicts = new metamori_verdicts{repository->repository.show(revision == nullptr ? "HEAD" : revision).verdicts};
  });
}

size_t metamori_verdicts_count(const metamori_verdicts* verdicts) { return verdicts == nullptr ? 0 : verdicts->paths.size(); }

metamori_verdict metamori_verdicts_get(const metamori_verdicts* verdicts, size_t index) {
  if (index >= metamori_verdicts_count(verdicts)) return METAMORI_VERDICT_CLEAN;
  return static_cast<metamori_verdict>(verdicts->paths[index].verdict);
}

const char* metamori_verdicts_path(const metamori_verdicts* verdicts, size_t index) {
  return index < metamori_verdicts_count(verdicts) ? verdicts->paths[index].path.c_str() : nullptr;
}

void metamori_verdicts_free(metamori_verdicts* verdicts) { delete verdicts; }

size_t metamori_changes_count(const metamori_changes* changes) { return changes == nullptr ? 0 : changes->changes.size(); }

metamori_kind metamori_changes_get(const metamori_changes* changes, size_t index, metamori_change* change) {
  return guarded(nullptr, [&] {
    if (index >= metamori_changes_count(changes)) fail_usage("no such change");
    give(describe(changes->changes[index]), change);
  });
}

const char* metamori_changes_path(const metamori_changes* changes, size_t index) {
  return index < metamori_changes_count(changes) ? changes->changes[index].path.c_str() : nullptr;
}

const char* metamori_changes_from(const metamori_changes* changes, size_t index) {
  if (index >= metamori_changes_count(changes) || !changes->changes[index].from) return nullptr;
  return changes->changes[index].from->c_str();
}

metamori_kind metamori_changes_range(const metamori_changes* changes, size_t index, size_t range, uint64_t* offset, uint64_t* length) {
  if (index >= metamori_changes_count(changes) || range >= changes->changes[index].ranges.size()) return METAMORI_USAGE;
  *offset = changes->changes[index].ranges[range].offset;
  *length = changes->changes[index].ranges[range].length;
  return METAMORI_OK;
}

void metamori_changes_free(metamori_changes* changes) { delete changes; }

metamori_kind metamori_diff(metamori_repository* repository, const metamori_diff_options* options, metamori_changes** changes,
                            metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(changes, "changes");
    *changes = nullptr;
    const metamori_diff_options given = options_of(options, metamori_diff_options METAMORI_DIFF_OPTIONS_INIT);
    Callback callback(given.control);
    DiffOptions diff;
    if (given.from != nullptr) diff.from = given.from;
    if (given.to != nullptr) diff.to = given.to;
    diff.paths = strings(given.paths, given.path_count);
    diff.ranges = given.ranges != 0;
    diff.range_gap = given.range_gap;
    diff.detect_renames = given.no_renames == 0;
    diff.control = control_of(given.control, callback);
    *changes = new metamori_changes{repository->repository.diff(diff).changes};
  });
}

metamori_kind metamori_status(metamori_repository* repository, const metamori_control* control, metamori_status_report* report,
                              metamori_changes** changes, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    if (changes != nullptr) *changes = nullptr;
    give(metamori_status_report METAMORI_STATUS_REPORT_INIT, report);
    const metamori_control given = control_or_none(control);
    Callback callback(given);
    StatusReport found = repository->repository.status(control_of(given, callback));
    give(describe(found), report);
    if (changes != nullptr) *changes = new metamori_changes{std::move(found.diff.changes)};
  });
}

metamori_kind metamori_read(metamori_repository* repository, const char* revision, const char* path, uint64_t offset, void* buffer,
                            size_t* length, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(revision, "revision");
    require(path, "path");
    require(length, "length");
    if (*length > 0) require(buffer, "buffer");
    char* next = static_cast<char*>(buffer);
    repository->repository.read(revision, path, offset, *length, [&](ByteView piece) {
      std::memcpy(next, piece.data(), piece.size());
      next += piece.size();
    });
    *length = static_cast<std::size_t>(next - static_cast<char*>(buffer));
  });
}
