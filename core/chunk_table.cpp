#include "core/chunk_table.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "objects/frame.hpp"
#include "objects/pack_frames.hpp"

namespace metamori {
namespace {

constexpr int kTries = 3;

}  // namespace

ChunkTable::Key ChunkTable::key_of(const ChunkId& id) noexcept {
  Key key;
  std::memcpy(key.data(), id.bytes.data(), key.size());
  return key;
}

ChunkTable::ChunkTable(Engine& engine) {
  std::vector<Link> links;
  // gc may put packs in the place of others meanwhile.
  for (int tries = 0; !add_packs(engine, links) && tries < kTries; ++tries) {
    rows_.clear();
    links.clear();
    pack_count_ = pack_bytes_ = 0;
  }
  keep_one_of_each();
  join_bases(links);
}

/// False if a pack went away.
bool ChunkTable::add_packs(Engine& engine, std::vector<Link>& links) {
  for (const PackName& name : list_packs(engine.system, engine.dirs.packs.get())) {
    const auto pack = PackReader::find_file_of(engine.system, engine.dirs.packs.get(), name);
    if (!pack) return false;
    ++pack_count_;
    pack_bytes_ += pack->file_bytes();
    add_pack(*pack, links);
  }
  return true;
}

void ChunkTable::add_pack(const PackReader& pack, std::vector<Link>& links) {
  for_each_chunk(pack, [&](const PackEntry& entry, std::uint32_t stored_bytes) {
    rows_.push_back({key_of(entry.id), entry.raw_len, stored_bytes, entry.depth});
    if (entry.depth > 0) links.push_back({key_of(entry.id), entry.depth, frame_bases(pack.frame(entry.offset), pack.path()).ids});
  });
}

/// The copy of least depth, as readers take it.
void ChunkTable::keep_one_of_each() {
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return std::tie(a.key, a.depth) < std::tie(b.key, b.depth); });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (kept > 0 && rows_[kept - 1].key == rows_[i].key) {
      ++copies_;
      copied_raw_bytes_ += rows_[i].raw_bytes;
      copied_stored_bytes_ += rows_[i].stored_bytes;
    } else {
      rows_[kept++] = rows_[i];
    }
  }
  rows_.resize(kept);
  rows_.shrink_to_fit();
}

void ChunkTable::join_bases(const std::vector<Link>& links) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> joined;
  for (const Link& link : links) {
    const std::uint32_t row = find_key(link.key);
    if (rows_[row].depth != link.depth) continue;  // another copy is read
    for (const ChunkId& id : link.bases)
      if (const std::uint32_t base = find(id); base != kNone) joined.emplace_back(row, base);
  }
  std::sort(joined.begin(), joined.end());
  joined.erase(std::unique(joined.begin(), joined.end()), joined.end());
  for (const auto& [row, base] : joined) {
    held_on_.push_back(row);
    bases_.push_back(base);
  }
}

std::span<const std::uint32_t> ChunkTable::bases(std::uint32_t index) const noexcept {
  const auto [first, last] = std::equal_range(held_on_.begin(), held_on_.end(), index);
  return std::span(bases_).subspan(static_cast<std::size_t>(first - held_on_.begin()), static_cast<std::size_t>(last - first));
}

std::uint32_t ChunkTable::find(const ChunkId& id) const noexcept { return find_key(key_of(id)); }

std::uint32_t ChunkTable::find_key(const Key& key) const noexcept {
  const auto row = std::lower_bound(rows_.begin(), rows_.end(), key, [](const Row& a, const Key& k) { return a.key < k; });
  return row == rows_.end() || row->key != key ? kNone : static_cast<std::uint32_t>(row - rows_.begin());
}

}  // namespace metamori
