#include "objects/pack_frames.hpp"

#include <algorithm>
#include <tuple>

#include "objects/pack_layout.hpp"

namespace metamori {

PackFrames::PackFrames(const PackReader& pack) : entries_(static_cast<std::size_t>(pack.entry_count())) {
  for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i] = pack.entry(i);
  std::sort(entries_.begin(), entries_.end(),
            [](const PackEntry& a, const PackEntry& b) { return std::tie(a.offset, a.member) < std::tie(b.offset, b.member); });
  const std::uint64_t frames_end = pack.file_bytes() - kPackFooterBytes - kPackEntryBytes * pack.entry_count();
  for (std::size_t begin = 0; begin < entries_.size();) {
    std::size_t end = begin;
    while (end < entries_.size() && entries_[end].offset == entries_[begin].offset) ++end;
    const std::uint64_t next = end < entries_.size() ? entries_[end].offset : frames_end;
    frames_.push_back({entries_[begin].offset, next - entries_[begin].offset, std::span(entries_).subspan(begin, end - begin)});
    begin = end;
  }
}

void for_each_chunk(const PackReader& pack, const std::function<void(const PackEntry&, std::uint32_t)>& visit) {
  const PackFrames frames(pack);
  for (const FrameRows& frame : frames.frames()) {
    std::uint64_t raw_bytes = 0;
    for (const PackEntry& row : frame.rows) raw_bytes += row.raw_len;
    const auto share = [&](std::uint64_t raw) { return raw_bytes == 0 ? 0 : frame.bytes * raw / raw_bytes; };
    std::uint64_t raw_before = 0;
    for (const PackEntry& row : frame.rows) {
      visit(row, static_cast<std::uint32_t>(share(raw_before + row.raw_len) - share(raw_before)));
      raw_before += row.raw_len;
    }
  }
}

}  // namespace metamori
