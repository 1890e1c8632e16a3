#include "core/forget_note.hpp"

#include <fcntl.h>

#include "base/digest.hpp"

namespace metamori {
namespace {

constexpr const char* kName = "forget";
constexpr const char* kPath = ".metamori/cache/forget";
constexpr std::string_view kMagic{"MMFRGT1\0", 8};
constexpr std::uint64_t kMaxBytes = 64ULL << 20;
constexpr std::size_t kChecksumBytes = 32;

Bytes encode(const ForgetNote& note) {
  ByteWriter out;
  out.raw(as_bytes(kMagic));
  out.u8(note.is_undone ? 1 : 0);
  out.u64(note.highest);
  out.u64(static_cast<std::uint64_t>(note.time_seconds));
  out.varint(note.numbers.size());
  for (const std::uint64_t number : note.numbers) out.varint(number);
  out.raw(sha256(out.view()).bytes);
  return out.take();
}

ForgetNote decode(ByteView bytes) {
  ByteReader in(bytes.first(bytes.size() - kChecksumBytes), kPath);
  ForgetNote note;
  in.take(kMagic.size());
  note.is_undone = in.u8() != 0;
  note.highest = in.u64();
  note.time_seconds = static_cast<std::int64_t>(in.u64());
  const std::uint64_t count = in.varint();
  if (count > bytes.size()) in.fail("more numbers than it has room for");
  for (std::uint64_t i = 0; i < count; ++i) note.numbers.push_back(in.varint());
  return note;
}

}  // namespace

std::optional<ForgetNote> read_forget_note(Engine& engine) {
  if (!engine.dirs.cache.is_open()) return std::nullopt;
  try {
    const auto file = find_file(engine.system, engine.dirs.cache.get(), kName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, kPath);
    if (!file) return std::nullopt;
    const Bytes bytes = read_whole(engine.system, file->get(), kMaxBytes, kPath);
    if (bytes.size() < kMagic.size() + kChecksumBytes || !as_text(bytes).starts_with(kMagic)) return std::nullopt;
    const ByteView view(bytes);
    if (to_hex(sha256(view.first(view.size() - kChecksumBytes))) != to_hex(view.last(kChecksumBytes))) return std::nullopt;
    return decode(view);
  } catch (const Error&) {
    return std::nullopt;
  }
}

void write_forget_note(Engine& engine, const ForgetNote& note) {
  if (!engine.dirs.cache.is_open() || !engine.dirs.tmp.is_open()) return;
  try {
    replace_cache_file(engine.system, engine.dirs.tmp.get(), engine.dirs.cache.get(), kName, encode(note), kPath);
  } catch (const Error&) {
    return;
  }
}

}  // namespace metamori
