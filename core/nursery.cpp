#include "core/nursery.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/bytes.hpp"
#include "core/engine.hpp"
#include "core/locate.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kPrivateDirectory = 0700, kSharedDirectory = 02770;
constexpr std::uint32_t kPrivateFile = 0600, kSharedFile = 0660;

template <class Call>
void check(Call call, std::string_view action, const std::string& path) {
  if (const int error = retry_interrupted(call); error < 0) throw_io(-error, action, path);
}

}  // namespace

Nursery::Nursery(System& system, const Fd& parent, std::string parent_path, Options options)
    : system_(system),
      parent_(parent),
      parent_path_(std::move(parent_path)),
      temp_name_(unique_name(system, std::string(kStagePrefix) + "init-")),
      options_(options) {
  try {
    make(temp_name_, joined_path(parent_path_, temp_name_));
  } catch (...) {
    remove_built();
    throw;
  }
}

Nursery::~Nursery() {
  if (!published_) remove_built();
}

/// Garbage that stays where even this fails is harmless: its name is never tracked and never looked for.
void Nursery::remove_built() noexcept {
  try {
    for (auto name = files_.rbegin(); name != files_.rend(); ++name)
      retry_interrupted([&] { return system_.remove_file(parent_.get(), (temp_name_ + '/' + *name).c_str()); });
    for (auto name = directories_.rbegin(); name != directories_.rend(); ++name)
      retry_interrupted([&] { return system_.remove_directory(parent_.get(), (temp_name_ + '/' + *name).c_str()); });
    retry_interrupted([&] { return system_.remove_directory(parent_.get(), temp_name_.c_str()); });
  } catch (...) {  // out of memory: the same garbage
  }
}

std::string Nursery::temp_path(const std::string& name) const { return joined_path(joined_path(parent_path_, temp_name_), name); }

void Nursery::make(const std::string& path, const std::string& shown) {
  const std::uint32_t mode = options_.shared ? kSharedDirectory : kPrivateDirectory;
  check([&] { return system_.make_directory(parent_.get(), path.c_str(), mode); }, "make directory", shown);
  if (!options_.shared) return;
  const Fd made = open_file(system_, parent_.get(), path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, shown);
  const FileStat stat = stat_of(system_, made.get(), shown);
  if (stat.gid != options_.group) check([&] { return system_.set_owner(made.get(), stat.uid, options_.group); }, "set the group of", shown);
  check([&] { return system_.set_mode(made.get(), mode); }, "set the mode of",
        shown);  // after the group, which clears setgid; the umask took bits away
}

void Nursery::add_directory(const std::string& name) {
  directories_.push_back(name);
  make(temp_name_ + '/' + name, temp_path(name));
}

void Nursery::add_file(const std::string& name, std::string_view text) {
  const std::string path = temp_path(name);
  const std::uint32_t mode = options_.shared ? kSharedFile : kPrivateFile;
  files_.push_back(name);
  Fd file = open_file(system_, parent_.get(), (temp_name_ + '/' + name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, path);
  if (options_.shared) check([&] { return system_.set_mode(file.get(), mode); }, "set the mode of", path);
  write_all(system_, file.get(), as_bytes(text), 0, path);
  sync_file(system_, file.get(), path);
  file.close(path);
}

void Nursery::check_publishing() {
  const Fd top = open_directory(system_, parent_.get(), temp_name_.c_str(), joined_path(parent_path_, temp_name_));
  add_file("probe-a", "a");
  add_file("probe-b", "b");
  files_.emplace_back("probe");
  const std::string path = temp_path("probe");
  const bool first = publish_no_replace(system_, top.get(), "probe-a", top.get(), "probe", path);
  const bool second = publish_no_replace(system_, top.get(), "probe-b", top.get(), "probe", path);
  if (!first || second)
    throw Error(ErrorKind::unsupported, "the file system of " + quoted(parent_path_) + " replaces files when told not to",
                "'metamori init --repo-dir PATH' keeps the repository on another one", parent_path_);
  for (const char* name : {"probe", "probe-b"}) check([&] { return system_.remove_file(top.get(), name); }, "remove", temp_path(name));
  files_.resize(files_.size() - 3);
}

bool Nursery::publish_as(const std::string& name) {
  for (auto directory = directories_.rbegin(); directory != directories_.rend(); ++directory) {
    const Fd opened = open_directory(system_, parent_.get(), (temp_name_ + '/' + *directory).c_str(), temp_path(*directory));
    sync_file(system_, opened.get(), temp_path(*directory));
  }
  const std::string path = joined_path(parent_path_, name);
  FileStat made;
  {
    const Fd top = open_directory(system_, parent_.get(), temp_name_.c_str(), path);
    sync_file(system_, top.get(), path);
    made = stat_of(system_, top.get(), path);
  }
  const auto rename = [&](RenameMode mode) {
    return retry_interrupted([&] { return system_.rename(parent_.get(), temp_name_.c_str(), parent_.get(), name.c_str(), mode); });
  };
  int error = rename(RenameMode::no_replace);
  // Directories can't be linked; but a plain rename replaces nothing but an empty directory, which is no repository.
  if (error == -EINVAL || error == -ENOSYS) error = rename(RenameMode::replace);
  if (error < 0) {
    // On network file systems the answer may get lost, and the request be repeated: what has the name decides.
    const auto found = find_stat(system_, parent_.get(), name.c_str(), path);
    if (found && found->device == made.device && found->inode == made.inode) error = 0;
  }
  if (error == -EEXIST || error == -ENOTEMPTY || error == -ENOTDIR) return false;
  if (error < 0) throw_io(-error, "publish", path);
  published_ = true;
  sync_file(system_, parent_.get(), parent_path_);
  return true;
}

}  // namespace metamori
