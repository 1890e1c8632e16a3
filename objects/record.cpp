#include "objects/record.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/assert.hpp"
#include "base/digest.hpp"
#include "metamori/error.hpp"

// The envelope: docs/format.md, section 9. Header, sections in ascending order of their tags, SHA-256 of all before.

namespace metamori {
namespace {

constexpr std::string_view kMagic = "MMRECRD1";
constexpr std::size_t kHeaderBytes = 24;
constexpr std::size_t kMaxRecordBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxTagBytes = 100;
constexpr std::size_t kMaxLineBytes = 255;
constexpr std::uint16_t kEncryptedFlag = 1;

using Sections = std::map<std::string, Bytes, std::less<>>;  // std::string orders by unsigned bytes

/// Which sections a record of some kind has: all of these, and `pack` or `haft` as it likes.
std::vector<std::string_view> sections_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::checkpoint:
      return {"BLOB", "COMT", "GENR", "HAFT", "HBEF", "LINE", "PARS", "TAGS", "TREE"};
    case RecordKind::safety:
      return {"BLOB", "COMT", "GENR", "HAFT", "HBEF", "PARS", "TREE", "UNDO"};
    case RecordKind::move:
      return {"HAFT", "HBEF", "MOVE"};
    case RecordKind::tombstone:
      return {"BLOB", "COMT", "TOMB", "TREE"};
  }
  MM_ASSERT(false);
}

/// HEAD went to the checkpoint itself when it was made, so that there is nothing to note of a tombstone; unless that stands for a lost
/// record, of which its own commit does not have the id.
bool moved_head(const Record& record) { return record.head_after == Position{record.number, git_object_id("commit", record.commit)}; }

void put_position(const Position& position, ByteWriter& out) {
  out.varint(position.number);
  if (position.number != 0) out.id(position.id);
}

Position take_position(ByteReader& in) {
  Position position;
  position.number = in.varint();
  if (position.number != 0) position.id = in.id<CheckpointTag>();
  return position;
}

template <class Put>
Bytes section(Put put) {
  ByteWriter out;
  put(out);
  return out.take();
}

Bytes encode_section(const Record& record, std::string_view tag) {
  return section([&](ByteWriter& out) {
    if (tag == "BLOB") {
      out.raw(record.blob);
    } else if (tag == "COMT") {
      out.raw(record.commit);
    } else if (tag == "TREE") {
      out.raw(record.tree);
    } else if (tag == "GENR") {
      out.varint(record.gc_generation);
    } else if (tag == "HAFT" || tag == "haft") {
      put_position(record.head_after, out);
    } else if (tag == "HBEF") {
      put_position(record.head_before, out);
    } else if (tag == "LINE") {
      out.raw(as_bytes(record.line));
    } else if (tag == "MOVE") {
      out.u8(static_cast<std::uint8_t>(record.move_reason));
      out.varint(record.safety_number);
    } else if (tag == "PARS") {
      out.varint(record.parents.size());
      for (const Position& parent : record.parents) put_position(parent, out);
    } else if (tag == "TAGS") {
      out.varint(record.tags.size());
      for (const std::string& name : record.tags) out.bytes(as_bytes(name));
    } else if (tag == "TOMB") {
      out.u8(static_cast<std::uint8_t>(record.tomb_reason));
      out.u8(record.content_held ? 1 : 0);
      out.svarint(record.tomb_time);
      out.bytes(as_bytes(record.line));
    } else if (tag == "UNDO") {
      encode_stream_ref(record.touched, out);
    } else {
      MM_ASSERT(tag == "pack");
      for (const ChunkId& name : record.packs) out.id(name);
    }
  });
}

void decode_tags(ByteReader& in, Record& record) {
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string name(as_text(in.bytes(kMaxTagBytes)));
    if (name.empty()) in.fail("a tag without a name");
    if (!record.tags.empty() && !(record.tags.back() < name)) in.fail("tags out of order");
    record.tags.push_back(std::move(name));
  }
}

void decode_tomb(ByteReader& in, Record& record) {
  const std::uint8_t reason = in.u8();
  if (reason < 1 || reason > 2) in.fail("unknown reason of a tombstone");
  record.tomb_reason = static_cast<TombReason>(reason);
  const std::uint8_t held = in.u8();
  if (held > 1) in.fail("a tombstone's content is neither held nor released");
  record.content_held = held == 1;
  record.tomb_time = in.svarint();
  record.line = as_text(in.bytes(kMaxLineBytes));
}

void decode_section(std::string_view tag, ByteView bytes, std::string_view where, Record& record) {
  ByteReader in(bytes, where);
  if (tag == "BLOB" || tag == "COMT" || tag == "TREE") {
    Bytes& target = tag == "BLOB" ? record.blob : tag == "COMT" ? record.commit : record.tree;
    target.assign(bytes.begin(), bytes.end());
    return;
  }
  if (tag == "GENR") {
    record.gc_generation = in.varint();
  } else if (tag == "HAFT" || tag == "haft") {
    record.head_after = take_position(in);
  } else if (tag == "HBEF") {
    record.head_before = take_position(in);
  } else if (tag == "LINE") {
    if (bytes.empty() || bytes.size() > kMaxLineBytes) in.fail("the name of the line is empty or too long");
    record.line = as_text(in.take(bytes.size()));
  } else if (tag == "MOVE") {
    const std::uint8_t reason = in.u8();
    if (reason < 1 || reason > 3) in.fail("unknown reason of a move");
    record.move_reason = static_cast<MoveReason>(reason);
    record.safety_number = in.varint();
  } else if (tag == "PARS") {
    const std::uint64_t count = in.varint();
    for (std::uint64_t i = 0; i < count; ++i) record.parents.push_back(take_position(in));
  } else if (tag == "TAGS") {
    decode_tags(in, record);
  } else if (tag == "TOMB") {
    decode_tomb(in, record);
  } else if (tag == "UNDO") {
    record.touched = decode_stream_ref(in);
  } else if (tag == "pack") {
    if (in.at_end()) in.fail("an empty list of packs");
    while (!in.at_end()) record.packs.push_back(in.id<ChunkTag>());
  }
  in.expect_end();
}

/// Positions point backwards: that is what makes the order of numbers a topological order, and every walk finite.
void check_positions(const Record& record, const ByteReader& in) {
  const std::uint64_t number = record.number;
  if (record.head_before.number >= number || record.head_after.number > number || record.safety_number >= number)
    in.fail("a position that lies after the record");
  for (const Position& parent : record.parents)
    if (parent.number >= number) in.fail("a parent that lies after the record");
}

/// The three git objects must name each other, and the parents be the commit's.
void check_objects(const Record& record, std::string_view where) {
  const ByteReader in({}, where);
  if (record.tree != encode_record_tree(git_object_id("blob", record.blob))) in.fail("the git tree does not hold the record's blob");
  const Commit commit = decode_commit(record.commit, where);
  if (commit.tree != git_object_id("tree", record.tree)) in.fail("the git commit does not name the record's tree");
  if (record.kind == RecordKind::tombstone) return;
  if (commit.parents.size() != record.parents.size()) in.fail("the number of parents differs from the git commit's");
  for (std::size_t i = 0; i < commit.parents.size(); ++i)
    if (record.parents[i].number != 0 && record.parents[i].id != commit.parents[i]) in.fail("a parent differs from the git commit's");
}

bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

void decode_sections(ByteReader& in, std::string_view where, Record& record) {
  std::vector<std::string_view> missing = sections_of(record.kind);
  std::string previous;
  bool has_head = false;
  while (!in.at_end()) {
    const std::string tag(as_text(in.take(4)));
    const ByteView content = in.take(in.u32());
    if (!std::all_of(tag.begin(), tag.end(), is_letter)) in.fail("a section without a proper tag");
    if (!previous.empty() && !(previous < tag)) in.fail("sections out of order");
    previous = tag;
    const auto found = std::find(missing.begin(), missing.end(), tag);
    const bool is_extra = (tag == "pack" && (record.kind == RecordKind::checkpoint || record.kind == RecordKind::safety)) ||
                          (tag == "haft" && record.kind == RecordKind::tombstone);
    if (tag == "haft") has_head = true;
    if (found == missing.end() && !is_extra) {
      if (tag[0] >= 'a') continue;
      throw Error(ErrorKind::unsupported, std::string(where) + " has a section '" + tag + "' that this version does not know",
                  "a newer metamori wrote it");
    }
    decode_section(tag, content, where, record);
    if (!is_extra) missing.erase(found);
  }
  if (!missing.empty()) in.fail("section '" + std::string(missing.front()) + "' is missing");
  if (record.kind == RecordKind::tombstone && !has_head) record.head_after = {record.number, git_object_id("commit", record.commit)};
}

}  // namespace

CheckpointId Record::id() const {
  MM_ASSERT(kind != RecordKind::move);
  if (kind == RecordKind::tombstone && head_after.number == number) return head_after.id;  // the same, or that of a lost record
  return git_object_id("commit", commit);
}

Bytes encode_record(const Record& record) {
  ByteWriter out;
  out.raw(as_bytes(kMagic));
  out.u16(static_cast<std::uint16_t>(record.kind));
  out.u16(0);
  out.u32(0);
  out.u64(record.number);
  std::vector<std::string_view> tags = sections_of(record.kind);
  if (!record.packs.empty() && (record.kind == RecordKind::checkpoint || record.kind == RecordKind::safety)) tags.push_back("pack");
  if (record.kind == RecordKind::tombstone && !moved_head(record)) tags.push_back("haft");
  for (const std::string_view tag : tags) {
    const Bytes content = encode_section(record, tag);
    out.raw(as_bytes(tag));
    out.u32(static_cast<std::uint32_t>(content.size()));
    out.raw(content);
  }
  out.id(sha256(out.view()));
  return out.take();
}

Record decode_record(ByteView bytes, std::string_view where) {
  ByteReader whole(bytes, where);
  if (bytes.size() < kHeaderBytes + ChunkTag::size_bytes) whole.fail("too short for a record");
  if (bytes.size() > kMaxRecordBytes) whole.fail("too long for a record");
  const ByteView covered = bytes.first(bytes.size() - ChunkTag::size_bytes);
  ByteReader tail(bytes.subspan(covered.size()), where);
  if (sha256(covered) != tail.id<ChunkTag>()) whole.fail("the checksum does not match");

  ByteReader in(covered, where);
  if (as_text(in.take(kMagic.size())) != kMagic) in.fail("not a record");
  const std::uint16_t kind = in.u16();
  if (kind < 1 || kind > 4) in.fail("unknown kind of record");
  const std::uint16_t flags = in.u16();
  if (flags == kEncryptedFlag) throw Error(ErrorKind::unsupported, std::string(where) + " is encrypted, which this version does not know");
  if (flags != 0 || in.u32() != 0) in.fail("reserved bits are set");
  Record record;
  record.kind = static_cast<RecordKind>(kind);
  record.number = in.u64();
  if (record.number == 0) in.fail("a record without a number");
  decode_sections(in, where, record);
  check_positions(record, in);
  if (record.kind != RecordKind::move) check_objects(record, where);
  return record;
}

}  // namespace metamori
