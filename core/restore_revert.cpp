// Taking a restore back after the point of no return: what is new goes, what was there comes back from the old root. Can be interrupted and
// begun again: whatever is already as it was is left alone, and so is what is neither as it was nor as the restore made it, because then it
// is somebody's newer work.

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "core/restore_run.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kPrivateDirectory = 0700;

bool is_old_file(const Step& step, const std::optional<FileStat>& now) { return now && step.stat && is_unchanged(*step.stat, *now); }

/// Whether something else stands where a directory was, that is not to be removed.
bool is_lost_directory(const Step& step, const std::optional<FileStat>& now) {
  return step.old == OldState::saved && S_ISDIR(step.stat->mode) && now && !S_ISDIR(now->mode);
}

/// Whether a directory stands, or stood, against something else.
bool is_swap(const Step& step, const Entry& entry) { return step.stat && S_ISDIR(step.stat->mode) != (entry.type == EntryType::directory); }

}  // namespace

void RestoreRun::check_revertible() {
  for (const Step& step : plan_.steps) {
    if (step.old != OldState::lost || is_old_file(step, directories_.stat(step.path))) continue;
    throw Error(ErrorKind::refused, "take back the restore: what " + quoted(step.path) + " was before is in no checkpoint",
                "'metamori recover' finishes the restore", step.path);
  }
}

void RestoreRun::revert() {
  meter_.begin(Phase::apply, plan_.steps.size(), 0);
  open_up_directories();
  for (const Step& step : plan_.steps) {
    remove_tree(spare_name(step));  // left by an attempt before this one
    drop_second_name(step);
  }
  for (auto step = plan_.steps.rbegin(); step != plan_.steps.rend(); ++step)
    if (step->kind == StepKind::put || step->kind == StepKind::make_directory) revert_new(*step);
  std::vector<const Step*> missing;
  const Step* lost_directory = nullptr;  // whose name is somebody's newer work: what was in it has no place
  for (const Step& step : plan_.steps) {
    if (lost_directory != nullptr && is_at_or_below(step.path, lost_directory->path)) {
      if (step.old != OldState::absent) warn_changed(step.path);
      continue;
    }
    if (step.kind == StepKind::rewrite)
      revert_rewrite(step);
    else if (step.kind == StepKind::metadata)
      revert_metadata(step);
    else if (needs_old(step))
      missing.push_back(&step);
    else if (is_lost_directory(step, directories_.stat(step.path)))
      lost_directory = &step;
  }
  bring_back(missing);
  for (const Step& step : plan_.steps)
    if (step.kind == StepKind::put) remove_tree(staged_path(step));
  std::set<std::string> recreated;
  for (const Step& step : plan_.steps)
    if (step.old == OldState::saved && S_ISDIR(step.stat->mode)) recreated.insert(step.path);
  settle_old_directories(recreated);
}

/// Whether what is there is what `entry` says. Times alone don't tell on file systems with coarse ones.
bool RestoreRun::is_entry(const std::string& path, const FileStat& stat, const Entry& entry) {
  if (!has_type(stat, entry.type)) return false;
  if (entry.type == EntryType::directory) return true;
  if (entry.type != EntryType::file) return leads_where(path, stat, entry);
  if (stat.size_bytes != entry.content.length) return false;
  if (stat.mtime == entry.mtime) return true;
  const Fd file = open_in_place(path, O_RDONLY);
  return writer_.has_content(file.get(), entry.content, path);
}

void RestoreRun::remove_if_new(const std::string& path, const Entry& entry) {
  const auto now = directories_.stat(path);
  if (!now) return;
  if (is_entry(path, *now, entry))
    unlink(path);
  else
    warn_changed(path);
}

/// Removes what the restore made below `path`, and the directories that are empty then.
void RestoreRun::remove_new_tree(const std::string& path, const Entry& entry) {
  std::vector<std::pair<std::string, StreamRef>> found{{path, entry.content}};
  for (std::size_t i = 0; i < found.size(); ++i) {  // grows while it is walked
    const std::string dir_path = found[i].first;
    const StreamRef listing = found[i].second;
    const auto now = directories_.stat(dir_path);
    if (!now || !has_type(*now, EntryType::directory)) continue;
    const Directory parent = directories_.get(directory_of(dir_path));
    if ((now->mode & kPrivateDirectory) != kPrivateDirectory)
      retry_interrupted([&] {
        return system_.set_mode_at(parent->get(), std::string(name_of(dir_path)).c_str(), (now->mode & 07777) | kPrivateDirectory);
      });
    for (DirectoryCursor cursor(source_, listing); !cursor.at_end(); cursor.next()) {
      const Entry* const child = cursor.current();
      if (child == nullptr) break;
      std::string child_path = join_path(dir_path, child->name);
      if (child->type == EntryType::directory)
        found.emplace_back(std::move(child_path), child->content);
      else
        remove_if_new(child_path, *child);
    }
  }
  for (auto item = found.rbegin(); item != found.rend(); ++item)
    if (!remove_empty_directory(item->first)) warn_changed(item->first);
}

void RestoreRun::revert_new(const Step& step) {
  if (step.kind == StepKind::put && directories_.stat(staged_path(step))) return;  // it never got its name
  const auto now = directories_.stat(step.path);
  if (!now) return;
  const Entry entry = entry_in(target_, step.path);
  if (step.old != OldState::absent && !is_swap(step, entry)) return;        // replaced by a rename when the old one comes back
  if (step.stat && S_ISDIR(step.stat->mode) == S_ISDIR(now->mode)) return;  // of a swap: the old one is back already
  if (entry.type != EntryType::directory)
    remove_if_new(step.path, entry);
  else if (!has_type(*now, EntryType::directory))
    warn_changed(step.path);
  else if (step.deep)
    remove_new_tree(step.path, entry);
  else if (!remove_empty_directory(step.path))
    warn_changed(step.path);
}

/// Whether the old state of a put, a removal or a made directory has to be made again.
bool RestoreRun::needs_old(const Step& step) {
  if (step.old != OldState::saved) return false;
  const auto now = directories_.stat(step.path);
  if (!now) return true;
  if (is_old_file(step, now)) return false;
  const Entry old = entry_in(*old_, step.path);
  const bool is_back = is_entry(step.path, *now, old);
  // What looks like both (same size and time) is brought back once more: that does no harm.
  const bool got_its_name = step.kind == StepKind::put && !directories_.stat(staged_path(step));
  if (got_its_name && is_entry(step.path, *now, entry_in(target_, step.path))) return old.type != EntryType::directory;
  if (!is_back) warn_changed(step.path);
  return false;
}

void RestoreRun::bring_back(const std::vector<const Step*>& steps) {
  std::vector<TreePut> puts;
  for (const Step* step : steps) {
    TreePut put;
    put.entry = entry_in(*old_, step->path);
    if (put.entry.type == EntryType::directory) {  // what was in it has steps of its own
      const Directory parent = directories_.get(directory_of(step->path));
      const int error = retry_interrupted(
          [&] { return system_.make_directory(parent->get(), std::string(name_of(step->path)).c_str(), kPrivateDirectory); });
      if (error < 0 && error != -EEXIST) throw_io(-error, "create directory", step->path);
      continue;
    }
    put.disk_path = spare_name(*step);
    put.path = step->path;
    put.inherited = Inherited{step->stat->uid, step->stat->gid, step->stat->mode};
    puts.push_back(std::move(put));
  }
  if (puts.empty()) return;
  NodePolicy policy = plan_.policy;
  policy.special = true;
  NodeWriter writer(system_, source_, policy, warnings_, meter_);
  write_puts(writer, std::move(puts), get_links(source_, *old_));
  for (const Step* step : steps) {
    const std::string staged = spare_name(*step);
    if (directories_.stat(staged)) put_in_place(*step, staged, directories_.stat(step->path).has_value());
  }
}

void RestoreRun::revert_rewrite(const Step& step) {
  const auto now = directories_.stat(step.path);
  const Entry old = entry_in(*old_, step.path);
  const Entry made = entry_in(target_, step.path);
  if (!now || now->inode != step.stat->inode || !has_type(*now, EntryType::file)) {
    warn_changed(step.path);
    return;
  }
  Fd file = open_in_place(step.path, O_RDWR);
  // After a power cut new bytes may be there with the old times.
  if (is_old_file(step, now) && writer_.has_content(file.get(), old.content, step.path)) return;
  if (!is_mixture(file.get(), old.content, made.content, step.path)) {
    warn_changed(step.path);
    return;
  }
  writer_.rewrite(file.get(), source_, made.content, old.content, step.path);
  writer_.set_metadata(file.get(), old, step.path, Inherited{step.stat->uid, step.stat->gid, step.stat->mode});
  sync_file(system_, file.get(), step.path);
  file.close(step.path);
}

void RestoreRun::revert_metadata(const Step& step) {
  const auto now = directories_.stat(step.path);
  if (step.old != OldState::saved) return;  // check_revertible() found it as it was
  const Entry made = entry_in(target_, step.path);
  const bool is_ours = now && now->inode == step.stat->inode && now->size_bytes == step.stat->size_bytes &&
                       (now->mtime == step.stat->mtime || now->mtime == made.mtime);
  if (!is_ours) {
    warn_changed(step.path);
    return;
  }
  Fd file = open_in_place(step.path, O_RDONLY);
  writer_.set_metadata(file.get(), entry_in(*old_, step.path), step.path, Inherited{step.stat->uid, step.stat->gid, step.stat->mode});
  sync_file(system_, file.get(), step.path);
}

void RestoreRun::settle_old_directories(const std::set<std::string>& recreated) {
  std::map<std::string, const PlanDirectory*, WalkOrder> all;
  for (const std::string& path : recreated) all.emplace(path, nullptr);
  for (const PlanDirectory& directory : plan_.directories) all.insert_or_assign(directory.path, &directory);
  for (auto item = all.rbegin(); item != all.rend(); ++item) {
    const std::string& path = item->first;
    const PlanDirectory* const planned = item->second;
    const Directory dir = directories_.find(path);
    if (!dir) continue;
    const FileStat now = stat_of(system_, dir->get(), directories_.shown(path));
    const auto entry = old_ ? find_path(source_, *old_, path) : std::nullopt;
    if (entry && entry->type == EntryType::directory && !entry->content_unknown && (planned == nullptr || planned->in_old_root))
      writer_.set_metadata(dir->get(), *entry, path, Inherited{now.uid, now.gid, now.mode});
    if (planned != nullptr) {  // as it was on disk, which is newer than what a checkpoint knows
      if ((now.mode & 07777) != planned->mode) retry_interrupted([&] { return system_.set_mode(dir->get(), planned->mode); });
      if (const int error = retry_interrupted([&] { return system_.set_mtime(dir->get(), planned->mtime); }); error < 0)
        warnings_.add(path, "its time could not be put back");
    }
    sync_file(system_, dir->get(), directories_.shown(path));
  }
}

}  // namespace metamori
