// Making a repository. It is built under a temporary name, synced, and then given its name, so that a crash leaves none or a whole one.
// Where it lies elsewhere, the pointer in the tree comes last; until then the repository names a tree that doesn't know it, and the next
// init of that tree takes it on.

#include <fcntl.h>

#include <array>
#include <cerrno>

#include "base/bytes.hpp"
#include "core/engine.hpp"
#include "core/format_file.hpp"
#include "core/locate.hpp"
#include "core/nursery.hpp"

namespace metamori {
namespace {

constexpr const char* kDirectories[] = {"packs",   "checkpoints", "refs",  "refs/tags", "refs/pins",
                                        "restore", "cache",       "locks", "tmp",       "trash"};
constexpr std::size_t kIdBytes = 16;
constexpr std::uint32_t kNewDirectoryMode = 0777;  // less the umask: these are the user's

/// A directory that is there, opened, with its absolute path.
struct Place {
  Fd directory;
  std::string path;
};

int open_place(System& system, const std::string& path) {
  return retry_interrupted([&] { return system.open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY, 0); });
}

/// Makes what is missing of `path`, each name durable in its parent.
Place make_place(System& system, const std::string& path) {
  int fd = open_place(system, path);
  if (fd == -ENOENT) {
    std::string stripped = path;
    while (stripped.size() > 1 && stripped.ends_with('/')) stripped.pop_back();
    const auto slash = stripped.find_last_of('/');
    if (stripped.empty() || stripped == "/") throw_io(ENOENT, "open", path);
    const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : stripped.substr(0, slash);
    const std::string name = slash == std::string::npos ? stripped : stripped.substr(slash + 1);
    const Place above = make_place(system, parent);
    const int made = retry_interrupted([&] { return system.make_directory(above.directory.get(), name.c_str(), kNewDirectoryMode); });
    if (made < 0 && made != -EEXIST) throw_io(-made, "make directory", path);
    sync_file(system, above.directory.get(), above.path);
    fd = open_place(system, stripped);
  }
  if (fd < 0) throw_io(-fd, "open", path);
  Place place{Fd(system, fd), {}};
  place.path = absolute_path(system, fd, path);
  return place;
}

bool is_repository(System& system, const std::string& directory) {
  const std::string path = joined_path(directory, "format");
  FileStat found;
  return retry_interrupted([&] { return system.stat_at(AT_FDCWD, path.c_str(), found); }) >= 0 &&
         retry_interrupted([&] { return system.stat_at(AT_FDCWD, joined_path(directory, "packs").c_str(), found); }) >= 0;
}

/// Nothing of ours may be made where a repository keeps its own files.
void refuse_inside_repository(System& system, const std::string& path) {
  for (std::string directory = path; directory != "/"; directory = parent_path(directory))
    if (directory.ends_with(std::string("/") + kRepositoryName) || is_repository(system, directory))
      throw Error(ErrorKind::usage, quoted(path) + " lies inside the repository " + quoted(directory), {}, path);
}

std::string new_repository_id(System& system) {
  std::array<std::byte, kIdBytes> bytes;
  system.random(bytes);
  return to_hex(ByteView(bytes));
}

/// Builds the repository `name` in `parent`. False if the name is taken.
bool build(System& system, const Place& parent, const std::string& name, const Place& tree, bool shared, bool elsewhere) {
  const std::uint32_t group = stat_of(system, tree.directory.get(), tree.path).gid;
  Nursery nursery(system, parent.directory, parent.path, {.shared = shared, .group = group});
  nursery.check_publishing();
  for (const char* directory : kDirectories) nursery.add_directory(directory);
  if (shared) nursery.add_file("config", shared_config());
  if (elsewhere) nursery.add_file("tree", tree.path + '\n');
  nursery.add_file("format", encode_format_file(new_repository_id(system)));
  return nursery.publish_as(name);
}

/// Leaves the `.metamori` file that points to a repository elsewhere. False if the name is taken.
bool publish_pointer(System& system, const Place& tree, const std::string& repository, bool shared) {
  const std::string path = joined_path(tree.path, kRepositoryName);
  const std::string temp = unique_name(system, std::string(kStagePrefix) + "init-");
  constexpr std::uint32_t kPrivate = 0600, kShared = 0640;
  Fd file =
      open_file(system, tree.directory.get(), temp.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, shared ? kShared : kPrivate, path);
  bool published = false;
  try {
    write_all(system, file.get(), as_bytes(encode_pointer(repository)), 0, path);
    sync_file(system, file.get(), path);
    file.close(path);
    published = publish_no_replace(system, tree.directory.get(), temp, tree.directory.get(), kRepositoryName, path);
  } catch (...) {
    system.remove_file(tree.directory.get(), temp.c_str());
    throw;
  }
  if (!published) system.remove_file(tree.directory.get(), temp.c_str());
  sync_file(system, tree.directory.get(), tree.path);
  return published;
}

[[noreturn]] void fail_exists(const std::string& path) {
  throw Error(ErrorKind::refused, "there is a repository at " + quoted(path) + " already", "'metamori init --exist-ok' goes on with it",
              path);
}

/// `wanted`: absolute path that the repository was asked to have, if it was.
std::unique_ptr<Engine> open_existing(System& system, const InitOptions& options, const Place& tree, const std::string& wanted) {
  if (!options.exist_ok) fail_exists(joined_path(tree.path, kRepositoryName));
  OpenOptions open;
  open.start_directory = tree.path;
  auto engine = open_engine(system, open);
  if (!wanted.empty() && engine->repository_directory != wanted)
    throw Error(ErrorKind::refused,
                "the repository of " + quoted(tree.path) + " is " + quoted(engine->repository_directory) + ", not " + quoted(wanted),
                "leave --repo-dir away to take that one", tree.path);
  return engine;
}

/// Whether the repository at `path` was made for this tree, by an init that did not come to its end.
bool was_made_for(System& system, const std::string& path, const Place& tree) {
  const std::string file = joined_path(path, "tree");
  const auto text = find_text(system, AT_FDCWD, file.c_str(), file);
  return text && *text == tree.path + '\n';
}

std::string last_component(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

/// Where the repository is to be, as an absolute path whose parent exists.
struct Elsewhere {
  Place parent;
  std::string name;
  std::string path;
};

Elsewhere place_elsewhere(System& system, std::string path, const Place& tree) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string name = last_component(path);
  if (name.empty() || name == "." || name == "..")
    throw Error(ErrorKind::usage, quoted(path) + " can't be the name of a new repository", "give the directory its own name", path);
  const auto slash = path.find_last_of('/');
  Elsewhere result{make_place(system, slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash)), name, {}};
  result.path = joined_path(result.parent.path, name);
  const bool inside = tree.path == "/" || result.path == tree.path || result.path.starts_with(tree.path + '/');
  if (inside && result.path != joined_path(tree.path, kRepositoryName))
    throw Error(ErrorKind::usage, "the repository " + quoted(result.path) + " would lie inside the tree that it tracks",
                "without --repo-dir it is kept in .metamori, which is never tracked", result.path);
  return result;
}

void build_elsewhere(System& system, const InitOptions& options, const Elsewhere& place, const Place& tree) {
  if (!build(system, place.parent, place.name, tree, options.shared, true)) {
    if (!is_repository(system, place.path))
      throw Error(ErrorKind::refused, quoted(place.path) + " exists already and is no repository", "name another place", place.path);
    if (!was_made_for(system, place.path, tree)) fail_exists(place.path);
  }
  if (!publish_pointer(system, tree, place.path, options.shared)) fail_exists(joined_path(tree.path, kRepositoryName));
}

}  // namespace

std::unique_ptr<Engine> init_engine(System& system, const InitOptions& options) {
  const Place tree = make_place(system, options.directory.empty() ? "." : options.directory);
  refuse_inside_repository(system, tree.path);
  std::optional<Elsewhere> elsewhere;
  if (options.repository_dir) {
    elsewhere = place_elsewhere(system, *options.repository_dir, tree);
    refuse_inside_repository(system, elsewhere->parent.path);
  }
  const std::string own = joined_path(tree.path, kRepositoryName);
  const std::string wanted = elsewhere ? elsewhere->path : std::string();
  if (find_stat(system, tree.directory.get(), kRepositoryName, own)) return open_existing(system, options, tree, wanted);
  if (elsewhere && wanted != own) {
    build_elsewhere(system, options, *elsewhere, tree);
  } else if (!build(system, tree, kRepositoryName, tree, options.shared, false)) {
    return open_existing(system, options, tree, wanted);
  }
  OpenOptions open;
  open.start_directory = tree.path;
  return open_engine(system, open);
}

}  // namespace metamori
