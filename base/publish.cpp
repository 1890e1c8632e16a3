// How bytes get a name. Bytes before names: a file is written and synced under a temporary name, renamed, and then the directory is synced.

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/files.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kPrivateMode = 0600, kSharedMode = 0660;

/// Removes a temporary name unless it was published. Failing to is not an error: temporaries are garbage that gc clears away.
class TempName {
 public:
  TempName(System& system, int dir, std::string name) : system_(system), dir_(dir), name_(std::move(name)) {}
  TempName(const TempName&) = delete;
  TempName& operator=(const TempName&) = delete;
  ~TempName() {
    if (!published_) system_.remove_file(dir_, name_.c_str());
  }
  [[nodiscard]] const char* c_str() const noexcept { return name_.c_str(); }
  void set_published() noexcept { published_ = true; }

 private:
  System& system_;
  int dir_;
  std::string name_;
  bool published_ = false;
};

bool is_file(System& system, int dir, const std::string& name, const FileStat& wanted) {
  FileStat found;
  const int error = retry_interrupted([&] { return system.stat_at(dir, name.c_str(), found); });
  return error >= 0 && found.device == wanted.device && found.inode == wanted.inode;
}

/// link + unlink: as atomic as RENAME_NOREPLACE where that is missing. Network file systems may report failure for what they did, because
/// the answer was lost and the request repeated; so the inode decides.
bool publish_by_link(System& system, int tmp_dir, const std::string& tmp_name, int dir, const std::string& name, const FileStat& file,
                     std::string_view path) {
  const int error = retry_interrupted([&] { return system.link(tmp_dir, tmp_name.c_str(), dir, name.c_str()); });
  if (error < 0 && !is_file(system, dir, name, file)) {
    if (error == -EEXIST) return false;
    if (error == -EPERM || error == -EOPNOTSUPP || error == -ENOSYS)
      throw Error(ErrorKind::unsupported,
                  "publish " + quoted(path) + ": the file system can neither rename without replacing nor make hard links", {},
                  std::string(path));
    throw_io(-error, "publish", path);
  }
  retry_interrupted([&] { return system.remove_file(tmp_dir, tmp_name.c_str()); });  // a second name is garbage, not damage
  return true;
}

enum class Durability { synced, cache };

void replace(System& system, int tmp_dir, int dir, const std::string& name, ByteView bytes, std::string_view path, std::uint32_t mode,
             Durability durability) {
  TempName temp(system, tmp_dir, unique_name(system, "replace-"));
  Fd file;
  try {
    file = create_temporary(system, tmp_dir, temp.c_str(), O_WRONLY, path);
  } catch (const Error&) {
    temp.set_published();  // there is nothing of ours to remove
    throw;
  }
  write_all(system, file.get(), bytes, 0, path);
  if (mode != kPrivateMode)
    if (const int error = retry_interrupted([&] { return system.set_mode(file.get(), mode); }); error < 0)
      throw_io(-error, "set the mode of", path);
  if (durability == Durability::synced) sync_file(system, file.get(), path);
  file.close(path);
  if (const int error = retry_interrupted([&] { return system.rename(tmp_dir, temp.c_str(), dir, name.c_str(), RenameMode::replace); });
      error < 0)
    throw_io(-error, "replace", path);
  temp.set_published();
  if (durability == Durability::synced) sync_file(system, dir, path);
}

}  // namespace

Fd create_temporary(System& system, int dir, const char* name, int access, std::string_view path) {
  const bool is_shared = (stat_of(system, dir, path).mode & S_IWGRP) != 0;  // looked at first: when it fails there is nothing to remove
  Fd file = open_file(system, dir, name, access | O_CREAT | O_EXCL | O_NOFOLLOW, kPrivateMode, path);
  if (!is_shared) return file;
  if (const int error = retry_interrupted([&] { return system.set_mode(file.get(), kSharedMode); }); error < 0) {
    system.remove_file(dir, name);
    throw_io(-error, "set the mode of", path);
  }
  return file;
}

bool publish_no_replace(System& system, int tmp_dir, const std::string& tmp_name, int dir, const std::string& name, std::string_view path) {
  FileStat file;
  if (const int error = retry_interrupted([&] { return system.stat_at(tmp_dir, tmp_name.c_str(), file); }); error < 0)
    throw_io(-error, "publish", path);
  const int error = retry_interrupted([&] { return system.rename(tmp_dir, tmp_name.c_str(), dir, name.c_str(), RenameMode::no_replace); });
  if (error >= 0) return true;
  if (error == -EINVAL || error == -ENOSYS) return publish_by_link(system, tmp_dir, tmp_name, dir, name, file, path);
  if (is_file(system, dir, name, file) && !is_file(system, tmp_dir, tmp_name, file))
    return true;  // done, but interrupted before we were told
  if (error == -EEXIST) return false;
  throw_io(-error, "publish", path);
}

void replace_file(System& system, int tmp_dir, int dir, const std::string& name, ByteView bytes, std::string_view path,
                  std::uint32_t mode) {
  replace(system, tmp_dir, dir, name, bytes, path, mode, Durability::synced);
}

void replace_cache_file(System& system, int tmp_dir, int dir, const std::string& name, ByteView bytes, std::string_view path) {
  replace(system, tmp_dir, dir, name, bytes, path, kPrivateMode, Durability::cache);
}

}  // namespace metamori
