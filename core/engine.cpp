#include "core/engine.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/engine_open.hpp"
#include "core/format_file.hpp"
#include "core/locate.hpp"
#include "core/wait.hpp"
#include "metamori/config.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kSetGroupId = 02000;
constexpr std::uint32_t kGroupWrite = 0020;
constexpr std::uint32_t kOthersWrite = 0002;
constexpr std::uint32_t kOwnerWrite = 0200;
constexpr std::uint32_t kPermissionBits = 07777;
constexpr std::uint32_t kRoot = 0;
constexpr std::uint64_t kMaxRulesBytes = 16 << 20;

/// What is read from a repository steers what is written to the tree, so it must come from the caller, from root, or from somebody with
/// whom it was shared on purpose.
bool is_from_trusted(System& system, int repository, const std::string& directory, const FileStat& top) {
  if (top.uid == system.identity().uid || top.uid == kRoot) return true;
  if ((top.mode & kOthersWrite) != 0) return false;
  const auto config = find_text(system, repository, "config", joined_path(directory, "config"));
  return config && config_declares_shared(*config);
}

void check_owner(const Engine& engine, const FileStat& top) {
  if (is_from_trusted(engine.system, engine.dirs.top.get(), engine.repository_directory, top)) return;
  throw Error(ErrorKind::refused,
              "the repository " + quoted(engine.repository_directory) + " belongs to another user (" + std::to_string(top.uid) + ")",
              "work as its owner, or let its owner share it: 'metamori init --shared' does, or 'shared = group' under [core] in its config",
              engine.repository_directory);
}

bool may_write(Engine& engine, const FileStat& top, std::uint32_t user) {
  FileSystemInfo info;
  if (retry_interrupted([&] { return engine.system.file_system_info(engine.dirs.top.get(), info); }) >= 0 && info.read_only) return false;
  if (user == kRoot) return true;
  if (top.uid == user) return (top.mode & kOwnerWrite) != 0;
  return (top.mode & (kGroupWrite | kOthersWrite)) != 0;
}

/// A directory that holds nothing that can't be lost: made again where it is missing, or left closed in a repository that can't be written.
Fd open_transient(Engine& engine, const char* name, const FileStat& top) {
  System& system = engine.system;
  const std::string path = joined_path(engine.repository_directory, name);
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  int fd = retry_interrupted([&] { return system.open_at(engine.dirs.top.get(), name, kFlags, 0); });
  if (fd == -ENOENT && !engine.read_only) {
    const int made =
        retry_interrupted([&] { return system.make_directory(engine.dirs.top.get(), name, top.mode & kPermissionBits & ~kSetGroupId); });
    if (made < 0 && made != -EEXIST) throw_io(-made, "make directory", path);
    fd = retry_interrupted([&] { return system.open_at(engine.dirs.top.get(), name, kFlags, 0); });
  }
  if (fd == -ENOTDIR || fd == -ELOOP) throw Error(ErrorKind::corrupt, quoted(path) + " is not a directory", {}, path);
  if (fd < 0 && !engine.read_only) throw_io(-fd, "open", path);
  return fd < 0 ? Fd() : Fd(system, fd);
}

Fd open_essential(Engine& engine, const char* name) {
  const std::string path = joined_path(engine.repository_directory, name);
  auto found = find_file(engine.system, engine.dirs.top.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, path);
  if (!found) throw Error(ErrorKind::corrupt, "the repository is damaged: the directory " + quoted(path) + " is missing", {}, path);
  return std::move(*found);
}

void open_directories(Engine& engine, const FileStat& top) {
  engine.dirs.packs = open_essential(engine, "packs");
  engine.dirs.checkpoints = open_essential(engine, "checkpoints");
  engine.dirs.tmp = open_transient(engine, "tmp", top);
  engine.dirs.cache = open_transient(engine, "cache", top);
  engine.dirs.trash = open_transient(engine, "trash", top);
  engine.dirs.restore = open_transient(engine, "restore", top);
  engine.dirs.refs = open_transient(engine, "refs", top);
  engine.dirs.locks = open_transient(engine, "locks", top);
}

}  // namespace

std::string read_repository_id(const Engine& engine) {
  const std::string path = joined_path(engine.repository_directory, "format");
  const auto text = find_text(engine.system, engine.dirs.top.get(), "format", path);
  if (!text)
    throw Error(ErrorKind::corrupt, quoted(engine.repository_directory) + " is not a whole repository: 'format' is missing", {}, path);
  return decode_format_file(*text, path);
}

std::unique_ptr<Engine> locate_engine(System& system, const OpenOptions& options) {
  Location location = locate_repository(system, options);
  auto engine = std::make_unique<Engine>(system);
  engine->tree_directory = std::move(location.tree_directory);
  engine->repository_directory = std::move(location.repository_directory);
  engine->tree = std::move(location.tree);
  engine->dirs.top = std::move(location.repository);
  const FileStat top = stat_of(system, engine->dirs.top.get(), engine->repository_directory);
  check_owner(*engine, top);
  engine->read_only = !may_write(*engine, top, system.identity().uid);
  return engine;
}

void open_parts(Engine& engine) {
  open_directories(engine, stat_of(engine.system, engine.dirs.top.get(), engine.repository_directory));
  engine.store = std::make_unique<ChunkStore>(engine.system, engine.dirs);
  engine.log = std::make_unique<RecordLog>(engine.system, engine.dirs);
  engine.history = std::make_unique<History>(*engine.log);
}

std::unique_ptr<Engine> open_engine(System& system, const OpenOptions& options) {
  auto engine = locate_engine(system, options);
  engine->repository_id = read_repository_id(*engine);
  open_parts(*engine);
  return engine;
}

std::optional<std::string> repository_settings_file(const OpenOptions& options) {
  System& system = real_system();
  try {
    const Location location = locate_repository(system, options);
    const FileStat top = stat_of(system, location.repository.get(), location.repository_directory);
    if (!is_from_trusted(system, location.repository.get(), location.repository_directory, top)) return std::nullopt;
    return joined_path(location.repository_directory, "config");
  } catch (const Error&) {
    return std::nullopt;  // Repository::open will tell why
  }
}

std::string read_rules(const Engine& engine) {
  const std::string path = joined_path(engine.repository_directory, "rules");
  auto file = find_file(engine.system, engine.dirs.top.get(), "rules", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file) return {};
  const Bytes bytes = read_whole(engine.system, file->get(), kMaxRulesBytes, path);
  return std::string(as_text(bytes));
}

bool restore_is_pending(const Engine& engine) {
  if (!engine.dirs.restore.is_open()) return false;
  return find_stat(engine.system, engine.dirs.restore.get(), "intent", joined_path(engine.repository_directory, "restore/intent"))
      .has_value();
}

void refuse_pending_restore(Engine& engine, const Control& control) {
  if (!restore_is_pending(engine)) return;
  Wait wait(engine.system, control, [&] { return "the pending restore of " + quoted(engine.tree_directory); });
  while (restore_is_pending(engine))
    if (!wait.pause())
      throw Error(ErrorKind::refused, "an interrupted restore is pending in " + quoted(engine.tree_directory),
                  "'metamori recover' finishes it, 'metamori recover --abort' takes it back", engine.tree_directory);
}

}  // namespace metamori
