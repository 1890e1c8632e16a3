#include "core/verify_position.hpp"

#include <fcntl.h>

#include "base/digest.hpp"

namespace metamori {
namespace {

constexpr const char* kName = "verify";
constexpr const char* kPath = ".metamori/cache/verify";
constexpr std::string_view kMagic{"MMVRFY1\0", 8};
constexpr std::size_t kFileBytes = 56;

}  // namespace

Bytes encode_verify_position(const VerifyPosition& position) {
  ByteWriter out;
  out.raw(as_bytes(kMagic));
  out.id(position.pack);
  out.u64(position.offset);
  out.u64(xxh3_64(out.view()));
  return out.take();
}

std::optional<VerifyPosition> decode_verify_position(ByteView bytes) {
  if (bytes.size() != kFileBytes || !as_text(bytes).starts_with(kMagic)) return std::nullopt;
  ByteReader in(bytes.subspan(kMagic.size()), kPath);
  VerifyPosition position;
  position.pack = in.id<ChunkTag>();
  position.offset = in.u64();
  if (in.u64() != xxh3_64(bytes.first(kFileBytes - sizeof(std::uint64_t)))) return std::nullopt;
  return position;
}

std::optional<VerifyPosition> read_verify_position(Engine& engine) {
  if (!engine.dirs.cache.is_open()) return std::nullopt;
  try {
    const auto file = find_file(engine.system, engine.dirs.cache.get(), kName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, kPath);
    if (!file) return std::nullopt;
    return decode_verify_position(read_whole(engine.system, file->get(), kFileBytes, kPath));
  } catch (const Error&) {
    return std::nullopt;
  }
}

void write_verify_position(Engine& engine, const VerifyPosition& position) {
  if (engine.read_only || !engine.dirs.cache.is_open() || !engine.dirs.tmp.is_open()) return;
  try {
    replace_cache_file(engine.system, engine.dirs.tmp.get(), engine.dirs.cache.get(), kName, encode_verify_position(position), kPath);
  } catch (const Error&) {
    return;
  }
}

}  // namespace metamori
