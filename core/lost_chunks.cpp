#include "core/lost_chunks.hpp"

#include <fcntl.h>

#include "base/digest.hpp"
#include "core/locate.hpp"

namespace metamori {
namespace {

constexpr const char* kName = "lost";
constexpr std::string_view kFirstLine = "metamori-lost 1\n";
constexpr std::string_view kChecksumKey = "sha256 ";
constexpr std::uint64_t kMaxBytes = 1ULL << 30;
constexpr std::size_t kIdDigits = 2 * ChunkTag::size_bytes;

}  // namespace

std::string lost_text(const std::set<ChunkId>& chunks) {
  std::string text(kFirstLine);
  for (const ChunkId& id : chunks) text += to_hex(id) + '\n';
  return text + std::string(kChecksumKey) + to_hex(sha256(as_bytes(text))) + '\n';
}

std::optional<std::set<ChunkId>> parse_lost(std::string_view text) {
  if (!text.starts_with(kFirstLine)) return std::nullopt;
  std::set<ChunkId> chunks;
  for (std::size_t at = kFirstLine.size(); at + kIdDigits < text.size() && !text.substr(at).starts_with(kChecksumKey);
       at += kIdDigits + 1) {
    const auto id = id_from_hex<ChunkTag>(text.substr(at, kIdDigits));
    if (!id) return std::nullopt;
    chunks.insert(*id);
  }
  if (lost_text(chunks) != text) return std::nullopt;
  return chunks;
}

std::set<ChunkId> read_lost_chunks(Engine& engine) {
  const std::string path = joined_path(engine.repository_directory, kName);
  const auto file = find_file(engine.system, engine.dirs.top.get(), kName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file) return {};
  const Bytes bytes = read_whole(engine.system, file->get(), kMaxBytes, path);
  auto chunks = parse_lost(as_text(bytes));
  if (!chunks) throw Error(ErrorKind::corrupt, quoted(path) + " is damaged", "'metamori repair' writes it anew", path);
  return std::move(*chunks);
}

void write_lost_chunks(Engine& engine, const std::set<ChunkId>& chunks) {
  const std::string path = joined_path(engine.repository_directory, kName);
  if (chunks.empty() && !find_stat(engine.system, engine.dirs.top.get(), kName, path)) return;
  replace_file(engine.system, engine.dirs.tmp.get(), engine.dirs.top.get(), kName, as_bytes(lost_text(chunks)), path, 0644);
}

}  // namespace metamori
