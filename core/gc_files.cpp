#include "core/gc_files.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/digest.hpp"
#include "core/capture.hpp"
#include "core/locate.hpp"

namespace metamori {
namespace {

constexpr std::int64_t kDaySeconds = 86400;
constexpr std::uint64_t kTmpfs = 0x01021994, kRamfs = 0x858458F6, kOverlay = 0x794C7630, kZfs = 0x2FC12FC1;
constexpr const char* kNoteName = "gc";
constexpr const char* kNotePath = ".metamori/cache/gc";
constexpr std::string_view kNoteMagic{"MMGCNT1\0", 8};
constexpr std::size_t kNoteBytes = 32;

void rename_each(Engine& engine, const std::vector<PackName>& packs, const Fd& from, const Fd& to, const char* label) {
  for (const PackName& pack : packs) {
    const std::string name = pack_file_name(pack);
    const int error =
        retry_interrupted([&] { return engine.system.rename(from.get(), name.c_str(), to.get(), name.c_str(), RenameMode::replace); });
    if (error < 0 && error != -ENOENT) throw_io(-error, "move", std::string(label) + "/" + name);
  }
}

/// Whether a moment is more than `seconds` ago; one in the future is not.
bool is_older(Engine& engine, const Time& time, std::int64_t seconds) { return engine.system.now().seconds - time.seconds > seconds; }

}  // namespace

std::uint64_t raise_generation(Engine& engine) {
  const std::uint64_t next = engine.log->gc_generation() + 1;
  replace_file(engine.system, engine.dirs.tmp.get(), engine.dirs.top.get(), "generation", as_bytes(std::to_string(next) + "\n"),
               joined_path(engine.repository_directory, "generation"), 0644);
  return next;
}

void move_to_trash(Engine& engine, const std::vector<PackName>& packs) {
  if (packs.empty()) return;
  rename_each(engine, packs, engine.dirs.packs, engine.dirs.trash, "packs");
  sync_file(engine.system, engine.dirs.trash.get(), "trash");
  sync_file(engine.system, engine.dirs.packs.get(), "packs");
  engine.store->index().packs();
}

void bring_back_from_trash(Engine& engine, const std::vector<PackName>& packs) {
  if (packs.empty()) return;
  rename_each(engine, packs, engine.dirs.trash, engine.dirs.packs, "trash");
  sync_file(engine.system, engine.dirs.packs.get(), "packs");
  engine.store->index().packs();
}

std::uint64_t empty_trash(Engine& engine, bool at_once) {
  std::uint64_t left = 0;
  if (!engine.dirs.trash.is_open()) return left;
  for (const DirectoryName& entry : list_directory(engine.system, engine.dirs.trash.get(), "trash")) {
    const auto found = find_stat(engine.system, engine.dirs.trash.get(), entry.name.c_str(), "trash/" + entry.name);
    if (!found) continue;
    if (!at_once && !is_older(engine, found->ctime, kDaySeconds)) {
      left += found->size_bytes;
      continue;
    }
    const int error = retry_interrupted([&] { return engine.system.remove_file(engine.dirs.trash.get(), entry.name.c_str()); });
    if (error < 0 && error != -ENOENT) throw_io(-error, "remove", "trash/" + entry.name);
  }
  return left;
}

std::uint64_t clean_temporaries(Engine& engine, bool exclusive) {
  std::uint64_t removed = 0;
  for (const DirectoryName& entry : list_directory(engine.system, engine.dirs.tmp.get(), "tmp")) {
    // Those who write these hold the lock that gc has; the others are done in a moment.
    const bool is_writers = entry.name.starts_with("pack-") || entry.name.starts_with("record-");
    const auto found = find_stat(engine.system, engine.dirs.tmp.get(), entry.name.c_str(), "tmp/" + entry.name);
    if (!found || !((exclusive && is_writers) || is_older(engine, found->mtime, kDaySeconds))) continue;
    if (engine.system.remove_file(engine.dirs.tmp.get(), entry.name.c_str()) >= 0) ++removed;
  }
  return removed;
}

void empty_cache(Engine& engine, Notes notes) {
  if (!engine.dirs.cache.is_open()) return;
  const auto empty = [&](const Fd& directory, const std::string& path) {
    for (const DirectoryName& entry : list_directory(engine.system, directory.get(), path))
      if (notes == Notes::go || (entry.name != kNoteName && entry.name != "forget"))
        static_cast<void>(engine.system.remove_file(directory.get(), entry.name.c_str()));
  };
  empty(engine.dirs.cache, "cache");
  if (const auto index = find_file(engine.system, engine.dirs.cache.get(), "index", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, "cache/index"))
    empty(*index, "cache/index");
}

void replace_in_little_room(Engine& engine, const std::vector<Record>& records, Notes notes) {
  try {
    engine.log->replace_each(records);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::no_space) throw;
    empty_cache(engine, notes);
    for (const Record& record : records) engine.log->replace(record);
  }
}

bool is_on_local_disk(Engine& engine, const Fd& directory) {
  FileSystemInfo info;
  if (!directory.is_open() || retry_interrupted([&] { return engine.system.file_system_info(directory.get(), info); }) < 0) return false;
  return stamp_trust(info.type) == StampTrust::sound || info.type == kTmpfs || info.type == kRamfs || info.type == kOverlay ||
         info.type == kZfs;
}

GcNote read_gc_note(Engine& engine) {
  if (!engine.dirs.cache.is_open()) return {};
  try {
    const auto file = find_file(engine.system, engine.dirs.cache.get(), kNoteName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, kNotePath);
    if (!file) return {};
    const Bytes bytes = read_whole(engine.system, file->get(), kNoteBytes, kNotePath);
    ByteReader in(bytes, kNotePath);
    if (bytes.size() != kNoteBytes || as_text(in.take(kNoteMagic.size())) != kNoteMagic) return {};
    GcNote note;
    note.tombstones = in.u64();
    note.packs = in.u64();
    if (in.u64() != xxh3_64(ByteView(bytes).first(kNoteBytes - sizeof(std::uint64_t)))) return {};
    return note;
  } catch (const Error&) {
    return {};
  }
}

void write_gc_note(Engine& engine, const GcNote& note) {
  if (!engine.dirs.cache.is_open()) return;
  ByteWriter out;
  out.raw(as_bytes(kNoteMagic));
  out.u64(note.tombstones);
  out.u64(note.packs);
  out.u64(xxh3_64(out.view()));
  try {
    replace_cache_file(engine.system, engine.dirs.tmp.get(), engine.dirs.cache.get(), kNoteName, out.view(), kNotePath);
  } catch (const Error&) {
    return;
  }
}

}  // namespace metamori
