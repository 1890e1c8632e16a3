#include "objects/record_salvage.hpp"

#include <algorithm>
#include <cstring>

#include "base/digest.hpp"
#include "metamori/error.hpp"
#include "objects/mend.hpp"

namespace metamori {
namespace {

constexpr std::string_view kRecordMagic = "MMRECRD1";
constexpr std::string_view kFoldedMagic{"MMFOLD1\0", 8};
constexpr std::size_t kFoldedHeaderBytes = 16;
constexpr std::size_t kFoldedRowBytes = 24;
constexpr std::size_t kChecksumBytes = ChunkTag::size_bytes;
constexpr std::size_t kSectionHeadBytes = 8;
constexpr std::size_t kTagBytes = 4;
constexpr std::size_t kMaxTries = 64;

/// Runs a decoder; nothing where it says corrupt.
template <class Decode>
auto tried(Decode decode) -> std::optional<decltype(decode())> {
  try {
    return decode();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::unsupported) throw;
    return std::nullopt;
  }
}

/// All places where `text` stands.
std::vector<std::size_t> places_of(ByteView bytes, std::string_view text, std::size_t most) {
  std::vector<std::size_t> places;
  const ByteView wanted = as_bytes(text);
  auto at = bytes.begin();
  while (places.size() < most && (at = std::search(at, bytes.end(), wanted.begin(), wanted.end())) != bytes.end()) {
    places.push_back(static_cast<std::size_t>(at - bytes.begin()));
    ++at;
  }
  return places;
}

/// What could be the content of a section: wherever its tag stands before a length that fits.
std::vector<ByteView> sections(ByteView bytes, std::string_view tag) {
  std::vector<ByteView> found;
  for (const std::size_t at : places_of(bytes, tag, kMaxTries)) {
    if (bytes.size() - at < kSectionHeadBytes) break;
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + at + kTagBytes, sizeof length);
    if (length <= bytes.size() - at - kSectionHeadBytes) found.push_back(bytes.subspan(at + kSectionHeadBytes, length));
  }
  return found;
}

/// A commit with the tree and the blob that it names.
struct GitObjects {
  Bytes blob, tree, commit;
  Commit decoded;
};

std::optional<GitObjects> find_objects(ByteView bytes, const std::function<bool(const CheckpointId&)>& is_confirmed) {
  for (const ByteView commit : sections(bytes, "COMT")) {
    if (!is_confirmed(git_object_id("commit", commit))) continue;
    const auto decoded = tried([&] { return decode_commit(commit, "record"); });
    if (!decoded) continue;
    for (const ByteView blob : sections(bytes, "BLOB")) {
      Bytes tree = encode_record_tree(git_object_id("blob", blob));
      if (git_object_id("tree", tree) != decoded->tree || !tried([&] { return decode_checkpoint_record(blob, "record"); })) continue;
      return GitObjects{{blob.begin(), blob.end()}, std::move(tree), {commit.begin(), commit.end()}, *decoded};
    }
  }
  return std::nullopt;
}

/// Whether the record itself says that `id` is where HEAD was after it: that of a checkpoint is its own.
bool confirms_itself(ByteView bytes, std::uint64_t number, const CheckpointId& id) {
  for (const ByteView section : sections(bytes, "HAFT")) {
    ByteReader in(section, "record");
    const auto position = tried([&] { return Position{in.varint(), in.id<CheckpointTag>()}; });
    if (position == Position{number, id}) return true;
  }
  return false;
}

std::vector<std::string> decode_tags(ByteView section) {
  const auto tags = tried([&] {
    ByteReader in(section, "record");
    std::vector<std::string> names;
    constexpr std::uint64_t kMaxTag = 100;
    for (std::uint64_t left = in.varint(); left > 0; --left) names.emplace_back(as_text(in.bytes(kMaxTag)));
    in.expect_end();
    return names;
  });
  return tags && std::is_sorted(tags->begin(), tags->end()) ? *tags : std::vector<std::string>{};
}

/// Where the damaged record says HEAD was, if that is a checkpoint that there is.
std::optional<Position> find_position(ByteView damaged, std::string_view tag, const Record& record, const RecordHints& hints) {
  for (const ByteView section : sections(damaged, tag)) {
    ByteReader in(section, "record");
    const auto position = tried([&] {
      const std::uint64_t number = in.varint();
      return Position{number, number == 0 ? CheckpointId{} : in.id<CheckpointTag>()};
    });
    if (!position) continue;
    if (*position == Position{record.number, record.id()}) return position;
    if (position->number < record.number && position->number != 0 && hints.number_of && hints.number_of(position->id) == position->number)
      return position;
  }
  return std::nullopt;
}

void add_positions(Record& record, ByteView damaged, const Commit& commit, const RecordHints& hints) {
  const Position own{record.number, record.id()};
  for (const CheckpointId& parent : commit.parents) {
    const std::uint64_t number = hints.number_of ? hints.number_of(parent) : 0;
    record.parents.push_back(number < record.number ? Position{number, number == 0 ? CheckpointId{} : parent} : Position{});
  }
  const auto before = find_position(damaged, "HBEF", record, hints);
  if (before && *before != own) {
    record.head_before = *before;
  } else if (!record.parents.empty()) {
    record.head_before = record.parents.front();
  }
  const auto after = find_position(damaged, "HAFT", record, hints);
  record.head_after = after ? *after : record.kind == RecordKind::checkpoint ? own : record.head_before;
}

void add_slice(std::map<std::uint64_t, Bytes>& found, ByteView slice) {
  Bytes bytes(slice.begin(), slice.end());
  auto record = tried([&] { return decode_record(bytes, "folded records"); });
  if (!record) {
    auto mended = mend_checksummed(slice);
    if (!mended) return;
    bytes = std::move(*mended);
    record = tried([&] { return decode_record(bytes, "folded records"); });
  }
  if (record) found.try_emplace(record->number, std::move(bytes));
}

}  // namespace

std::optional<Record> rebuild_record(ByteView damaged, std::uint64_t number, const RecordHints& hints) {
  const auto objects =
      find_objects(damaged, [&](const CheckpointId& id) { return hints.id ? id == *hints.id : confirms_itself(damaged, number, id); });
  if (!objects) return std::nullopt;
  Record record;
  record.number = number;
  record.blob = objects->blob;
  record.tree = objects->tree;
  record.commit = objects->commit;
  record.line = hints.line;
  for (const ByteView line : sections(damaged, "LINE"))
    if (!line.empty() && line.size() < hints.line.size() + 32 && as_text(line).starts_with("main")) record.line = as_text(line);
  const auto touched = sections(damaged, "UNDO");
  if (!sections(damaged, "TOMB").empty()) {
    record.kind = RecordKind::tombstone;  // whether its content is held is not known: it is not counted on
    record.head_after = {number, git_object_id("commit", record.commit)};
  } else if (!touched.empty()) {
    record.kind = RecordKind::safety;
    ByteReader in(touched.front(), "record");
    const auto ref = tried([&] { return decode_stream_ref(in); });
    if (!ref) return std::nullopt;
    record.touched = *ref;
    record.line.clear();
  } else {
    for (const ByteView tags : sections(damaged, "TAGS")) record.tags = decode_tags(tags);
  }
  if (record.kind != RecordKind::tombstone) add_positions(record, damaged, objects->decoded, hints);
  // What could not be read back is no record.
  return tried([&] { return decode_record(encode_record(record), "record"); });
}

bool is_sound_folded(ByteView file, std::uint64_t first, std::uint64_t last) {
  if (file.size() < kFoldedHeaderBytes + kChecksumBytes) return false;
  const ChunkId sum = sha256(file.first(file.size() - kChecksumBytes));
  if (!std::equal(sum.bytes.begin(), sum.bytes.end(), file.end() - kChecksumBytes)) return false;
  const auto is_right = tried([&] {
    ByteReader in(file, "folded records");
    if (as_text(in.take(kFoldedMagic.size())) != kFoldedMagic) return false;
    const std::uint64_t count = in.u32();
    in.u32();
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t number = in.u64();
      const std::uint64_t offset = in.u64();
      const std::uint64_t length = in.u64();
      if (number < first || number > last || offset > file.size() || length > file.size() - offset) return false;
      if (decode_record(file.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length)), "folded records").number !=
          number)
        return false;
    }
    return true;
  });
  return is_right.value_or(false);
}

std::map<std::uint64_t, Bytes> salvage_folded(ByteView file) {
  std::map<std::uint64_t, Bytes> found;
  // By the table, as far as it makes sense; then by where records begin, for what is left.
  for (std::size_t row = kFoldedHeaderBytes; row + kFoldedRowBytes <= file.size(); row += kFoldedRowBytes) {
    ByteReader in(file.subspan(row, kFoldedRowBytes), "folded records");
    const std::uint64_t number = in.u64();
    const std::uint64_t offset = in.u64();
    const std::uint64_t length = in.u64();
    if (as_text(file.subspan(row, kRecordMagic.size())) == kRecordMagic) break;
    if (found.contains(number) || offset > file.size() || length > file.size() - offset || length < kChecksumBytes) continue;
    add_slice(found, file.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length)));
  }
  std::vector<std::size_t> begins = places_of(file, kRecordMagic, file.size());
  begins.push_back(file.size() >= kChecksumBytes ? file.size() - kChecksumBytes : file.size());
  for (std::size_t i = 0; i + 1 < begins.size(); ++i)
    if (begins[i] < begins[i + 1]) add_slice(found, file.subspan(begins[i], begins[i + 1] - begins[i]));
  return found;
}

}  // namespace metamori
