#include "core/gc_rewrite.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "objects/chunk_store_groups.hpp"
#include "objects/frame_layout.hpp"

namespace metamori {
namespace {

constexpr std::size_t kOpenMax = 32;
constexpr std::uint64_t kPackBytes = 2ULL << 30;
constexpr std::uint64_t kPackEntries = 256U << 10;
constexpr std::size_t kGroupMemberBytes = 16U << 10;
constexpr std::size_t kGroupBytes = 256U << 10;
constexpr std::size_t kBasedBytesMin = 1024;
constexpr std::size_t kDeltaDataMax = 64U << 10;
constexpr std::size_t kExpandMax = 512;  ///< bases looked at for one chunk
constexpr std::string_view kWhere = "a pack being written";

}  // namespace

GcRewriter::GcRewriter(Engine& engine, const GcTable& table, const GcMark& mark, const GcPlan& plan, const LookMeter& meter)
    : engine_(engine), table_(table), mark_(mark), plan_(plan), meter_(meter), is_written_(table.chunk_count()) {}
GcRewriter::~GcRewriter() = default;

const PackReader& GcRewriter::open(std::uint32_t pack) {
  auto& reader = open_[pack];
  if (!reader) {
    const PackName& name = table_.packs()[pack].name;
    reader = PackReader::find_file_of(engine_.system, engine_.dirs.packs.get(), name);
    if (!reader && engine_.dirs.trash.is_open()) reader = PackReader::find_file_of(engine_.system, engine_.dirs.trash.get(), name, "trash");
    if (!reader) throw Error(ErrorKind::corrupt, "packs/" + pack_file_name(name) + " went away while gc ran");
    if (open_.size() > kOpenMax) {
      auto kept = std::move(reader);
      open_.clear();
      open_[pack] = std::move(kept);
      return *open_[pack];
    }
  }
  return *reader;
}

bool GcRewriter::is_wanted(const GcTable::Copy& copy) const {
  return plan_.is_needed[copy.chunk] && table_.is_home(copy) && !is_written_[copy.chunk];
}

/// Where what a copy rests on lies, as far as it stays; in place of what goes, what that rests on.
void GcRewriter::expand(const GcTable::Copy& copy, std::int64_t begin, std::vector<BasePiece>& pieces, std::size_t& budget) {
  if (copy.base_count == 0 || budget == 0) return;
  const PackReader& pack = open(copy.pack);
  const BaseList list = frame_bases(pack.frame(copy.offset), pack.path());
  std::int64_t offset = begin - static_cast<std::int64_t>(list.skip);
  for (const std::uint32_t base : table_.bases(copy)) {
    if (base == GcTable::kNone || budget == 0) return;
    --budget;
    const GcTable::Copy& home = table_.home(base);
    if (mark_.is_live(base)) {
      pieces.push_back({table_.id(base), offset, home.raw_bytes});
    } else {
      expand(home, offset, pieces, budget);  // as deep as frames rest on each other, at most
    }
    offset += home.raw_bytes;
  }
}

/// Of those that stay.
BaseList GcRewriter::likely_bases(const GcTable::Copy& copy) {
  std::vector<BasePiece> pieces;
  std::size_t budget = kExpandMax;
  expand(copy, 0, pieces, budget);
  return base_row(std::move(pieces), copy.raw_bytes);
}

bool GcRewriter::encode_based(std::uint32_t chunk, ByteView raw, const BaseList& like) {
  const GcTable::Copy& home = table_.home(chunk);
  if (like.ids.empty() || raw.size() < kBasedBytesMin) return false;
  EncodingBase base{like, {}, 0};
  Bytes bytes;
  Bytes piece;
  unsigned depth = 0;
  for (const ChunkId& id : like.ids) {
    // As it was before this run: it only gets less.
    depth += 1U + table_.home(table_.find(id)).depth;
    engine_.store->read(id, piece);
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  // What rests on this chunk counts on its depth.
  if (depth > home.depth || depth > kMaxDeltaDepth || bytes.size() > kMaxRawBytes || like.skip > bytes.size()) return false;
  base.depth = static_cast<std::uint16_t>(depth);
  base.bytes = ByteView(bytes).subspan(like.skip);
  ByteWriter frame;
  bool made = home.kind == Kind::data && encoder_.patch(home.id, home.kind, raw, base, frame);
  if (!made && (home.kind != Kind::data || raw.size() <= kDeltaDataMax)) made = encoder_.delta(home.id, home.kind, raw, base, frame);
  if (!made) return false;
  check_encoded(frame.view(), raw);
  append(frame.view(), {&chunk, 1}, base.depth);
  return true;
}

/// Nothing is deleted for the sake of a frame that was not seen to give the same bytes.
void GcRewriter::check_encoded(ByteView frame, ByteView raw) {
  Bytes back;
  decode_frame(
      frame, [this](const ChunkId& id, Bytes& out) { engine_.store->read(id, out); }, false, back, kWhere);
  if (!std::equal(back.begin(), back.end(), raw.begin(), raw.end())) ByteReader({}, kWhere).fail("a chunk came back as other bytes");
}

void GcRewriter::put_whole(std::uint32_t chunk, ByteView raw) {
  const GcTable::Copy& home = table_.home(chunk);
  if (raw.size() <= kGroupMemberBytes) {
    Gathered& gathered = gathered_[home.kind];
    gathered.raw.insert(gathered.raw.end(), raw.begin(), raw.end());
    gathered.chunks.push_back(chunk);
    is_written_[chunk] = true;
    if (gathered.raw.size() >= kGroupBytes) write_gathered(gathered);
    return;
  }
  ByteWriter frame;
  encoder_.plain(home.id, home.kind, raw, frame);
  check_encoded(frame.view(), raw);
  append(frame.view(), {&chunk, 1}, 0);
}

void GcRewriter::write_gathered(Gathered& gathered) {
  if (gathered.chunks.empty()) return;
  ByteWriter frame;
  const Kind kind = table_.home(gathered.chunks.front()).kind;
  if (gathered.chunks.size() == 1) {
    encoder_.plain(table_.id(gathered.chunks.front()), kind, gathered.raw, frame);
  } else {
    std::vector<std::uint32_t> lengths;
    for (const std::uint32_t chunk : gathered.chunks) lengths.push_back(table_.home(chunk).raw_bytes);
    encoder_.group(kind, gathered.raw, lengths, frame);
  }
  check_encoded(frame.view(), gathered.raw);
  append(frame.view(), gathered.chunks, 0);
  gathered = {};
}

void GcRewriter::append(ByteView frame, std::span<const std::uint32_t> chunks, std::uint16_t depth) {
  if (!writer_) writer_ = std::make_unique<PackWriter>(engine_.system, engine_.dirs.tmp.get(), engine_.dirs.packs.get());
  std::vector<PackEntry> members;
  for (const std::uint32_t chunk : chunks) {
    const GcTable::Copy& home = table_.home(chunk);
    members.push_back(
        {home.id, 0, home.raw_bytes, static_cast<std::uint16_t>(members.size()), static_cast<std::uint8_t>(depth), home.kind});
    is_written_[chunk] = true;
  }
  writer_->append(frame, std::move(members));
}

void GcRewriter::encode_broken() {
  Bytes raw;
  for (std::uint32_t chunk = 0; chunk < table_.chunk_count(); ++chunk) {
    if (!plan_.is_broken[chunk] || is_written_[chunk]) continue;
    meter_.check_stop();
    engine_.store->read(table_.id(chunk), raw);
    if (!encode_based(chunk, raw, likely_bases(table_.home(chunk)))) put_whole(chunk, raw);
    if (writer_ && (writer_->bytes_written() >= kPackBytes || writer_->entry_count() >= kPackEntries)) flush();
  }
  open_.clear();
}

void GcRewriter::copy_frame(const PackReader& pack, std::span<const GcTable::Copy* const> members) {
  const auto wanted =
      static_cast<std::size_t>(std::count_if(members.begin(), members.end(), [&](const auto* copy) { return is_wanted(*copy); }));
  if (wanted == 0) return;
  const ByteView mapped = pack.frame(members.front()->offset);
  const Bytes frame(mapped.begin(), mapped.end());  // what was checked is what is written, whatever becomes of the mapped page
  const FrameHeader header = check_frame(frame, pack.path());
  if (wanted == members.size()) {
    std::vector<std::uint32_t> chunks;
    for (const GcTable::Copy* copy : members) chunks.push_back(copy->chunk);
    return append(frame, chunks, header.depth);
  }
  const DecodedGroup group(frame, pack.path());
  for (const GcTable::Copy* copy : members) {
    if (!is_wanted(*copy)) continue;
    const ByteView raw = group.member(copy->member, pack.path());
    if (sha256(raw) != copy->id) ByteReader({}, pack.path()).fail("a member of a group has other bytes than its id names");
    put_whole(copy->chunk, raw);
  }
}

void GcRewriter::copy_pack(std::uint32_t number) {
  const std::vector<const GcTable::Copy*> copies = table_.copies_of_pack(number);
  const bool any = std::any_of(copies.begin(), copies.end(), [&](const auto* copy) { return is_wanted(*copy); });
  if (!any) return;
  const auto pack = PackReader::open(engine_.system, engine_.dirs.packs.get(), table_.packs()[number].name);
  for (std::size_t begin = 0; begin < copies.size();) {
    std::size_t end = begin + 1;
    while (end < copies.size() && copies[end]->offset == copies[begin]->offset) ++end;
    meter_.check_stop();
    copy_frame(*pack, std::span(copies).subspan(begin, end - begin));
    begin = end;
    if (writer_ && (writer_->bytes_written() >= kPackBytes || writer_->entry_count() >= kPackEntries)) flush();
  }
}

std::uint64_t GcRewriter::bytes_waiting() const noexcept { return writer_ ? writer_->bytes_written() : 0; }

void GcRewriter::flush() {
  for (auto& [kind, gathered] : gathered_) write_gathered(gathered);
  if (!writer_) return;
  const PackName name = writer_->publish();
  bytes_written_ += writer_->bytes_written();
  writer_.reset();
  published_.insert(std::upper_bound(published_.begin(), published_.end(), name), name);
  engine_.store->index().add(name);
}

bool GcRewriter::was_published(const PackName& name) const noexcept {
  return std::binary_search(published_.begin(), published_.end(), name);
}

}  // namespace metamori
