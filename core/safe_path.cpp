#include "core/safe_path.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace metamori {
namespace {

constexpr std::size_t kKeptDirectories = 128;
constexpr std::size_t kMaxStepBytes = 4000;  ///< below PATH_MAX, the most that one open takes

/// The part of `rest` that fits one open: whole components.
std::string_view next_step(std::string_view rest) noexcept {
  if (rest.size() <= kMaxStepBytes) return rest;
  return rest.substr(0, rest.rfind('/', kMaxStepBytes));  // a component has at most 255 bytes, so there is a slash
}

bool is_no_directory(int error) noexcept { return error == -ENOENT || error == -ENOTDIR || error == -ELOOP; }

}  // namespace

std::string_view directory_of(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) noexcept { return path.substr(path.rfind('/') + 1); }  // npos + 1 is 0

std::string join_path(std::string_view dir, std::string_view name) {
  std::string path(dir);
  if (!path.empty() && !name.empty()) path += '/';
  path += name;
  return path;
}

TreeDirectories::TreeDirectories(System& system, int top, std::string top_path)
    : system_(system), top_(std::make_shared<const Fd>(open_directory(system, top, ".", top_path))), top_path_(std::move(top_path)) {}

std::string TreeDirectories::shown(std::string_view path) const {
  if (path.empty()) return top_path_;
  return top_path_ + '/' + std::string(path);
}

Directory TreeDirectories::find_kept(std::string_view path) {
  const std::lock_guard guard(mutex_);
  const auto found = kept_.find(std::string(path));
  if (found == kept_.end()) return nullptr;
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.directory;
}

void TreeDirectories::keep(std::string_view path, const Directory& directory) {
  const std::lock_guard guard(mutex_);
  if (kept_.contains(std::string(path))) return;
  uses_.emplace_front(path);
  kept_.emplace(std::string(path), Kept{directory, uses_.begin()});
  if (kept_.size() <= kKeptDirectories) return;
  kept_.erase(uses_.back());
  uses_.pop_back();
}

Directory TreeDirectories::open_from(Directory from, std::string_view rest, std::string_view path) {
  while (!rest.empty()) {
    const std::string step(next_step(rest));
    const int fd =
        retry_interrupted([&] { return system_.open_beneath(from->get(), step.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0); });
    if (is_no_directory(fd)) return nullptr;
    if (fd < 0) throw_io(-fd, "open directory", shown(path));
    from = std::make_shared<const Fd>(system_, fd);
    rest.remove_prefix(std::min(rest.size(), step.size() + 1));
  }
  return from;
}

Directory TreeDirectories::find(std::string_view path) {
  if (path.empty()) return top_;
  if (Directory kept = find_kept(path)) return kept;
  const std::string_view parent = directory_of(path);
  Directory from = parent.empty() ? nullptr : find_kept(parent);
  const std::string_view rest = from ? name_of(path) : path;
  Directory opened = open_from(from ? from : top_, rest, path);
  if (opened) keep(path, opened);
  return opened;
}

Directory TreeDirectories::get(std::string_view path) {
  Directory directory = find(path);
  if (!directory) throw_io(ENOTDIR, "open directory", shown(path));
  return directory;
}

std::optional<FileStat> TreeDirectories::stat(std::string_view path) {
  if (path.empty()) return stat_of(system_, top_->get(), shown(path));
  const Directory parent = find(directory_of(path));
  if (!parent) return std::nullopt;
  return find_stat(system_, parent->get(), std::string(name_of(path)).c_str(), shown(path));
}

void TreeDirectories::forget(std::string_view path) {
  const std::lock_guard guard(mutex_);
  for (auto use = uses_.begin(); use != uses_.end();) {
    if (!is_at_or_below(*use, path)) {
      ++use;
      continue;
    }
    kept_.erase(*use);
    use = uses_.erase(use);
  }
}

}  // namespace metamori
