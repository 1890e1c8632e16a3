#include <gtest/gtest.h>

#include "objects/directory.hpp"
#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

/// The generator's own source: the values that rapidcheck draws stay few, so that cases are made quickly.
class Draw {
 public:
  std::uint64_t below(std::uint64_t limit) { return *rc::gen::inRange<std::uint64_t>(0, limit); }
  std::string text(std::size_t limit) { return *rc::gen::resize(static_cast<int>(limit), rc::gen::arbitrary<std::string>()); }
  CheckpointId id() { return git_object_id("commit", as_bytes(std::to_string(below(1000)))); }
  StreamRef stream() {
    if (below(3) == 0) return {};
    return {static_cast<std::uint8_t>(below(4)), 1 + below(1 << 20), sha256(as_bytes(std::to_string(below(99))))};
  }
  Position position(std::uint64_t before) {
    const std::uint64_t number = below(before);
    return number == 0 ? Position{} : Position{number, id()};
  }
  CheckpointRecord checkpoint() {
    CheckpointRecord record;
    record.root = sha256(as_bytes(std::to_string(below(99))));
    record.entries = below(UINT64_MAX);
    record.files = below(1000);
    record.bytes = below(UINT64_MAX);
    record.rules = stream();
    record.verdicts = stream();
    record.scope = stream();
    record.start = {*rc::gen::arbitrary<std::int64_t>(), static_cast<std::uint32_t>(below(1'000'000'000))};
    record.check = *rc::gen::element<std::string>("auto", "mtime", "content");
    record.image_id = text(10);
    for (std::uint64_t i = below(3); i > 0; --i) record.extra.emplace_back("x-" + std::to_string(below(9)), std::to_string(below(99)));
    return record;
  }
};

Record draw_record(Draw& draw) {
  Record record;
  record.kind = static_cast<RecordKind>(1 + draw.below(4));
  record.number = 1 + draw.below(1U << 30);
  if (record.kind != RecordKind::tombstone) {
    record.head_before = draw.position(record.number);
    record.head_after = draw.position(record.number);
  }
  if (record.kind == RecordKind::move) {
    record.move_reason = static_cast<MoveReason>(1 + draw.below(3));
    record.safety_number = draw.below(record.number);
    return record;
  }
  record.blob = encode_checkpoint_record(draw.checkpoint());
  record.tree = encode_record_tree(git_object_id("blob", record.blob));
  Commit commit;
  commit.tree = git_object_id("tree", record.tree);
  for (std::uint64_t i = draw.below(4); i > 0; --i) {
    commit.parents.push_back(draw.id());
    if (record.kind != RecordKind::tombstone)
      record.parents.push_back({record.number == 1 ? 0 : 1 + draw.below(record.number - 1), commit.parents.back()});
    if (!record.parents.empty() && record.parents.back().number == 0) record.parents.back().id = {};
  }
  commit.author = {draw.text(8), draw.text(8), static_cast<std::int64_t>(draw.below(1ULL << 40)),
                   static_cast<std::int32_t>(draw.below(1600)) - 800};
  commit.committer = {"c", "d", 1, 0};
  commit.message = *rc::gen::element<std::string>("", "m\n", "no newline", "two\n\nparts\xff\n");
  record.commit = encode_commit(commit);
  if (record.kind != RecordKind::safety) record.line = "main-" + std::to_string(draw.below(50));
  if (record.kind == RecordKind::tombstone) {
    record.tomb_reason = static_cast<TombReason>(1 + draw.below(2));
    record.content_held = draw.below(2) == 1;
    record.tomb_time = *rc::gen::arbitrary<std::int64_t>();
    return record;
  }
  record.gc_generation = draw.below(1000);
  for (std::uint64_t i = draw.below(3); i > 0; --i) record.packs.push_back(sha256(as_bytes(std::to_string(i))));
  if (record.kind == RecordKind::safety) record.touched = draw.stream();
  if (record.kind == RecordKind::checkpoint)
    for (std::uint64_t i = 0; i < draw.below(4); ++i) record.tags.push_back("t" + std::to_string(i));
  return record;
}

RC_GTEST_PROP(RecordProp, ComesBackAsItWas, ()) {
  Draw draw;
  const Record record = draw_record(draw);
  const Bytes bytes = encode_record(record);
  const Record back = decode_record(bytes, "test");
  RC_ASSERT(encode_record(back) == bytes);
  RC_ASSERT(back.kind == record.kind && back.number == record.number && back.parents == record.parents && back.tags == record.tags);
  RC_ASSERT(back.head_after == record.head_after && back.head_before == record.head_before && back.line == record.line);
  RC_ASSERT(back.packs == record.packs && back.touched == record.touched && back.tomb_time == record.tomb_time &&
            back.commit == record.commit);
  if (record.kind != RecordKind::move) RC_ASSERT(encode_commit(decode_commit(back.commit, "test")) == record.commit);
}

RC_GTEST_PROP(RecordProp, AnyOtherByteIsCorrupt, ()) {
  Draw draw;
  Bytes bytes = encode_record(draw_record(draw));
  bytes[draw.below(bytes.size())] ^= static_cast<std::byte>(1 + draw.below(255));
  RC_ASSERT(error_kind([&] { decode_record(bytes, "test"); }) == ErrorKind::corrupt);
}

RC_GTEST_PROP(RecordProp, ListsComeBack, (const std::vector<std::string>& words)) {
  std::vector<std::string> paths;
  for (const std::string& word : words)
    if (word.empty() || is_entry_path(word)) paths.push_back(word);
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  RC_ASSERT(decode_path_list(encode_path_list(paths)) == paths);
  std::vector<PathVerdict> verdicts;
  for (const std::string& path : paths)
    verdicts.push_back({path, static_cast<Verdict>(path.size() % 7), static_cast<Live>(path.size() % 3)});
  const Bytes bytes = encode_verdicts(verdicts);
  RC_ASSERT(encode_verdicts(decode_verdicts(bytes)) == bytes);
}

}  // namespace
}  // namespace metamori::test
