// What is small: the format, the gc generation, an unfinished restore, caches.

#include <fcntl.h>

#include <algorithm>

#include "base/digest.hpp"
#include "core/block_file.hpp"
#include "core/engine_open.hpp"
#include "core/forget_note.hpp"
#include "core/format_file.hpp"
#include "core/intent.hpp"
#include "core/locate.hpp"
#include "core/repair_run.hpp"
#include "core/verify_position.hpp"
#include "objects/mend.hpp"
#include "objects/pack_index_level.hpp"
#include "objects/record_log_cache.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxCacheBytes = 4ULL << 30;
constexpr std::uint64_t kMaxIntentBytes = 4ULL << 30;
constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kIdBytes = kIdDigits / 2;
constexpr std::uint32_t kDirectoryMode = 0777;

std::optional<Bytes> read_if_any(Engine& engine, int dir, const char* name, std::uint64_t limit, const std::string& path) {
  const auto file = find_file(engine.system, dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file) return std::nullopt;
  return read_whole(engine.system, file->get(), limit, path);
}

bool is_format(ByteView text) {
  try {
    decode_format_file(as_text(text), "format");
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// The id that a cache was made for, if its checksums are right.
std::optional<std::string> id_in_cache(Engine& engine) {
  const auto cache = find_file(engine.system, engine.dirs.top.get(), "cache", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, "cache");
  if (!cache) return std::nullopt;
  const auto bytes = read_if_any(engine, cache->get(), "stat", kMaxCacheBytes, "cache/stat");
  if (!bytes || !BlockFile::is_whole(*bytes)) return std::nullopt;
  constexpr std::size_t kMagicBytes = 8;
  return to_hex(ByteView(*bytes).subspan(kMagicBytes, kIdBytes));
}

/// Where nothing tells it any more the id is a new one; then the caches are made anew, too, and that is all that it is for.
std::string find_id(Engine& engine, std::string_view text) {
  const std::size_t at = text.find("\nid ");
  if (at != std::string_view::npos && at + 4 + kIdDigits < text.size()) {
    const std::string_view id = text.substr(at + 4, kIdDigits);
    if (text[at + 4 + kIdDigits] == '\n' && is_format(as_bytes(encode_format_file(id)))) return std::string(id);
  }
  if (auto id = id_in_cache(engine)) return std::move(*id);
  std::array<std::byte, kIdBytes> bytes;
  engine.system.random(bytes);
  return to_hex(ByteView(bytes));
}

}  // namespace

FormatFile look_at_format(Engine& engine) {
  FormatFile result;
  try {
    result.id = read_repository_id(engine);
    return result;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::unsupported) throw;
    const auto text = read_if_any(engine, engine.dirs.top.get(), "format", kSmallFileLimit, "format");
    if (text)
      if (const auto mended = mend_one_byte(*text, is_format)) {
        result.text = as_text(*mended);
        result.id = decode_format_file(*result.text, "format");
        result.why = "one byte of it had changed";
        return result;
      }
    if (error.kind() == ErrorKind::unsupported) throw;
    result.id = find_id(engine, text ? as_text(*text) : std::string_view());
    result.text = encode_format_file(result.id);
    result.why = text ? "it was damaged" : "it was missing";
    return result;
  }
}

void mend_directories(RepairRun& run) {
  Engine& engine = run.engine;
  for (const char* const name : {"packs", "checkpoints"}) {
    if (find_stat(engine.system, engine.dirs.top.get(), name, name)) continue;
    if (run.is_dry())
      throw Error(ErrorKind::corrupt, "the directory " + quoted(joined_path(engine.repository_directory, name)) + " is missing",
                  "'metamori repair' makes it, and then looks at what is left; a dry run can't", name);
    run.tell("rebuild", name, "the directory was missing");
    const int error = retry_interrupted([&] { return engine.system.make_directory(engine.dirs.top.get(), name, kDirectoryMode); });
    if (error < 0) throw_io(-error, "make directory", name);
    sync_file(engine.system, engine.dirs.top.get(), name);
  }
}

void mend_generation(RepairRun& run) {
  Engine& engine = run.engine;
  std::string why = "records were written in a later one";
  try {
    if (engine.log->gc_generation() >= run.highest_generation) return;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    why = "it was damaged";
  }
  // Higher than what any writer may have seen, as far as that is known; nobody is writing now.
  run.replace(engine.dirs.top.get(), "generation", "generation", as_bytes(std::to_string(run.highest_generation + 1) + "\n"), why, 0644);
}

void mend_intent(RepairRun& run) {
  Engine& engine = run.engine;
  if (!engine.dirs.restore.is_open()) return;
  const int dir = engine.dirs.restore.get();
  IntentFiles files(engine);
  try {
    if (!files.find()) return;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    const auto bytes = read_if_any(engine, dir, "intent", kMaxIntentBytes, "restore/intent");
    const auto mended = mend_checksummed(*bytes);
    bool is_whole = false;
    try {
      is_whole = mended.has_value();
      if (is_whole) decode_intent(*mended);
    } catch (const Error&) {
      is_whole = false;
    }
    if (!is_whole) {
      // The intent first: without it the markers mean nothing.
      for (const char* const name : {"intent", "staged", "aborting"})
        if (find_stat(engine.system, dir, name, name)) run.set_aside(dir, name, std::string("restore/") + name, "the plan is damaged");
      return run.remain("restore", "restore/intent",
                        "the plan of an interrupted restore is lost: files in the tree may be as they were before it, or as after it; "
                        "'metamori status' compares, and @undo is the safety checkpoint that it made");
    }
    run.replace(dir, "intent", "restore/intent", *mended, "one byte of it had changed");
    if (run.is_dry()) return;
    files.find();
  }
  for (const auto& [marker, name] : {std::pair(IntentMarker::staged, "staged"), std::pair(IntentMarker::aborting, "aborting")}) {
    try {
      files.has(marker);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      // It got its name when it was whole, so that it is there says all.
      const std::string path = std::string("restore/") + name;
      run.tell("rebuild", path, "it was damaged");
      if (run.is_dry()) continue;
      run.quarantine.keep(dir, name, path);
      files.mark(marker);
    }
  }
}

namespace {

/// Whether what stands in the cache under this name can be believed.
bool is_sound_cache(Engine& engine, const std::string& name, ByteView bytes) {
  if (name == "latest") return decode_latest(bytes).has_value();
  if (name == "history") return decode_history(bytes).has_value();
  if (name == "replaced") return decode_replaced(bytes).has_value();
  if (name == "verify") return decode_verify_position(bytes).has_value();
  if (name == "forget") return read_forget_note(engine).has_value();
  if (name == "stat" || name.starts_with("stat-") || name == "fingerprints") return BlockFile::is_whole(bytes);
  constexpr std::size_t kGcNoteBytes = 32;
  if (name == "gc") {
    if (bytes.size() != kGcNoteBytes) return false;
    ByteReader in(bytes.last(sizeof(std::uint64_t)), "cache/gc");
    return in.u64() == xxh3_64(bytes.first(kGcNoteBytes - sizeof(std::uint64_t)));
  }
  return true;
}

}  // namespace

/// Nobody believes a damaged one; set aside, they are made anew.
void mend_caches(RepairRun& run) {
  Engine& engine = run.engine;
  if (!engine.dirs.cache.is_open()) return;
  const int dir = engine.dirs.cache.get();
  constexpr const char* kWhy = "its checksum does not match; it is made anew";
  for (const DirectoryName& entry : list_directory(engine.system, dir, "cache")) {
    const std::string path = "cache/" + entry.name;
    if (entry.name == "index") continue;
    const auto file = find_file(engine.system, dir, entry.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
    if (!file) continue;
    const Mapping map(engine.system, file->get(), stat_of(engine.system, file->get(), path).size_bytes, path);
    if (!is_sound_cache(engine, entry.name, map.bytes())) run.set_aside(dir, entry.name, path, kWhy);
  }
  const auto index = find_file(engine.system, dir, "index", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, "cache/index");
  if (!index) return;
  for (const DirectoryName& entry : list_directory(engine.system, index->get(), "cache/index"))
    if (entry.name.starts_with("level-") && !IndexLevel::load(engine.system, index->get(), entry.name))
      run.set_aside(index->get(), entry.name, "cache/index/" + entry.name, kWhy);
}

}  // namespace metamori
