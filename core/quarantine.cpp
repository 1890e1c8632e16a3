#include "core/quarantine.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "core/locate.hpp"

namespace metamori {
namespace {

constexpr const char* kName = "quarantine";
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr std::uint32_t kPermissionBits = 0777;
constexpr std::uint64_t kMaxCopyBytes = 4ULL << 30;

/// A directory that is made if it is missing; its name is durable then.
Fd make_and_open(Engine& engine, int parent, const std::string& name, const std::string& path) {
  const FileStat top = stat_of(engine.system, engine.dirs.top.get(), engine.repository_directory);
  const int made = retry_interrupted([&] { return engine.system.make_directory(parent, name.c_str(), top.mode & kPermissionBits); });
  if (made < 0 && made != -EEXIST) throw_io(-made, "make directory", path);
  if (made >= 0) sync_file(engine.system, parent, path);
  return open_file(engine.system, parent, name.c_str(), kDirectoryFlags, 0, path);
}

std::uint64_t number_of(const std::string& name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? number : 0;
}

}  // namespace

void Quarantine::make_run_directory() {
  if (top_.is_open()) return;
  const Fd all = make_and_open(engine_, engine_.dirs.top.get(), kName, kName);
  std::uint64_t highest = 0;
  for (const DirectoryName& entry : list_directory(engine_.system, all.get(), kName)) highest = std::max(highest, number_of(entry.name));
  const std::string name = std::to_string(highest + 1);
  top_ = make_and_open(engine_, all.get(), name, std::string(kName) + '/' + name);
  directory_ = joined_path(engine_.repository_directory, std::string(kName) + '/' + name);
}

Quarantine::Place Quarantine::place_for(const std::string& path) {
  make_run_directory();
  Place place;
  place.dir = open_directory(engine_.system, top_.get(), ".", path);
  std::size_t begin = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', begin)) {
    place.dir = make_and_open(engine_, place.dir.get(), path.substr(begin, slash - begin), path);
    begin = slash + 1;
  }
  // Two files of one path may come here in one run.
  place.name = path.substr(begin);
  for (int n = 2; find_stat(engine_.system, place.dir.get(), place.name.c_str(), path); ++n)
    place.name = path.substr(begin) + '.' + std::to_string(n);
  return place;
}

void Quarantine::move(int dir, const std::string& name, const std::string& path) {
  const Place place = place_for(path);
  const int error =
      retry_interrupted([&] { return engine_.system.rename(dir, name.c_str(), place.dir.get(), place.name.c_str(), RenameMode::replace); });
  if (error < 0) throw_io(-error, "move to the quarantine", path);
  sync_file(engine_.system, place.dir.get(), path);
  sync_file(engine_.system, dir, path);
  ++count_;
}

void Quarantine::keep(int dir, const std::string& name, const std::string& path) {
  const Place place = place_for(path);
  const int error = retry_interrupted([&] { return engine_.system.link(dir, name.c_str(), place.dir.get(), place.name.c_str()); });
  if (error == -ENOENT) return;  // there is nothing to keep
  if (error < 0) copy(dir, name, place, path);
  sync_file(engine_.system, place.dir.get(), path);
  ++count_;
}

void Quarantine::copy(int dir, const std::string& name, const Place& place, const std::string& path) {
  const Fd from = open_file(engine_.system, dir, name.c_str(), O_RDONLY | O_NOFOLLOW, 0, path);
  const Bytes bytes = read_whole(engine_.system, from.get(), kMaxCopyBytes, path);
  replace_file(engine_.system, engine_.dirs.tmp.get(), place.dir.get(), place.name, bytes, path);
}

void Quarantine::for_each(const std::string& from, const std::function<void(int, const std::string&, const std::string&)>& visit) const {
  const auto all = find_file(engine_.system, engine_.dirs.top.get(), kName, kDirectoryFlags, kName);
  if (!all) return;
  for (const DirectoryName& run : list_directory(engine_.system, all->get(), kName)) {
    const std::string path = std::string(kName) + '/' + run.name + '/' + from;
    const auto dir = find_file(engine_.system, all->get(), (run.name + '/' + from).c_str(), kDirectoryFlags, path);
    if (!dir) continue;
    for (const DirectoryName& file : list_directory(engine_.system, dir->get(), path)) visit(dir->get(), file.name, path + '/' + file.name);
  }
}

}  // namespace metamori
