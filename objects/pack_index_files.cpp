#include "objects/pack_index_files.hpp"

#include <fcntl.h>

#include <algorithm>

namespace metamori {
namespace {

constexpr const char* kDirectory = "index";
constexpr std::string_view kPath = "cache/index";
constexpr std::string_view kPrefix = "level-";

bool is_cache_failure(const Error& error) noexcept { return error.kind() == ErrorKind::io || error.kind() == ErrorKind::no_space; }

}  // namespace

int LevelFiles::directory(bool create) {
  if (cache_dir_ < 0 || dir_.is_open()) return dir_.get();
  if (create) static_cast<void>(retry_interrupted([&] { return system_.make_directory(cache_dir_, kDirectory, 0700); }));
  try {
    if (auto found = find_file(system_, cache_dir_, kDirectory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, kPath)) dir_ = std::move(*found);
  } catch (const Error& error) {
    if (!is_cache_failure(error)) throw;
  }
  return dir_.get();
}

std::vector<std::shared_ptr<const IndexLevel>> LevelFiles::load_all(std::vector<std::string>& unsound) {
  std::vector<std::shared_ptr<const IndexLevel>> levels;
  const int dir = directory(false);
  if (dir < 0) return levels;
  try {
    for (const DirectoryName& entry : list_directory(system_, dir, kPath)) {
      if (!entry.name.starts_with(kPrefix)) continue;
      if (auto level = IndexLevel::load(system_, dir, entry.name)) {
        levels.push_back(std::move(level));
      } else {
        unsound.push_back(entry.name);
      }
    }
  } catch (const Error& error) {
    if (!is_cache_failure(error)) throw;
  }
  std::sort(levels.begin(), levels.end(), [](const auto& a, const auto& b) {
    return a->row_count() != b->row_count() ? a->row_count() > b->row_count() : a->file_name() < b->file_name();
  });
  return levels;
}

std::shared_ptr<const IndexLevel> LevelFiles::store(const std::function<void(const LevelWriter::Write&)>& fill) {
  const int dir = tmp_dir_ < 0 ? -1 : directory(true);
  if (dir < 0) return nullptr;
  const std::string tmp_name = unique_name(system_, "index-");
  const std::string name = unique_name(system_, kPrefix);
  bool made = false;
  std::shared_ptr<const IndexLevel> level;
  try {
    Fd file = create_temporary(system_, tmp_dir_, tmp_name.c_str(), O_WRONLY, kPath);
    made = true;
    fill([&](std::uint64_t offset, ByteView bytes) { write_all(system_, file.get(), bytes, offset, kPath); });
    file.close(kPath);
    // Not synced: a file that a crash leaves torn fails its checksums and is built again.
    const int error = retry_interrupted([&] { return system_.rename(tmp_dir_, tmp_name.c_str(), dir, name.c_str(), RenameMode::replace); });
    if (error < 0) throw_io(-error, "replace", kPath);
    made = false;
    level = IndexLevel::load(system_, dir, name);
  } catch (const Error& error) {
    if (made) system_.remove_file(tmp_dir_, tmp_name.c_str());
    if (!is_cache_failure(error)) throw;
  }
  return level;
}

void LevelFiles::remove(const std::string& file_name) {
  if (const int dir = directory(false); dir >= 0 && !file_name.empty()) static_cast<void>(system_.remove_file(dir, file_name.c_str()));
}

}  // namespace metamori
