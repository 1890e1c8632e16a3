#include <gtest/gtest.h>

#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

Record sample_checkpoint() {
  Wanted wanted;
  wanted.tags = {"a", "b"};
  const Position parent{6, make_record(6, {}, {}).id()};
  wanted.parents = {parent};
  Record record = make_record(7, wanted, parent);
  record.gc_generation = 300;
  record.packs = {sha256(as_bytes("p"))};
  return record;
}

Record sample_safety() {
  Wanted wanted;
  wanted.kind = RecordKind::safety;
  Record record = make_record(2, wanted, {1, make_record(1, {}, {}).id()});
  record.touched = {0, 12, sha256(as_bytes("list"))};
  return record;
}

Record sample_move() {
  Record record;
  record.kind = RecordKind::move;
  record.number = 3;
  record.head_before = {1, make_record(1, {}, {}).id()};
  record.move_reason = MoveReason::undo;
  record.safety_number = 2;
  return record;
}

Record sample_tombstone() {
  Record record = make_record(9, {}, {});
  record.kind = RecordKind::tombstone;
  record.tomb_reason = TombReason::withdrawn;
  record.content_held = true;
  record.tomb_time = -5;
  return record;
}

/// The record with another checksum put right, as a careless or hostile writer would leave it.
Bytes resealed(Bytes bytes) {
  bytes.resize(bytes.size() - 32);
  const ChunkId checksum = sha256(bytes);
  bytes.insert(bytes.end(), checksum.bytes.begin(), checksum.bytes.end());
  return bytes;
}

TEST(Record, ATombstoneTellsWhereHeadWasIfTheCheckpointDidNotMoveIt) {
  Record record = sample_tombstone();
  record.head_after = {record.number, record.id()};
  const Bytes plain = encode_record(record);
  EXPECT_EQ(as_text(plain).find("haft"), std::string_view::npos);
  EXPECT_EQ(decode_record(plain, "test").head_after, record.head_after);
  for (const Position& head : {Position{}, Position{3, record.id()}}) {
    record.head_after = head;
    EXPECT_EQ(decode_record(encode_record(record), "test").head_after, head);
  }
  record.head_after.number = record.number + 1;
  EXPECT_THROW(decode_record(encode_record(record), "test"), Error);
}

TEST(Record, EveryKindComesBackAsItWas) {
  for (const Record& record : {sample_checkpoint(), sample_safety(), sample_move(), sample_tombstone()}) {
    const Bytes bytes = encode_record(record);
    EXPECT_EQ(encode_record(decode_record(bytes, "test")), bytes);
  }
  const Record back = decode_record(encode_record(sample_checkpoint()), "test");
  EXPECT_EQ(back.number, 7U);
  EXPECT_EQ(back.line, "main");
  EXPECT_EQ(back.gc_generation, 300U);
  EXPECT_EQ(back.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(back.packs, sample_checkpoint().packs);
  EXPECT_EQ(back.parents, sample_checkpoint().parents);
  EXPECT_EQ(back.head_after, (Position{7, back.id()}));
  const Record tomb = decode_record(encode_record(sample_tombstone()), "test");
  EXPECT_TRUE(tomb.content_held);
  EXPECT_EQ(tomb.tomb_time, -5);
  EXPECT_EQ(tomb.line, "main");
  EXPECT_EQ(decode_record(encode_record(sample_move()), "test").safety_number, 2U);
  EXPECT_EQ(decode_record(encode_record(sample_safety()), "test").touched, sample_safety().touched);
}

TEST(Record, HeaderStandsAsTheFormatSays) {
  const Bytes bytes = encode_record(sample_move());
  EXPECT_EQ(as_text(ByteView(bytes).first(8)), "MMRECRD1");
  EXPECT_EQ(to_hex(ByteView(bytes).subspan(8, 16)), "03000000000000000300000000000000");
  EXPECT_EQ(as_text(ByteView(bytes).subspan(24, 4)), "HAFT");
  EXPECT_EQ(to_hex(ByteView(bytes).subspan(28, 5)), "0100000000");  // one byte: number 0
  EXPECT_EQ(as_text(ByteView(bytes).subspan(33, 4)), "HBEF");
}

TEST(Record, EveryFlippedByteIsCorrupt) {
  int count = 0;
  for (const Record& record : {sample_checkpoint(), sample_safety(), sample_move(), sample_tombstone()}) {
    const Bytes bytes = encode_record(record);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (const int mask : {0x01, 0x80, 0xff}) {
        Bytes damaged = bytes;
        damaged[i] ^= static_cast<std::byte>(mask);
        ASSERT_EQ(error_kind([&] { decode_record(damaged, "test"); }), ErrorKind::corrupt) << "byte " << i;
        ++count;
      }
    }
  }
  EXPECT_GT(count, 3000);
}

TEST(Record, EveryTruncationIsCorrupt) {
  const Bytes bytes = encode_record(sample_checkpoint());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_EQ(error_kind([&] { decode_record(ByteView(bytes).first(size), "test"); }), ErrorKind::corrupt) << size;
}

/// With the checksum put right, a flip gives a value, an error of the two kinds, or a section that may be skipped; it never crashes.
TEST(Record, FlipsUnderAGoodChecksumAreJudged) {
  int rejected = 0;
  for (const Record& record : {sample_checkpoint(), sample_safety(), sample_move(), sample_tombstone()}) {
    const Bytes bytes = encode_record(record);
    for (std::size_t i = 0; i + 32 < bytes.size(); ++i) {
      Bytes damaged = bytes;
      damaged[i] ^= std::byte{0x21};
      const auto kind = error_kind([&] { decode_record(resealed(damaged), "test"); });
      if (kind) ++rejected;
      ASSERT_TRUE(!kind || *kind == ErrorKind::corrupt || *kind == ErrorKind::unsupported);
    }
  }
  EXPECT_GT(rejected, 800);
}

Bytes with_section(const Record& record, std::string_view tag, std::string_view content) {
  Bytes bytes = encode_record(record);
  bytes.resize(bytes.size() - 32);
  ByteWriter more;
  more.raw(as_bytes(tag));
  more.u32(static_cast<std::uint32_t>(content.size()));
  more.raw(as_bytes(content));
  bytes.insert(bytes.end(), more.view().begin(), more.view().end());
  bytes.resize(bytes.size() + 32);
  return resealed(bytes);
}

TEST(Record, UnknownSectionsAreSkippedUnlessCritical) {
  EXPECT_NO_THROW(decode_record(with_section(sample_checkpoint(), "zzzz", "new"), "test"));
  EXPECT_EQ(error_kind([] { decode_record(with_section(sample_move(), "ZZZZ", "new"), "test"); }), ErrorKind::unsupported);
  EXPECT_EQ(error_kind([] { decode_record(with_section(sample_checkpoint(), "abcd", "out of order"), "test"); }), ErrorKind::corrupt);
  EXPECT_EQ(error_kind([] { decode_record(with_section(sample_checkpoint(), "zz 1", "bad tag"), "test"); }), ErrorKind::corrupt);
  EXPECT_EQ(error_kind([] { decode_record(with_section(sample_move(), "UNDO", ""), "test"); }), ErrorKind::unsupported);
}

TEST(Record, EncryptionIsUnsupported) {
  Bytes bytes = encode_record(sample_checkpoint());
  bytes[10] = std::byte{1};
  EXPECT_EQ(error_kind([&] { decode_record(resealed(bytes), "test"); }), ErrorKind::unsupported);
  bytes[10] = std::byte{2};
  EXPECT_EQ(error_kind([&] { decode_record(resealed(bytes), "test"); }), ErrorKind::corrupt);
}

TEST(Record, GitObjectsThatDoNotFitAreCorrupt) {
  const auto rejected = [](Record record) {
    return error_kind([&] { decode_record(encode_record(record), "test"); }) == ErrorKind::corrupt;
  };
  Record record = sample_checkpoint();
  record.blob.push_back(std::byte{'x'});
  EXPECT_TRUE(rejected(record));
  record = sample_checkpoint();
  record.tree.back() ^= std::byte{1};
  EXPECT_TRUE(rejected(record));
  record = sample_checkpoint();
  record.parents.front().id.bytes[0] ^= std::byte{1};
  EXPECT_TRUE(rejected(record));
  record = sample_checkpoint();
  record.parents.clear();
  EXPECT_TRUE(rejected(record));
}

TEST(Record, PositionsPointBackwards) {
  const auto rejected = [](const Record& record) {
    return error_kind([&] { decode_record(encode_record(record), "test"); }) == ErrorKind::corrupt;
  };
  Record record = sample_checkpoint();
  record.parents.front().number = record.number;
  EXPECT_TRUE(rejected(record));
  record = sample_move();
  record.head_after = {record.number + 1, record.head_before.id};
  EXPECT_TRUE(rejected(record));
  record = sample_move();
  record.safety_number = record.number;
  EXPECT_TRUE(rejected(record));
}

TEST(Record, TagsMustBeSorted) {
  Record record = sample_checkpoint();
  record.tags = {"b", "a"};
  EXPECT_EQ(error_kind([&] { decode_record(encode_record(record), "test"); }), ErrorKind::corrupt);
}

TEST(Verdicts, ComeBackAndAreStrict) {
  const std::vector<PathVerdict> list{
      {"a", Verdict::torn, Live::unknown}, {"a/b", Verdict::assumed, Live::yes}, {"z\xff", Verdict::clean, Live::no}};
  const Bytes bytes = encode_verdicts(list);
  const std::vector<PathVerdict> back = decode_verdicts(bytes);
  ASSERT_EQ(back.size(), 3U);
  EXPECT_EQ(back[1].path, "a/b");
  EXPECT_EQ(back[1].verdict, Verdict::assumed);
  EXPECT_EQ(back[0].live, Live::unknown);
  Bytes bad = bytes;
  bad[2] = std::byte{7};
  EXPECT_EQ(error_kind([&] { decode_verdicts(bad); }), ErrorKind::corrupt);
  bad = bytes;
  bad[3] = std::byte{3};
  EXPECT_EQ(error_kind([&] { decode_verdicts(bad); }), ErrorKind::corrupt);
  bad = bytes;
  bad[1] = std::byte{'x'};  // "x" before "a/b"
  EXPECT_EQ(error_kind([&] { decode_verdicts(bad); }), ErrorKind::corrupt);
  for (std::size_t size = 1; size < bytes.size(); ++size)
    if (size != 4 && size != 10) {
      EXPECT_EQ(error_kind([&] { decode_verdicts(ByteView(bytes).first(size)); }), ErrorKind::corrupt) << size;
    }
}

TEST(TouchedPaths, ComeBackAndAreStrict) {
  const Bytes bytes = encode_touched({{"new", false}, {"old", true}});
  const auto back = decode_touched(bytes);
  ASSERT_EQ(back.size(), 2U);
  EXPECT_FALSE(back[0].existed);
  EXPECT_TRUE(back[1].existed);
  Bytes bad = bytes;
  bad.back() = std::byte{2};
  EXPECT_EQ(error_kind([&] { decode_touched(bad); }), ErrorKind::corrupt);
  EXPECT_EQ(decode_path_list(encode_path_list({"a", "b/c"})), (std::vector<std::string>{"a", "b/c"}));
  EXPECT_EQ(error_kind([] { decode_path_list(to_bytes(std::string("\1b\1a"))); }), ErrorKind::corrupt);
  for (const std::string path : {"../a", "a/..", "/a", "a//b", "a/", ".metamori/a"})
    EXPECT_EQ(error_kind([&] { decode_path_list(to_bytes(static_cast<char>(path.size()) + path)); }), ErrorKind::corrupt) << path;
  EXPECT_EQ(error_kind([] { decode_path_list(to_bytes(std::string("\1a\1a"))); }), ErrorKind::corrupt);
}

}  // namespace
}  // namespace metamori::test
