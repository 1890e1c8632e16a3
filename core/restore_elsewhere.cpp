#include "core/restore_elsewhere.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>

#include "core/content_reader.hpp"
#include "core/fall_back.hpp"
#include "core/looking.hpp"
#include "core/materialize_tree.hpp"
#include "core/torn_files.hpp"
#include "core/tree_diff.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kNewDirectoryMode = 0777;

/// Opens the directory a user named; links in its path are the user's own and are followed. Made if missing, as are those above it.
Fd open_target(System& system, const std::string& path) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
    retry_interrupted(
        [&] { return system.make_directory(AT_FDCWD, path.substr(0, end).c_str(), kNewDirectoryMode); });  // what is missing shows below
  const int error = retry_interrupted([&] { return system.make_directory(AT_FDCWD, path.c_str(), kNewDirectoryMode); });
  if (error < 0 && error != -EEXIST) throw_io(-error, "create directory", path);
  return open_file(system, AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY, 0, path);
}

bool is_same_directory(const FileStat& a, const FileStat& b) noexcept { return a.device == b.device && a.inode == b.inode; }

/// The tree itself has a protocol of its own; inside the repository nothing may be written.
void refuse_own_places(Engine& engine, const Fd& target, const std::string& path) {
  System& system = engine.system;
  const FileStat repository = stat_of(system, engine.dirs.top.get(), engine.repository_directory);
  if (engine.tree.is_open() &&
      is_same_directory(stat_of(system, target.get(), path), stat_of(system, engine.tree.get(), engine.tree_directory)))
    throw Error(ErrorKind::usage, "restore to " + quoted(path) + ": that is the tree itself", "leave out the directory to restore in place",
                path);
  Fd here = open_file(system, target.get(), ".", O_RDONLY | O_DIRECTORY, 0, path);
  for (FileStat stat = stat_of(system, here.get(), path);;) {
    if (is_same_directory(stat, repository))
      throw Error(ErrorKind::usage, "restore to " + quoted(path) + ": that is inside the repository", {}, path);
    const int above = retry_interrupted([&] { return system.open_at(here.get(), "..", O_RDONLY | O_DIRECTORY, 0); });
    if (above < 0) return;  // can't be told further up; the repository's own directories can be read
    here = Fd(system, above);
    const FileStat next = stat_of(system, here.get(), path);
    if (is_same_directory(next, stat)) return;
    stat = next;
  }
}

class Filter {
 public:
  explicit Filter(std::vector<std::string> scope) : scope_(std::move(scope)) {}
  [[nodiscard]] bool covers(std::string_view path) const {
    return scope_.empty() || std::any_of(scope_.begin(), scope_.end(),
                                         [&](const std::string& top) { return is_at_or_below(path, top) || is_at_or_below(top, path); });
  }
  [[nodiscard]] const std::vector<std::string>& scope() const noexcept { return scope_; }

 private:
  std::vector<std::string> scope_;
};

void list_target(Engine& engine, const RestoreSource& from, const Filter& filter, RestoreReport& report) {
  const Root root = get_root(*engine.store, from.decoded.content.root);
  walk_tree(*engine.store, root.top, "", [&](const std::string& path, const Entry& entry) {
    if (path.empty() || !filter.covers(path)) return;
    const std::uint64_t bytes = entry.type == EntryType::file ? entry.content.length : 0;
    report.actions.push_back({path, RestoreActionKind::create, static_cast<NodeType>(entry.type), bytes});
    ++report.written;
    report.bytes_written += bytes;
  });
  std::sort(report.actions.begin(), report.actions.end(), [](const RestoreAction& a, const RestoreAction& b) { return a.path < b.path; });
  WarningList warnings;
  report.torn = TornFiles(engine, from.position, warnings).find([&](const std::string& path) { return is_written(report.actions, path); });
  report.warnings = warnings.take();
}

/// Which of some paths were written. Told from several threads.
class WrittenAmong {
 public:
  explicit WrittenAmong(const std::vector<std::string>& sorted) : sorted_(sorted) {}
  void note(const std::string& path) {
    if (!std::binary_search(sorted_.begin(), sorted_.end(), path)) return;
    const std::lock_guard guard(mutex_);
    written_.insert(path);
  }
  [[nodiscard]] bool has(const std::string& path) const { return written_.contains(path); }

 private:
  const std::vector<std::string>& sorted_;
  std::mutex mutex_;
  std::set<std::string> written_;
};

void sync_target(System& system, const Fd& target, const std::string& path) {
  if (const int error = retry_interrupted([&] { return system.sync_file_system(target.get()); }); error < 0) throw_io(-error, "sync", path);
  const int above = retry_interrupted([&] { return system.open_at(target.get(), "..", O_RDONLY | O_DIRECTORY, 0); });
  if (above >= 0) sync_file(system, Fd(system, above).get(), path);
}

void write_target(Engine& engine, const RestoreOptions& options, const RestoreSource& from, const Filter& filter, TransferMeter& meter,
                  RestoreReport& report) {
  System& system = engine.system;
  std::string path = *options.target;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.empty()) throw Error(ErrorKind::usage, "restore: the directory to restore to has no name");
  const Fd target = open_target(system, path);
  refuse_own_places(engine, target, path);
  const bool is_empty = list_directory(system, target.get(), path).empty();
  if (!is_empty && options.overwrite == Overwrite::always && !options.force)
    throw Error(ErrorKind::refused, "restore to " + quoted(path) + ": it is not empty",
                "use --overwrite=if-changed, --overwrite=never or --force", path);
  const Root root = get_root(*engine.store, from.decoded.content.root);
  WarningList warnings;
  NodeWriter writer(system, *engine.store, node_policy(options), warnings, meter);
  TreeDirectories directories(system, target.get(), path);
  const LinkTable links = get_links(*engine.store, root);
  TreeWriterOptions how;
  how.under_temporary_names = true;
  how.keep_going = true;
  how.may_exist = !is_empty;
  how.overwrite = options.overwrite;
  how.temporary_prefix = unique_name(system, kStagePrefix) + '-';
  TreeWriter tree(directories, writer, restore_job_count(options.control), links, how);
  tree.set_filter([&](const std::string& candidate) { return filter.covers(candidate); });
  const TornFiles torn(engine, from.position, warnings);
  WrittenAmong written(torn.candidates());
  if (!torn.candidates().empty()) tree.on_written([&](const std::string& name, const Entry&) { written.note(name); });
  meter.begin(Phase::stage, root.top.entries_below, root.top.bytes_below);
  TreePut top;
  top.entry = root.top;
  tree.add(std::move(top));
  tree.finish();
  sync_target(system, target, path);
  report.torn = torn.find([&](const std::string& name) { return written.has(name); });
  report.written = tree.totals().written;
  report.unchanged = tree.totals().unchanged;
  report.bytes_written = meter.bytes();
  report.warnings = warnings.take();
}

}  // namespace

void check_scope(Engine& engine, const RestoreSource& source, const std::vector<std::string>& scope, bool removable) {
  const Root root = get_root(*engine.store, source.decoded.content.root);
  for (const std::string& path : scope)
    if (!removable && !find_path(*engine.store, root, path))
      throw Error(ErrorKind::usage, "checkpoint " + std::to_string(source.position.number) + " has no " + quoted(path), {}, path);
}

RestoreReport restore_elsewhere(Engine& engine, const RestoreOptions& options) {
  if (options.remove_extra) throw Error(ErrorKind::usage, "restore: --delete is for restoring in place");
  const Filter filter(checked_scope(options.paths));
  TransferMeter meter(engine.system, options.control, "restore");
  ContentReader reader(*engine.store, meter);
  FallBack fall_back(engine, options);
  const RestoreSource source = fall_back.choose([&](const RestoreSource& candidate) {
    read_all(*engine.store, get_root(*engine.store, candidate.decoded.content.root), filter.scope(), reader);
  });
  RestoreReport report;
  report.checkpoint = describe_checkpoint(engine, source.position, false);
  if (options.dry_run)
    list_target(engine, source, filter, report);
  else
    write_target(engine, options, source, filter, meter, report);
  fall_back.tell(report);
  report.seconds = meter.seconds();
  return report;
}

}  // namespace metamori
