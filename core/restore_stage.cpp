// Making what is new beside its place, and taking it away again.

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "core/restore_run.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxSingleSyncs = 256;  ///< more nodes than this are synced by one call
constexpr std::uint64_t kMinCloneBytes = 1ULL << 20;
constexpr std::uint32_t kOwnerBits = 0700;

std::uint64_t node_count(const std::vector<TreePut>& puts) noexcept {
  std::uint64_t count = 0;
  for (const TreePut& put : puts) count += 1 + put.entry.entries_below;
  return count;
}

}  // namespace

RestoreRun::RestoreRun(Engine& engine, const Intent& intent, WarningList& warnings, TransferMeter& meter, std::size_t job_count)
    : engine_(engine),
      system_(engine.system),
      intent_(intent),
      plan_(intent.plan),
      warnings_(warnings),
      meter_(meter),
      job_count_(job_count),
      source_(*engine.store),
      directories_(engine.system, engine.tree.get(), engine.tree_directory),
      target_(get_root(source_, intent.target_root)),
      writer_(engine.system, source_, intent.plan.policy, warnings, meter) {
  if (!plan_.old_root.is_zero()) old_ = get_root(source_, plan_.old_root);
}

/// Directories whose owner may not write in them are opened up until the end, when they get their final mode.
void RestoreRun::open_up_directories() {
  if (system_.identity().uid == 0) return;
  const auto open_up = [&](const std::string& path) {
    const auto stat = directories_.stat(path);
    if (!stat || !has_type(*stat, EntryType::directory) || (stat->mode & kOwnerBits) == kOwnerBits) return;
    const std::uint32_t mode = (stat->mode & 07777) | kOwnerBits;
    const std::string name(path.empty() ? std::string_view(".") : name_of(path));
    const Directory parent = directories_.find(directory_of(path));
    if (parent)
      retry_interrupted([&] { return system_.set_mode_at(parent->get(), name.c_str(), mode); });  // if it fails, so will what needs it
  };
  for (const PlanDirectory& directory : plan_.directories) open_up(directory.path);
  for (const Step& step : plan_.steps)
    if (step.kind == StepKind::make_directory) open_up(step.path);
}

Entry RestoreRun::entry_in(const Root& root, const std::string& path) {
  auto entry = find_path(source_, root, path);
  if (!entry)
    throw Error(ErrorKind::corrupt, "the plan of the unfinished restore names " + quoted(path) + ", which the checkpoint does not hold", {},
                path);
  return std::move(*entry);
}

/// Where recovery makes what it has to make once more. Not under its first staged name: what stands there is whole.
std::string RestoreRun::spare_name(const Step& step) const {
  const auto index = static_cast<std::uint64_t>(&step - plan_.steps.data());
  return join_path(directory_of(step.path), intent_.staged_name(plan_.staged_count + index));
}

/// Where what is to be at `path` is, or was, before it gets its name.
std::optional<std::string> RestoreRun::staged_place(std::string_view path) const {
  for (std::string_view above = path; !above.empty(); above = directory_of(above)) {
    const auto step = std::lower_bound(plan_.steps.begin(), plan_.steps.end(), above,
                                       [](const Step& a, std::string_view b) { return WalkOrder()(a.path, b); });
    if (step == plan_.steps.end() || step->path != above) continue;
    if (step->kind != StepKind::put || (!step->deep && above != path)) return std::nullopt;
    return staged_path(*step) + std::string(path.substr(above.size()));
  }
  return std::nullopt;
}

TreePut RestoreRun::put_of(const Step& step) {
  TreePut put;
  put.disk_path = staged_path(step);
  put.path = step.path;
  put.entry = entry_in(target_, step.path);
  if (step.stat && put.entry.type != EntryType::directory && !S_ISDIR(step.stat->mode))
    put.inherited = Inherited{step.stat->uid, step.stat->gid, step.stat->mode};
  const bool may_clone = put.entry.type == EntryType::file && put.entry.content.length >= kMinCloneBytes && step.old == OldState::saved &&
                         S_ISREG(step.stat->mode);
  if (!may_clone) return put;
  const Entry old = entry_in(*old_, step.path);
  if (old.type != EntryType::file || old.content_unknown || old.content.length != step.stat->size_bytes) return put;
  put.clone_path = step.path;
  put.clone_content = old.content;
  return put;
}

void RestoreRun::write_puts(NodeWriter& writer, std::vector<TreePut> puts, const LinkTable& links) {
  std::set<std::string> stage_dirs;
  for (const TreePut& put : puts) stage_dirs.emplace(directory_of(put.disk_path));
  TreeWriterOptions options;
  // What can't be opened can't be synced by itself either: symbolic links, FIFOs, devices, and directories may hold some.
  const bool all_files = std::all_of(puts.begin(), puts.end(), [](const TreePut& put) { return put.entry.type == EntryType::file; });
  options.sync_each = all_files && node_count(puts) <= kMaxSingleSyncs;
  TreeWriter tree(directories_, writer, job_count_, links, options);
  tree.set_find_linked([this](const auto& group, const auto& others, const Entry& entry) { return find_linked(group, others, entry); });
  for (TreePut& put : puts) tree.add(std::move(put));
  tree.finish();
  if (!options.sync_each) {  // one call for each file system that the tree lies on
    std::set<std::uint64_t> synced;
    for (const std::string& path : stage_dirs) {
      const Directory dir = directories_.get(path);
      if (!synced.insert(stat_of(system_, dir->get(), path).device).second) continue;
      if (const int error = retry_interrupted([&] { return system_.sync_file_system(dir->get()); }); error < 0)
        throw_io(-error, "sync the file system of", path);
    }
  }
  sync_directories(stage_dirs);
}

/// Whether the file, link or node at `path` is what `entry` says, but for attributes and owner.
bool RestoreRun::is_like(const std::string& path, const FileStat& stat, const Entry& entry) {
  if (!has_type(stat, entry.type) || stat.mtime != entry.mtime || (stat.mode & 07777) != entry.mode) return false;
  if (entry.type == EntryType::file)
    return stat.size_bytes == entry.content.length && writer_.has_content(open_in_place(path, O_RDONLY).get(), entry.content, path);
  return leads_where(path, stat, entry);
}

/// Whether the link or node at `path`, of the type of `entry`, stands for the same.
bool RestoreRun::leads_where(const std::string& path, const FileStat& stat, const Entry& entry) {
  if (entry.type != EntryType::symlink) return stat.device_major == entry.device_major && stat.device_minor == entry.device_minor;
  const Directory dir = directories_.get(directory_of(path));
  const std::string name(name_of(path));
  Bytes target(stat.size_bytes + 1);
  const std::int64_t size = retry_interrupted([&] { return system_.read_symlink(dir->get(), name.c_str(), target); });
  if (size < 0 && size != -ENOENT && size != -EINVAL) throw_io(static_cast<int>(-size), "read link", path);
  return size >= 0 && as_text(ByteView(target).first(static_cast<std::size_t>(size))) == entry.target;
}

/// One of `others` that is on disk as `entry` says, under its own name or still staged, and has no name outside the group: what is made
/// anew is linked to it.
std::optional<std::string> RestoreRun::find_linked(const std::vector<std::string>& group, const std::vector<std::string>& others,
                                                   const Entry& entry) {
  const auto places_of = [&](const std::vector<std::string>& names) {
    std::vector<std::string> places = names;
    for (const std::string& name : names)
      if (auto staged = staged_place(name)) places.push_back(*std::move(staged));
    return places;
  };
  const std::vector<std::string> places = places_of(group);
  for (const std::string& path : places_of(others)) {
    const auto file = directories_.stat(path);
    if (!file || !is_like(path, *file, entry)) continue;
    if (plan_.policy.same_owner && (file->uid != entry.owner.uid || file->gid != entry.owner.gid)) continue;
    if (entry.type == EntryType::file && !writer_.has_attributes(open_in_place(path, O_RDONLY).get(), entry)) continue;
    const auto names = std::count_if(places.begin(), places.end(), [&](const std::string& name) {
      const auto stat = directories_.stat(name);
      return stat && stat->device == file->device && stat->inode == file->inode;
    });
    if (static_cast<std::uint32_t>(names) == file->link_count) return path;
  }
  return std::nullopt;
}

const LinkTable& RestoreRun::target_links() {
  if (!target_links_) target_links_ = get_links(source_, target_);
  return *target_links_;
}

void RestoreRun::stage() {
  open_up_directories();
  std::vector<TreePut> puts;
  std::uint64_t bytes = 0;
  for (const Step& step : plan_.steps) {
    if (step.kind != StepKind::put) continue;
    puts.push_back(put_of(step));
    bytes += puts.back().entry.type == EntryType::directory ? puts.back().entry.bytes_below : puts.back().entry.content.length;
  }
  meter_.begin(Phase::stage, node_count(puts), bytes);
  if (!puts.empty()) write_puts(writer_, std::move(puts), target_links());
}

void RestoreRun::sync_directories(const std::set<std::string>& paths) {
  for (const std::string& path : paths)
    if (const Directory dir = directories_.find(path)) sync_file(system_, dir->get(), directories_.shown(path));
}

void RestoreRun::unlink(const std::string& path) {
  const Directory dir = directories_.find(directory_of(path));
  if (!dir) return;
  const int error = retry_interrupted([&] { return system_.remove_file(dir->get(), std::string(name_of(path)).c_str()); });
  if (error < 0 && error != -ENOENT) throw_io(-error, "remove", path);
}

bool RestoreRun::remove_empty_directory(const std::string& path) {
  const Directory dir = directories_.find(directory_of(path));
  if (!dir) return true;
  directories_.forget(path);
  const int error = retry_interrupted([&] { return system_.remove_directory(dir->get(), std::string(name_of(path)).c_str()); });
  if (error == -ENOTEMPTY || error == -EEXIST) return false;
  if (error < 0 && error != -ENOENT) throw_io(-error, "remove directory", path);
  return true;
}

/// Everything at and below a staged name: all of it is ours.
void RestoreRun::remove_tree(const std::string& path) {
  const auto top = directories_.stat(path);
  if (!top) return;
  if (!has_type(*top, EntryType::directory)) {
    unlink(path);
    return;
  }
  std::vector<std::string> found{path};
  for (std::size_t i = 0; i < found.size(); ++i) {  // grows while it is walked: a directory before what is below it
    const std::string dir_path = found[i];
    const Directory parent = directories_.get(directory_of(dir_path));
    retry_interrupted([&] { return system_.set_mode_at(parent->get(), std::string(name_of(dir_path)).c_str(), kOwnerBits); });
    const Directory dir = directories_.get(dir_path);
    for (const DirectoryName& name : list_directory(system_, dir->get(), directories_.shown(dir_path))) {
      std::string child = join_path(dir_path, name.name);
      const auto stat = directories_.stat(child);
      if (stat && has_type(*stat, EntryType::directory))
        found.push_back(std::move(child));
      else
        unlink(child);
    }
  }
  for (auto dir_path = found.rbegin(); dir_path != found.rend(); ++dir_path) remove_empty_directory(*dir_path);
}

/// A power cut may leave what was renamed with both its names.
void RestoreRun::drop_second_name(const Step& step) {
  if (step.kind != StepKind::put) return;
  const std::string staged = staged_path(step);
  const auto made = directories_.stat(staged);
  if (!made || S_ISDIR(made->mode)) return;
  const auto now = directories_.stat(step.path);
  if (now && now->device == made->device && now->inode == made->inode) unlink(staged);
}

void RestoreRun::unstage() {
  open_up_directories();
  for (const Step& step : plan_.steps)
    if (step.kind == StepKind::put) remove_tree(staged_path(step));
  settle_old_directories({});
}

}  // namespace metamori
