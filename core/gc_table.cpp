#include "core/gc_table.hpp"

#include <algorithm>
#include <tuple>

#include "objects/frame.hpp"
#include "objects/pack_frames.hpp"
#include "objects/pack_search.hpp"

namespace metamori {

GcTable::GcTable(Engine& engine) {
  const auto add_all = [&](int dir, const char* label, bool in_trash) {
    for (const PackName& name : list_packs(engine.system, dir))
      if (const auto pack = PackReader::find_file_of(engine.system, dir, name, label)) add_pack(*pack, in_trash);
  };
  add_all(engine.dirs.packs.get(), "packs", false);
  if (engine.dirs.trash.is_open()) add_all(engine.dirs.trash.get(), "trash", true);
  join();
}

void GcTable::add_pack(const PackReader& pack, bool in_trash) {
  const auto pack_number = static_cast<std::uint32_t>(packs_.size());
  packs_.push_back({pack.name(), pack.file_bytes(), 0, 0, in_trash});
  for_each_chunk(pack, [&](const PackEntry& entry, std::uint32_t stored_bytes) {
    Copy copy;
    copy.id = entry.id;
    copy.offset = entry.offset;
    copy.raw_bytes = entry.raw_len;
    copy.stored_bytes = stored_bytes;
    copy.pack = pack_number;
    copy.member = entry.member;
    copy.depth = entry.depth;
    copy.kind = entry.kind;
    copy.bases_begin = static_cast<std::uint32_t>(base_ids_.size());
    if (entry.depth > 0) {
      const BaseList list = frame_bases(pack.frame(entry.offset), pack.path());
      copy.base_count = static_cast<std::uint16_t>(list.ids.size());
      base_ids_.insert(base_ids_.end(), list.ids.begin(), list.ids.end());
    }
    copies_.push_back(copy);
  });
}

void GcTable::join() {
  const auto rank = [this](const Copy& copy) {
    return std::tuple(packs_[copy.pack].in_trash, copy.depth, copy.pack, copy.offset, copy.member);
  };
  std::sort(copies_.begin(), copies_.end(), [&](const Copy& a, const Copy& b) { return a.id != b.id ? a.id < b.id : rank(a) < rank(b); });
  for (std::uint32_t i = 0; i < copies_.size(); ++i) {
    if (i == 0 || copies_[i - 1].id != copies_[i].id) first_.push_back(i);
    copies_[i].chunk = static_cast<std::uint32_t>(first_.size() - 1);
  }
  bases_.reserve(base_ids_.size());
  for (const ChunkId& id : base_ids_) bases_.push_back(find(id));
  base_ids_ = {};
  by_pack_.resize(copies_.size());
  for (std::uint32_t i = 0; i < by_pack_.size(); ++i) by_pack_[i] = i;
  std::sort(by_pack_.begin(), by_pack_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Copy& x = copies_[a];
    const Copy& y = copies_[b];
    return std::tie(x.pack, x.offset, x.member) < std::tie(y.pack, y.offset, y.member);
  });
  for (std::uint32_t i = 0; i < by_pack_.size(); ++i) {
    Pack& pack = packs_[copies_[by_pack_[i]].pack];
    if (pack.copies_end == 0) pack.copies_begin = i;
    pack.copies_end = i + 1;
  }
}

std::uint32_t GcTable::find(const ChunkId& id) const noexcept {
  const std::size_t at = lower_bound_id(first_.size(), id, [&](std::size_t i) { return copies_[first_[i]].id.bytes.data(); });
  return at == first_.size() || copies_[first_[at]].id != id ? kNone : static_cast<std::uint32_t>(at);
}

std::vector<const GcTable::Copy*> GcTable::copies_of_pack(std::uint32_t pack) const {
  std::vector<const Copy*> result;
  for (std::uint32_t i = packs_[pack].copies_begin; i < packs_[pack].copies_end; ++i) result.push_back(&copies_[by_pack_[i]]);
  return result;
}

}  // namespace metamori
