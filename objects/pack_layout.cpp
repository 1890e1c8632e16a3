#include "objects/pack_layout.hpp"

#include <algorithm>
#include <cstring>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "objects/frame_layout.hpp"

namespace metamori {
namespace {

constexpr std::string_view kHeaderMagic("MMPACK1\0", 8);
constexpr std::string_view kFooterMagic = "MMPKEND1";

template <class Value>
void store(std::byte* at, Value value) noexcept {
  std::memcpy(at, &value, sizeof value);
}
template <class Value>
Value load(const std::byte* at) noexcept {
  Value value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

void check_entries(ByteView index, std::uint64_t frames_end, const ByteReader& reader) {
  for (std::size_t at = 0; at < index.size(); at += kPackEntryBytes) {
    const std::byte* entry = index.data() + at;
    if (at != 0 && std::memcmp(entry - kPackEntryBytes, entry, ChunkTag::size_bytes) >= 0) reader.fail("its index is not sorted");
    const PackEntry decoded = decode_pack_entry(entry);
    if (decoded.offset < kPackHeaderBytes || decoded.offset >= frames_end || decoded.raw_len > kMaxRawBytes ||
        decoded.depth > kMaxDeltaDepth || decoded.kind > Kind::other)
      reader.fail("its index holds an impossible entry");
  }
}

}  // namespace

std::array<std::byte, kPackHeaderBytes> pack_header() noexcept {
  std::array<std::byte, kPackHeaderBytes> header{};
  std::memcpy(header.data(), kHeaderMagic.data(), kHeaderMagic.size());
  return header;
}

void encode_pack_entry(const PackEntry& entry, std::byte* at) noexcept {
  std::memcpy(at, entry.id.bytes.data(), ChunkTag::size_bytes);
  store(at + 32, entry.offset);
  store(at + 40, entry.raw_len);
  store(at + 44, entry.member);
  store(at + 46, entry.depth);
  store(at + 47, static_cast<std::uint8_t>(entry.kind));
}

PackEntry decode_pack_entry(const std::byte* at) noexcept {
  PackEntry entry;
  std::memcpy(entry.id.bytes.data(), at, ChunkTag::size_bytes);
  entry.offset = load<std::uint64_t>(at + 32);
  entry.raw_len = load<std::uint32_t>(at + 40);
  entry.member = load<std::uint16_t>(at + 44);
  entry.depth = load<std::uint8_t>(at + 46);
  entry.kind = static_cast<Kind>(load<std::uint8_t>(at + 47));
  return entry;
}

std::array<std::byte, kPackFooterBytes> pack_footer(ByteView index, std::uint64_t frame_count, PackName& name) {
  std::array<std::byte, kPackFooterBytes> footer{};
  std::memcpy(footer.data(), kFooterMagic.data(), kFooterMagic.size());
  store(footer.data() + 8, static_cast<std::uint64_t>(index.size() / kPackEntryBytes));
  store(footer.data() + 16, frame_count);
  const ByteView signed_part = ByteView(footer).first(kPackFooterSignedBytes);
  Sha256 naming;
  naming.update(index);
  naming.update(signed_part);
  name = naming.finish();
  Sha256 checksum;
  const auto header = pack_header();
  checksum.update(header);
  checksum.update(index);
  checksum.update(signed_part);
  const ChunkId sum = checksum.finish();
  std::memcpy(footer.data() + kPackFooterSignedBytes, sum.bytes.data(), sum.bytes.size());
  return footer;
}

PackLayout check_pack(ByteView file, std::string_view where) {
  ByteReader whole(file, where);
  if (file.size() < kPackHeaderBytes + kPackFooterBytes) whole.fail("it is too short for a pack");
  const auto header = pack_header();
  if (!std::equal(header.begin(), header.end(), file.begin())) whole.fail("its header is not that of a pack");
  ByteReader footer(file.last(kPackFooterBytes), where);
  if (as_text(footer.take(kFooterMagic.size())) != kFooterMagic) footer.fail("it has no footer");
  PackLayout layout;
  layout.entry_count = footer.u64();
  layout.frame_count = footer.u64();
  const std::uint64_t room = file.size() - kPackHeaderBytes - kPackFooterBytes;
  if (layout.entry_count > room / kPackEntryBytes) footer.fail("its index is longer than the file");
  layout.frames_end = file.size() - kPackFooterBytes - kPackEntryBytes * layout.entry_count;
  if (layout.frame_count > (layout.frames_end - kPackHeaderBytes) / kFrameHeaderBytes) footer.fail("its counts contradict its size");
  const ByteView index =
      file.subspan(static_cast<std::size_t>(layout.frames_end), static_cast<std::size_t>(kPackEntryBytes * layout.entry_count));
  // The footer that this index must have, byte for byte: magic, counts, zeros and checksum at once.
  const auto expected = pack_footer(index, layout.frame_count, layout.name);
  if (!std::equal(expected.begin(), expected.end(), file.end() - kPackFooterBytes)) footer.fail("the checksum of its index does not hold");
  check_entries(index, layout.frames_end, whole);
  return layout;
}

ByteView frame_at(ByteView file, std::uint64_t offset, std::uint64_t frames_end, std::string_view where) {
  const ByteReader reader(file, where);
  if (offset < kPackHeaderBytes || offset > frames_end || frames_end - offset < kFrameHeaderBytes)
    reader.fail("a frame lies outside of its frames");
  const ByteView rest = file.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(frames_end - offset));
  const FrameHeader header = decode_frame_header(rest, where);
  if (header.stored_len > rest.size() - kFrameHeaderBytes) reader.fail("a frame runs past the end of its frames");
  return rest.first(kFrameHeaderBytes + header.stored_len);
}

SalvageTotals salvage_pack(ByteView file, const std::function<void(std::uint64_t, ByteView)>& visit) {
  SalvageTotals totals;
  static constexpr std::array kMagic = {std::byte{0x4D}, std::byte{0x4D}, std::byte{0x52}, std::byte{0x46}};
  std::size_t at = std::min(kPackHeaderBytes, file.size());
  while (at < file.size()) {
    const auto next = std::search(file.begin() + static_cast<std::ptrdiff_t>(at), file.end(), kMagic.begin(), kMagic.end());
    const auto found = static_cast<std::size_t>(next - file.begin());
    totals.bytes_skipped += found - at;
    at = found;
    if (at == file.size()) break;
    ByteView frame;
    try {
      frame = frame_at(file, at, file.size(), "pack");
      check_frame(frame, "pack");
    } catch (const Error& error) {
      // Not a frame, or a damaged one: the next may begin anywhere after its magic number.
      if (error.kind() != ErrorKind::corrupt) throw;
      ++totals.bytes_skipped;
      ++at;
      continue;
    }
    visit(at, frame);
    ++totals.frames;
    at += frame.size();
  }
  return totals;
}

}  // namespace metamori
