#include "tests/prop/engine_edits.hpp"

#include <sys/stat.h>

#include "base/bytes.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kManyNames = 150;

std::string on_disk(const std::string& path) { return std::string(kTree) + '/' + path; }

}  // namespace

TreeState tree_state(SimSystem& disk) {
  TreeState state;
  state.nodes = tree_and_top(disk);
  std::map<std::uint64_t, std::string> first_names;
  for (const auto& [path, node] : state.nodes) {
    if (S_ISDIR(node.mode) || node.link_count < 2) continue;
    FileStat stat;
    disk.stat_at(AT_FDCWD, on_disk(path).c_str(), stat);
    state.groups[path] = first_names.emplace(stat.inode, path).first->second;
  }
  return state;
}

/// Paths of one type (S_IFMT bits); 0: of any.
std::vector<std::string> RandomEdits::paths(std::uint32_t type) const {
  std::vector<std::string> found;
  for (const auto& [path, node] : user_tree(disk_))
    if (type == 0 || (node.mode & S_IFMT) == type) found.push_back(path);
  return found;
}

/// Few names, so that the same one is often a file, then a directory, then gone.
std::string RandomEdits::new_path() {
  std::vector<std::string> directories = paths(S_IFDIR);
  directories.emplace_back();
  const std::string directory = pick(directories);
  static constexpr const char* kNames[] = {"a", "b", "c", "log", "state.bin", "d", "e-\n\xff"};
  const std::string name = kNames[chance_.below(std::size(kNames))];
  return directory.empty() ? name : directory + '/' + name;
}

std::string RandomEdits::bytes() {
  const std::uint64_t kind = chance_.below(100);
  const std::size_t size = kind < 8    ? 0
                           : kind < 75 ? chance_.below(300)
                           : kind < 93 ? chance_.below(50'000)
                           : kind < 99 ? 100'000 + chance_.below(200'000)
                                       : 1'050'000 + chance_.below(300'000);
  std::string text(size, static_cast<char>(chance_.below(4)));
  const bool is_noise = chance_.percent(70);
  std::uint64_t state = chance_() | 1;
  for (std::size_t i = 0; i < size; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    if (is_noise || i % 50 == 0) text[i] = static_cast<char>(state >> 56);
  }
  return text;
}

std::string RandomEdits::write() {
  const std::string path = new_path();
  const Fd file(disk_, disk_.open_at(AT_FDCWD, on_disk(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0644));
  if (file.get() < 0) return {};
  const std::string text = bytes();
  disk_.write_at(file.get(), as_bytes(text), 0);
  return "write " + path + ' ' + std::to_string(text.size());
}

/// Same size, perhaps with the time put back as it was: only the status change time tells.
std::string RandomEdits::rewrite_part(const std::string& path, bool forge_time) {
  FileStat before;
  if (disk_.stat_at(AT_FDCWD, on_disk(path).c_str(), before) < 0 || before.size_bytes == 0) return {};
  const Fd file(disk_, disk_.open_at(AT_FDCWD, on_disk(path).c_str(), O_RDWR, 0));
  const std::uint64_t offset = chance_.below(before.size_bytes);
  Bytes changed(std::min<std::uint64_t>(before.size_bytes - offset, 1 + chance_.below(2000)));
  for (std::byte& byte : changed) byte = static_cast<std::byte>(chance_());
  disk_.write_at(file.get(), changed, offset);
  if (forge_time) disk_.set_mtime(file.get(), before.mtime);
  return "rewrite " + path + " at " + std::to_string(offset) + (forge_time ? ", time forged" : "");
}

std::string RandomEdits::change_file(const std::string& path) {
  FileStat stat;
  disk_.stat_at(AT_FDCWD, on_disk(path).c_str(), stat);
  const std::uint64_t kind = chance_.below(6);
  if (kind < 2) return rewrite_part(path, kind == 1);
  const Fd file(disk_, disk_.open_at(AT_FDCWD, on_disk(path).c_str(), O_RDWR, 0));
  switch (kind) {
    case 2: {
      const std::string text = bytes().substr(0, 3000);
      disk_.write_at(file.get(), as_bytes(text), stat.size_bytes);
      return "append " + path;
    }
    case 3:
      disk_.truncate(file.get(), chance_.below(stat.size_bytes + 1));
      return "cut " + path;
    case 4: {
      const std::uint64_t offset = stat.size_bytes + chance_.below(200'000);
      disk_.write_at(file.get(), as_bytes("after a hole"), offset);
      return "write after a hole " + path;
    }
    default:
      disk_.punch_hole(file.get(), chance_.below(stat.size_bytes + 1), 1 + chance_.below(20'000));
      return "punch " + path;
  }
}

std::string RandomEdits::change_metadata() {
  const auto all = paths(0);
  if (all.empty()) return {};
  const std::string path = pick(all);
  const std::string place = on_disk(path);
  FileStat stat;
  disk_.stat_at(AT_FDCWD, place.c_str(), stat);
  const bool is_link = S_ISLNK(stat.mode);
  switch (chance_.below(4)) {
    case 0:
      if (!is_link)
        disk_.set_mode_at(AT_FDCWD, place.c_str(), static_cast<std::uint32_t>((S_ISDIR(stat.mode) ? 0700 : 0) | chance_.below(0777)));
      return "chmod " + path;
    case 1:
      disk_.set_mtime_at(AT_FDCWD, place.c_str(),
                         {static_cast<std::int64_t>(chance_.below(2'000'000'000)) - 100'000'000,
                          static_cast<std::uint32_t>(chance_.below(1'000'000'000))});
      return "touch " + path;
    case 2: {
      const std::string value = bytes().substr(0, chance_.percent(10) ? 3000 : 40);
      if (!is_link && !S_ISFIFO(stat.mode))
        disk_.set_attribute(AT_FDCWD, place.c_str(), chance_.percent(50) ? "user.a" : "user.b", as_bytes(value));
      return "attribute " + path;
    }
    default:
      disk_.remove_attribute(AT_FDCWD, place.c_str(), "user.a");
      return "no attribute " + path;
  }
}

std::string RandomEdits::make_name() {
  const std::string path = new_path();
  const std::string place = on_disk(path);
  const auto files = paths(S_IFREG);
  const std::uint64_t kind = chance_.below(100);
  if (kind < 40) return disk_.make_directory(AT_FDCWD, place.c_str(), 0755) < 0 ? "" : "mkdir " + path;
  if (kind < 55) return disk_.make_symlink(chance_.percent(50) ? "a" : "../nowhere", AT_FDCWD, place.c_str()) < 0 ? "" : "symlink " + path;
  if (kind < 60) return disk_.make_node(AT_FDCWD, place.c_str(), S_IFIFO | 0600, 0, 0) < 0 ? "" : "fifo " + path;
  if (kind < 64) {
    if (disk_.make_directory(AT_FDCWD, place.c_str(), 0755) < 0) return {};
    for (std::size_t i = 0; i < kManyNames; ++i) disk_.write_file(place + "/n" + std::to_string(i), std::string_view("few bytes"));
    return "many names in " + path;
  }
  if (files.empty()) return {};
  const std::string from = pick(files);
  return disk_.link(AT_FDCWD, on_disk(from).c_str(), AT_FDCWD, place.c_str()) < 0 ? "" : "link " + from + " to " + path;
}

std::string RandomEdits::remove() {
  const auto all = paths(0);
  if (all.empty()) return {};
  const std::string path = pick(all);
  if (disk_.remove_file(AT_FDCWD, on_disk(path).c_str()) < 0) disk_.remove_tree(on_disk(path));
  return "remove " + path;
}

std::string RandomEdits::rename() {
  const auto all = paths(0);
  if (all.empty()) return {};
  const std::string from = pick(all);
  const std::string to = chance_.percent(30) ? pick(all) : new_path();
  return disk_.rename(AT_FDCWD, on_disk(from).c_str(), AT_FDCWD, on_disk(to).c_str(), RenameMode::replace) < 0
             ? ""
             : "rename " + from + " to " + to;
}

std::string RandomEdits::edit() {
  const std::uint64_t kind = chance_.below(100);
  if (kind < 30) return write();
  if (kind < 55) {
    const auto files = paths(S_IFREG);
    return files.empty() ? write() : change_file(pick(files));
  }
  if (kind < 67) return change_metadata();
  if (kind < 82) return make_name();
  return kind < 91 ? remove() : rename();
}

}  // namespace metamori::test
