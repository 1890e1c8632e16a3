#include <gtest/gtest.h>

#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

CheckpointRecord full() {
  CheckpointRecord record;
  record.root = sha256(as_bytes("root"));
  record.entries = 12;
  record.files = 10;
  record.bytes = 123456789012;
  record.rules = {0, 5, sha256(as_bytes("rules"))};
  record.verdicts = {1, 70000, sha256(as_bytes("verdicts"))};
  record.scope = {0, 9, sha256(as_bytes("scope"))};
  record.start = {1700000000, 1};
  record.end = {1700000001, 999999999};
  record.check = "content";
  record.image_kind = "criu";
  record.image_id = "job 7/100%\n";
  record.image_digest = "sha256:00ff";
  record.extra = {{"x-note", "free text, with spaces"}, {"x-empty", ""}};
  return record;
}

TEST(CheckpointRecord, IsWrittenAsTheFormatSays) {
  EXPECT_EQ(as_text(encode_checkpoint_record(full())),
            "metamori-record 1\nroot " + to_hex(full().root) + "\nentries 12\nfiles 10\nbytes 123456789012\ncdc cdc1\nrules 0:5:" +
                to_hex(full().rules.id) + "\nverdicts 1:70000:" + to_hex(full().verdicts.id) + "\nscope 0:9:" + to_hex(full().scope.id) +
                "\nstart 1700000000.000000001\nend 1700000001.999999999\ncheck content\nimage-kind criu\nimage-id job%207/100%25%0A\n"
                "image-digest sha256:00ff\nx-note free text, with spaces\nx-empty \n");
}

TEST(CheckpointRecord, ComesBackAsItWas) {
  const Bytes bytes = encode_checkpoint_record(full());
  const CheckpointRecord back = decode_checkpoint_record(bytes, "test");
  EXPECT_EQ(encode_checkpoint_record(back), bytes);
  EXPECT_EQ(back.image_id, full().image_id);
  EXPECT_EQ(back.extra, full().extra);
  EXPECT_EQ(back.verdicts, full().verdicts);
  EXPECT_EQ(back.end, full().end);
  CheckpointRecord plain;
  plain.start = {-5, 250000000};
  EXPECT_EQ(decode_checkpoint_record(encode_checkpoint_record(plain), "test").start, plain.start);
}

std::string changed(const std::string& from, const std::string& to) {
  std::string text(as_text(encode_checkpoint_record(full())));
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(CheckpointRecord, OtherSpellingsAreCorrupt) {
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"record 1", "record 2"},
                                                        {"entries 12", "entries 012"},
                                                        {"entries 12\n", ""},
                                                        {"entries 12", "entries -1"},
                                                        {"entries 12", "entries  12"},
                                                        {"files 10", "files 99999999999999999999999"},
                                                        {"cdc1", "cdc2"},
                                                        {"check content", "check maybe"},
                                                        {"image-kind criu\n", "image-kind \n"},
                                                        {"%20", "%2g"},
                                                        {"%0A", "%0a"},
                                                        {"job%20", "job "},
                                                        {"sha256:00ff", "sha256:0ff"},
                                                        {".000000001", ".00000001"},
                                                        {"x-note", "note"},
                                                        {"x-empty \n", "x-empty \n\n"},
                                                        {"x-empty \n", "x-empty "},
                                                        {"0:5:", "0:0:"},
                                                        {"files 10\nbytes 123456789012", "bytes 123456789012\nfiles 10"}})
    EXPECT_EQ(error_kind([&, text = changed(from, to)] { decode_checkpoint_record(as_bytes(text), "test"); }), ErrorKind::corrupt)
        << from << " -> " << to;
}

TEST(CheckpointRecord, EveryTruncationButAtAnOptionalLineIsCorrupt) {
  const Bytes bytes = encode_checkpoint_record(full());
  int accepted = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto kind = error_kind([&] { decode_checkpoint_record(ByteView(bytes).first(size), "test"); });
    if (!kind) ++accepted;
    ASSERT_TRUE(!kind || kind == ErrorKind::corrupt) << size;
  }
  EXPECT_EQ(accepted, 5);  // after check, the three about the image and one extra line
}

TEST(CheckpointRecord, ValuesThatCannotBeWrittenAreRefused) {
  CheckpointRecord record = full();
  record.image_kind = "two words";
  EXPECT_EQ(error_kind([&] { encode_checkpoint_record(record); }), ErrorKind::usage);
  record = full();
  record.image_digest = "nothex";
  EXPECT_EQ(error_kind([&] { encode_checkpoint_record(record); }), ErrorKind::usage);
  record = full();
  record.extra = {{"x-a", "two\nlines"}};
  EXPECT_EQ(error_kind([&] { encode_checkpoint_record(record); }), ErrorKind::usage);
}

}  // namespace
}  // namespace metamori::test
