// Carrying out the plan. Every step can be done again, whatever part of it was done before.

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "core/restore_run.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kPrivateDirectory = 0700;
constexpr std::uint32_t kOwnerWrite = 0200;
constexpr std::size_t kCompareBytes = 1U << 20;

bool is_directory(const FileStat& stat) noexcept { return S_ISDIR(stat.mode); }

Inherited inherited_from(const OldStat& stat) noexcept { return {stat.uid, stat.gid, stat.mode}; }

}  // namespace

void RestoreRun::refuse_changed(const Step& step) const {
  throw Error(ErrorKind::refused, "restore: " + quoted(step.path) + " was changed since the restore was planned", {}, step.path);
}

void RestoreRun::check_unchanged() {
  for (const Step& step : plan_.steps) {
    const auto now = directories_.stat(step.path);
    if (step.stat.has_value() != now.has_value() || (now && !is_unchanged(*step.stat, *now))) refuse_changed(step);
  }
}

void RestoreRun::apply(ApplyMode mode) {
  meter_.begin(Phase::apply, plan_.steps.size(), 0);
  if (mode != ApplyMode::first) {
    open_up_directories();
    for (const Step& step : plan_.steps) {
      remove_tree(spare_name(step));  // left by an attempt before this one
      drop_second_name(step);
    }
  }
  for (auto step = plan_.steps.rbegin(); step != plan_.steps.rend(); ++step)  // what is in a directory goes before it
    if (step->kind == StepKind::remove) apply_remove(*step, mode);
  for (const Step& step : plan_.steps)
    if (step.kind != StepKind::remove) apply_step(step, mode);
  settle_directories();
}

void RestoreRun::apply_step(const Step& step, ApplyMode mode) {
  switch (step.kind) {
    case StepKind::put:
      apply_put(step, mode);
      break;
    case StepKind::rewrite:
      apply_rewrite(step, mode);
      break;
    case StepKind::metadata:
      apply_metadata(step, mode);
      break;
    case StepKind::make_directory:
      apply_make_directory(step, mode);
      break;
    case StepKind::remove:
      break;
  }
  meter_.add_file(step.path);
}

void RestoreRun::apply_remove(const Step& step, ApplyMode mode) {
  const auto now = directories_.stat(step.path);
  if (!now) return;
  if (!is_unchanged(*step.stat, *now) && mode != ApplyMode::force) refuse_changed(step);
  if (is_directory(*now))
    remove_empty_directory(step.path);  // one that still holds something stays
  else
    unlink(step.path);
}

/// Removes what is there so that a directory can take its place, or something else a directory's.
void RestoreRun::make_room(const Step& step, const FileStat& now, bool for_directory) {
  if (is_directory(now)) {
    if (!remove_empty_directory(step.path))
      throw Error(ErrorKind::refused,
                  "restore: the directory " + quoted(step.path) + " holds files that came after the restore was planned", {}, step.path);
  } else if (for_directory) {
    unlink(step.path);
  }
}

void RestoreRun::apply_put(const Step& step, ApplyMode mode) {
  std::string staged = staged_path(step);
  auto now = directories_.stat(step.path);
  const bool is_old = now && step.stat && is_unchanged(*step.stat, *now);
  auto made = directories_.stat(staged);
  if (!made) {
    if (mode == ApplyMode::first) throw_io(ENOENT, "find what was made for", step.path);
    if (now && !is_old && is_entry(step.path, *now, entry_in(target_, step.path))) return;  // it has its name already
    if (now && !is_old && mode != ApplyMode::force) refuse_changed(step);
    const auto again = make_again(step);
    if (!again) return;  // left out, with a warning
    staged = *again;
    made = directories_.stat(staged);
  }
  if (now && !is_old && mode != ApplyMode::force) refuse_changed(step);
  if (!now && step.stat && mode == ApplyMode::first) refuse_changed(step);
  if (now && (is_directory(*now) || is_directory(*made))) {
    make_room(step, *now, is_directory(*made));
    now.reset();
  }
  put_in_place(step, staged, now.has_value());
}

/// Makes what is to be at the path of `step` once more; where that is, if policy lets it be made.
std::optional<std::string> RestoreRun::make_again(const Step& step) {
  TreePut put = put_of(step);
  put.disk_path = spare_name(step);
  put.clone_content.reset();  // what the file it would be a clone of holds by now is not known
  write_puts(writer_, {put}, target_links());
  if (!directories_.stat(put.disk_path)) return std::nullopt;
  return put.disk_path;
}

void RestoreRun::put_in_place(const Step& step, const std::string& staged, bool replace) {
  const Directory from = directories_.get(directory_of(staged));
  const Directory to = directories_.get(directory_of(step.path));
  const std::string from_name(name_of(staged));
  const std::string to_name(name_of(step.path));
  const auto rename = [&](RenameMode mode) {
    return retry_interrupted([&] { return system_.rename(from->get(), from_name.c_str(), to->get(), to_name.c_str(), mode); });
  };
  int error = rename(replace ? RenameMode::replace : RenameMode::no_replace);
  if (!replace && (error == -EINVAL || error == -ENOSYS)) error = rename(RenameMode::replace);
  const auto staged_stat = error == -EACCES ? directories_.stat(staged) : std::nullopt;
  if (staged_stat && is_directory(*staged_stat)) {  // one that its owner may not write in can't change its parent; settled in the end
    retry_interrupted([&] { return system_.set_mode_at(from->get(), from_name.c_str(), (staged_stat->mode & 07777) | kOwnerWrite); });
    error = rename(replace ? RenameMode::replace : RenameMode::no_replace);
  }
  if (error == -EEXIST && !replace) refuse_changed(step);
  if (error < 0) throw_io(-error, "put in place", step.path);
  if (replace && directories_.stat(staged)) unlink(staged);  // renaming one name of a file over another of its names does nothing
  directories_.forget(staged);
  directories_.forget(step.path);
}

Fd RestoreRun::open_in_place(const std::string& path, int flags) {
  const Directory dir = directories_.get(directory_of(path));
  const std::string name(name_of(path));
  const int all = flags | O_NOFOLLOW | O_NONBLOCK;
  const auto open = [&] { return retry_interrupted([&] { return system_.open_at(dir->get(), name.c_str(), all, 0); }); };
  int fd = open();
  if (fd == -EACCES) {  // our own file, but its mode forbids it
    const auto stat = directories_.stat(path);
    const bool is_file = stat && has_type(*stat, EntryType::file);
    if (is_file) system_.set_mode_at(dir->get(), name.c_str(), (stat->mode & 07777) | 0600);
    fd = open();
    if (is_file) system_.set_mode_at(dir->get(), name.c_str(), stat->mode & 07777);  // what is open stays open
  }
  if (fd < 0) throw_io(-fd, "open", path);
  return {system_, fd};
}

/// Whether every byte is what one of the two contents has there: the state of a file that was being rewritten.
bool RestoreRun::is_mixture(int fd, const StreamRef& a, const StreamRef& b, const std::string& path) {
  const std::uint64_t size = stat_of(system_, fd, path).size_bytes;
  if (size != a.length && size != b.length) return false;
  const auto window = static_cast<std::size_t>(std::min<std::uint64_t>(kCompareBytes, size));
  Bytes found(window), in_a(window), in_b(window);
  const auto fill = [&](const StreamRef& content, std::uint64_t offset, Bytes& bytes) {
    std::fill(bytes.begin(), bytes.end(), std::byte{0});  // a file that was made longer holds zeros until it is written
    if (offset >= content.length) return;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), content.length - offset));
    read_content(source_, content, offset, std::span(bytes).first(count));
  };
  for (std::uint64_t offset = 0; offset < size; offset += window) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(window, size - offset));
    if (read_up_to(system_, fd, std::span(found).first(count), offset, path) != count) return false;
    fill(a, offset, in_a);
    fill(b, offset, in_b);
    for (std::size_t i = 0; i < count; ++i) {
      const bool is_new_room = found[i] == std::byte{0} && offset + i >= std::min(a.length, b.length);
      if (found[i] != in_a[i] && found[i] != in_b[i] && !is_new_room) return false;
    }
  }
  return true;
}

void RestoreRun::apply_rewrite(const Step& step, ApplyMode mode) {
  if (step.old == OldState::lost) return apply_rewrite_of_lost(step, mode);
  const Entry before = entry_in(*old_, step.path);
  const Entry after = entry_in(target_, step.path);
  const auto now = directories_.stat(step.path);
  const bool is_ours = now && now->inode == step.stat->inode && has_type(*now, EntryType::file);
  bool may_write = is_ours && is_unchanged(*step.stat, *now);
  Fd file;
  if (is_ours && (may_write || mode != ApplyMode::first)) {
    file = open_in_place(step.path, O_RDWR);
    may_write = may_write || is_mixture(file.get(), before.content, after.content, step.path);
  }
  if (!may_write) {
    if (mode != ApplyMode::force) refuse_changed(step);
    replace_whole(step);
    return;
  }
  writer_.rewrite(file.get(), source_, before.content, after.content, step.path);
  finish_rewrite(std::move(file), step, after);
}

/// What the file held is in no checkpoint: the caller wanted it gone. Done again, whatever it holds becomes what it is to be.
void RestoreRun::apply_rewrite_of_lost(const Step& step, ApplyMode mode) {
  const Entry after = entry_in(target_, step.path);
  const auto now = directories_.stat(step.path);
  const bool is_ours = now && now->inode == step.stat->inode && has_type(*now, EntryType::file);
  if (!is_ours || (mode == ApplyMode::first && !is_unchanged(*step.stat, *now))) {
    if (mode != ApplyMode::force) refuse_changed(step);
    replace_whole(step);
    return;
  }
  Fd file = open_in_place(step.path, O_RDWR);
  const auto before = captured_ ? find_path(*captured_lists_, *captured_, step.path) : std::nullopt;
  if (before && mode == ApplyMode::first)
    writer_.rewrite(file.get(), *captured_lists_, before->content, after.content, step.path);
  else
    writer_.rewrite_unknown(file.get(), after.content, step.path);
  finish_rewrite(std::move(file), step, after);
}

void RestoreRun::finish_rewrite(Fd file, const Step& step, const Entry& after) {
  if (plan_.policy.verify) writer_.verify(file.get(), after.content, step.path);
  writer_.set_metadata(file.get(), after, step.path, inherited_from(*step.stat));
  sync_file(system_, file.get(), step.path);
  file.close(step.path);
}

/// When forced: as a put whose old state does not matter.
void RestoreRun::replace_whole(const Step& step) {
  const auto made = make_again(step);
  if (!made) return;
  const auto now = directories_.stat(step.path);
  if (now && is_directory(*now)) make_room(step, *now, false);
  put_in_place(step, *made, now && !is_directory(*now));
  sync_directories({std::string(directory_of(step.path))});
}

void RestoreRun::apply_metadata(const Step& step, ApplyMode mode) {
  const Entry after = entry_in(target_, step.path);
  const auto now = directories_.stat(step.path);
  bool may_set = now && is_unchanged(*step.stat, *now);
  if (!may_set && mode != ApplyMode::first)
    may_set = now && now->inode == step.stat->inode && now->size_bytes == step.stat->size_bytes &&
              (now->mtime == step.stat->mtime || now->mtime == after.mtime);
  if (!may_set) {
    if (mode != ApplyMode::force) refuse_changed(step);
    replace_whole(step);
    return;
  }
  Fd file = open_in_place(step.path, O_RDONLY);
  writer_.set_metadata(file.get(), after, step.path, inherited_from(*step.stat));
  sync_file(system_, file.get(), step.path);
}

void RestoreRun::apply_make_directory(const Step& step, ApplyMode mode) {
  const auto now = directories_.stat(step.path);
  if (now && is_directory(*now)) {
    if (mode == ApplyMode::first) refuse_changed(step);
    return;
  }
  if (now) {
    const bool is_old = step.stat && is_unchanged(*step.stat, *now);
    if (!is_old && mode != ApplyMode::force) refuse_changed(step);
    make_room(step, *now, true);
  }
  const Directory parent = directories_.get(directory_of(step.path));
  const int error =
      retry_interrupted([&] { return system_.make_directory(parent->get(), std::string(name_of(step.path)).c_str(), kPrivateDirectory); });
  if (error < 0) throw_io(-error, "create directory", step.path);
}

/// Whether put_in_place() may have had to make a directory writable.
bool RestoreRun::was_opened_up(const Step& step) {
  return step.kind == StepKind::put && step.deep && step.stage_dir != directory_of(step.path) &&
         (entry_in(target_, step.path).mode & kOwnerWrite) == 0;
}

/// Last, as every name made or removed in a directory moves its time; the deepest first, as a mode may close a directory.
void RestoreRun::settle_directories() {
  std::map<std::string, const PlanDirectory*, WalkOrder> all;
  for (const PlanDirectory& directory : plan_.directories) all.emplace(directory.path, &directory);
  for (const Step& step : plan_.steps)
    if (step.kind == StepKind::make_directory || was_opened_up(step)) all.emplace(step.path, nullptr);
  for (auto item = all.rbegin(); item != all.rend(); ++item) {
    const std::string& path = item->first;
    const PlanDirectory* const planned = item->second;
    const Directory dir = directories_.find(path);
    if (!dir) continue;
    const FileStat now = stat_of(system_, dir->get(), directories_.shown(path));
    if (planned == nullptr || planned->from_target) {
      const Entry entry = path.empty() ? target_.top : entry_in(target_, path);
      writer_.set_metadata(dir->get(), entry, path,
                           planned == nullptr ? std::nullopt : std::optional(Inherited{now.uid, now.gid, now.mode}));
    } else if ((now.mode & 07777) != planned->mode) {
      if (const int error = retry_interrupted([&] { return system_.set_mode(dir->get(), planned->mode); }); error < 0)
        throw_io(-error, "set the mode of", path);
    }
    sync_file(system_, dir->get(), directories_.shown(path));
  }
}

}  // namespace metamori
