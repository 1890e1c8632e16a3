#include "core/fingerprints.hpp"

namespace metamori {
namespace {

constexpr std::string_view kMagic = "MMFPRT01";
constexpr const char* kName = "fingerprints";
/// Older streams are kept as long as they take no more than this, or four times what the last run wrote.
constexpr std::uint64_t kKeptBytes = 32U << 20;

std::uint64_t key_of(const ChunkId& id) { return std::hash<ChunkId>{}(id); }

bool is_of(ByteView block, const ChunkId& id) {
  return block.size() >= id.bytes.size() && std::memcmp(block.data(), id.bytes.data(), id.bytes.size()) == 0 &&
         (block.size() - id.bytes.size()) % sizeof(Fingerprint) == 0;
}

}  // namespace

Fingerprints::Fingerprints(Engine& engine) : engine_(engine) {
  PackListing packs(engine);
  file_ = BlockFile::open(engine, packs, kName, kMagic);
  if (file_)
    secret_ = file_->extra();
  else
    engine.system.random(secret_);
}
Fingerprints::~Fingerprints() = default;

std::span<const Fingerprint> Fingerprints::find(const StreamRef& stream) const {
  if (!file_ || stream.length == 0) return {};
  const auto block = file_->find(key_of(stream.id), [&](ByteView found) { return is_of(found, stream.id); });
  if (!block) return {};
  const ByteView prints = block->subspan(stream.id.bytes.size());
  // Blocks begin at multiples of 8, which is all that two u64 need.
  return {reinterpret_cast<const Fingerprint*>(prints.data()), prints.size() / sizeof(Fingerprint)};
}

void Fingerprints::keep(const StreamRef& stream, std::span<const Fingerprint> fingerprints, const StreamRef& replaced) {
  if (stream.length == 0 || fingerprints.empty()) return;
  Bytes block(stream.id.bytes.begin(), stream.id.bytes.end());
  const ByteView prints = std::as_bytes(fingerprints);
  block.insert(block.end(), prints.begin(), prints.end());
  const std::lock_guard lock(mutex_);
  if (replaced.length > 0 && replaced.id != stream.id) replaced_.insert(replaced.id);
  if (file_ && file_->find(key_of(stream.id), [&](ByteView found) { return is_of(found, stream.id); })) return;
  if (!written_.insert(stream.id).second) return;
  if (!writer_) writer_ = std::make_unique<BlockFileWriter>(engine_, kName, kMagic, secret_);
  writer_->add(key_of(stream.id), block);
  written_bytes_ += block.size();
}

void Fingerprints::carry_over(const std::function<bool(const ChunkId& id)>& is_there) {
  if (!file_) return;
  BlockFileWriter writer(engine_, kName, kMagic, secret_);
  for (const auto& [hash, block] : file_->all()) {
    ChunkId id;
    if (block.size() < id.bytes.size()) continue;
    std::memcpy(id.bytes.data(), block.data(), id.bytes.size());
    if (is_there(id)) writer.add(hash, block);
  }
  writer.put_in_place();
}

void Fingerprints::save() {
  const std::lock_guard lock(mutex_);
  if (!writer_) return;
  if (file_) {
    std::uint64_t room = std::max<std::uint64_t>(kKeptBytes, 4 * written_bytes_);
    for (const auto& [hash, block] : file_->all()) {
      ChunkId id;
      if (block.size() < id.bytes.size() || block.size() > room) continue;
      std::memcpy(id.bytes.data(), block.data(), id.bytes.size());
      if (replaced_.contains(id) || written_.contains(id)) continue;
      room -= block.size();
      writer_->add(hash, block);
    }
  }
  writer_->put_in_place();
  writer_.reset();
}

}  // namespace metamori
