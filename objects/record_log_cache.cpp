#include "objects/record_log_cache.hpp"

#include <fcntl.h>

#include <map>
#include <span>

#include "base/assert.hpp"
#include "base/digest.hpp"
#include "metamori/error.hpp"

// Each file: 8 bytes magic, u64 XXH3 of the rest, the rest.
// `latest`: u64 number, stamp.
// `replaced`: u64 token, varint count, the numbers as varints.
// `history`: stamp, u8 settled, u64 token and varint count of `replaced`, varint count of line names, the names as bytes, varint count of
// records, then for each, ascending:
//   varint number (difference to the one before), u8 kind, u8 form of HAFT (0 none, 1 the record itself, 2 as the record before, 3 given),
//   u64 inode, [20 bytes id unless it is a move], varint count of parents, each as position, [position HAFT], varint index of the line,
//   varint count of tags, the tags as bytes, svarint time.
// A stamp is u64 device, u64 inode, and mtime and ctime as u64 seconds, u32 nanoseconds; a position is varint number, 20 bytes id.

namespace metamori {
namespace {

constexpr std::string_view kLatestMagic = "MMLATST1";
constexpr std::string_view kReplacedMagic = "MMREPLA1";
constexpr std::string_view kHistoryMagic = "MMHISTO1";
constexpr std::uint64_t kMaxNameBytes = 255;
constexpr std::uint64_t kMaxCacheBytes = std::uint64_t{1} << 30;
constexpr const char* kLatestName = "latest";
constexpr const char* kHistoryName = "history";
constexpr const char* kReplacedName = "replaced";
constexpr std::size_t kMaxReplaced = 4096;  // then a new list is begun, and everything is read again once
enum HeadForm : std::uint8_t { kNoHead = 0, kOwn = 1, kAsBefore = 2, kGiven = 3 };

Bytes sealed(std::string_view magic, const ByteWriter& body) {
  ByteWriter out;
  out.raw(as_bytes(magic));
  out.u64(xxh3_64(body.view()));
  out.raw(body.view());
  return out.take();
}

/// The body if magic and checksum are right.
std::optional<ByteView> unsealed(std::string_view magic, ByteView bytes) {
  if (bytes.size() < magic.size() + 8 || as_text(bytes.first(magic.size())) != magic) return std::nullopt;
  ByteReader in(bytes.subspan(magic.size()), "cache");
  const std::uint64_t checksum = in.u64();
  if (xxh3_64(in.rest()) != checksum) return std::nullopt;
  return in.rest();
}

void put_position(const Position& position, ByteWriter& out) {
  out.varint(position.number);
  out.id(position.id);
}

Position take_position(ByteReader& in) {
  Position position;
  position.number = in.varint();
  position.id = in.id<CheckpointTag>();
  return position;
}

HeadForm head_form(const RecordSummary& record, const Position& before) {
  if (record.kind == RecordKind::tombstone) return kNoHead;
  if (record.head_after == Position{record.number, record.id}) return kOwn;
  return record.head_after == before ? kAsBefore : kGiven;
}

/// One record after the other, with what is carried from each to the next.
struct SummaryCodec {
  std::uint64_t number = 0;
  Position head;

  void put(const RecordSummary& record, std::uint64_t inode, std::uint64_t line, ByteWriter& out) {
    const HeadForm form = head_form(record, head);
    out.varint(record.number - number);
    out.u8(static_cast<std::uint8_t>(record.kind));
    out.u8(form);
    out.u64(inode);
    if (record.kind != RecordKind::move) out.id(record.id);
    out.varint(record.parents.size());
    for (const Position& parent : record.parents) put_position(parent, out);
    if (form == kGiven) put_position(record.head_after, out);
    out.varint(line);
    out.varint(record.tags.size());
    for (const std::string& name : record.tags) out.bytes(as_bytes(name));
    out.svarint(record.time_seconds);
    number = record.number;
    if (form != kNoHead) head = record.head_after;
  }

  RecordSummary take(ByteReader& in, std::uint64_t& inode, const std::vector<std::string>& lines) {
    RecordSummary record;
    const std::uint64_t step = in.varint();
    if (step == 0 || step > ~number) in.fail("numbers out of order");
    record.number = number += step;
    const std::uint8_t kind = in.u8();
    if (kind < 1 || kind > 4) in.fail("unknown kind");
    record.kind = static_cast<RecordKind>(kind);
    const std::uint8_t form = in.u8();
    inode = in.u64();
    if (record.kind != RecordKind::move) record.id = in.id<CheckpointTag>();
    const std::uint64_t parent_count = in.varint();
    if (parent_count > in.rest().size()) in.fail("too many parents");
    record.parents.reserve(static_cast<std::size_t>(parent_count));
    for (std::uint64_t i = 0; i < parent_count; ++i) record.parents.push_back(take_position(in));
    if (form == kOwn) head = {record.number, record.id};
    if (form == kGiven) head = take_position(in);
    if (form != kNoHead) record.head_after = head;
    const std::uint64_t line = in.varint();
    if (line >= lines.size()) in.fail("unknown line");
    record.line = lines[static_cast<std::size_t>(line)];
    for (std::uint64_t i = in.varint(); i > 0; --i) record.tags.emplace_back(as_text(in.bytes(kMaxNameBytes)));
    record.time_seconds = in.svarint();
    return record;
  }
};

}  // namespace

Bytes encode_latest(const LatestHint& hint) {
  ByteWriter out;
  out.u64(hint.number);
  encode_stamp(hint.stamp, out);
  return sealed(kLatestMagic, out);
}

std::optional<LatestHint> decode_latest(ByteView bytes) {
  const auto body = unsealed(kLatestMagic, bytes);
  if (!body) return std::nullopt;
  try {
    ByteReader in(*body, "cache/latest");
    LatestHint hint;
    hint.number = in.u64();
    hint.stamp = decode_stamp(in);
    in.expect_end();
    return hint;
  } catch (const Error&) {
    return std::nullopt;
  }
}

Bytes encode_replaced(const ReplacedList& list) {
  ByteWriter out;
  out.u64(list.token);
  out.varint(list.numbers.size());
  for (const std::uint64_t number : list.numbers) out.varint(number);
  return sealed(kReplacedMagic, out);
}

std::optional<ReplacedList> decode_replaced(ByteView bytes) {
  const auto body = unsealed(kReplacedMagic, bytes);
  if (!body) return std::nullopt;
  try {
    ByteReader in(*body, "cache/replaced");
    ReplacedList list;
    list.token = in.u64();
    for (std::uint64_t i = in.varint(); i > 0; --i) list.numbers.push_back(in.varint());
    in.expect_end();
    return list;
  } catch (const Error&) {
    return std::nullopt;
  }
}

Bytes encode_history(const HistoryCache& history) {
  MM_ASSERT(history.inodes.size() == history.summaries.size());
  std::map<std::string, std::uint64_t> line_numbers;
  std::vector<std::string> lines;
  for (const RecordSummary& record : history.summaries)
    if (line_numbers.emplace(record.line, lines.size()).second) lines.push_back(record.line);
  ByteWriter out;
  encode_stamp(history.stamp, out);
  out.u8(history.settled ? 1 : 0);
  out.u64(history.replaced_token);
  out.varint(history.replaced_count);
  out.varint(lines.size());
  for (const std::string& line : lines) out.bytes(as_bytes(line));
  out.varint(history.summaries.size());
  SummaryCodec codec;
  for (std::size_t i = 0; i < history.summaries.size(); ++i)
    codec.put(history.summaries[i], history.inodes[i], line_numbers.at(history.summaries[i].line), out);
  return sealed(kHistoryMagic, out);
}

std::optional<HistoryCache> decode_history(ByteView bytes) {
  const auto body = unsealed(kHistoryMagic, bytes);
  if (!body) return std::nullopt;
  try {
    ByteReader in(*body, "cache/history");
    HistoryCache history;
    history.stamp = decode_stamp(in);
    history.settled = in.u8() == 1;
    history.replaced_token = in.u64();
    history.replaced_count = in.varint();
    std::vector<std::string> lines;
    for (std::uint64_t i = in.varint(); i > 0; --i) lines.emplace_back(as_text(in.bytes(kMaxNameBytes)));
    const std::uint64_t count = in.varint();
    if (count > in.rest().size()) return std::nullopt;
    history.summaries.reserve(static_cast<std::size_t>(count));
    history.inodes.reserve(static_cast<std::size_t>(count));
    SummaryCodec codec;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::uint64_t inode = 0;
      history.summaries.push_back(codec.take(in, inode, lines));
      history.inodes.push_back(inode);
    }
    in.expect_end();
    return history;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<Bytes> RecordLogCache::read(const char* name) {
  if (!dirs_.cache.is_open()) return std::nullopt;
  const std::string path = std::string(".metamori/cache/") + name;
  try {
    const auto file = find_file(system_, dirs_.cache.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
    if (!file) return std::nullopt;
    return read_whole(system_, file->get(), kMaxCacheBytes, path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

void RecordLogCache::write(const char* name, ByteView bytes) {
  if (!dirs_.cache.is_open() || !dirs_.tmp.is_open()) return;
  try {
    replace_cache_file(system_, dirs_.tmp.get(), dirs_.cache.get(), name, bytes, std::string(".metamori/cache/") + name);
  } catch (const Error&) {
  }
}

std::optional<LatestHint> RecordLogCache::latest() {
  const auto bytes = read(kLatestName);
  return bytes ? decode_latest(*bytes) : std::nullopt;
}

void RecordLogCache::keep(const LatestHint& latest) { write(kLatestName, encode_latest(latest)); }

std::optional<HistoryCache> RecordLogCache::history() {
  const auto bytes = read(kHistoryName);
  return bytes ? decode_history(*bytes) : std::nullopt;
}

void RecordLogCache::keep(const HistoryCache& history) { write(kHistoryName, encode_history(history)); }

ReplacedList RecordLogCache::replaced() {
  const auto bytes = read(kReplacedName);
  auto list = bytes ? decode_replaced(*bytes) : std::nullopt;
  return list ? std::move(*list) : ReplacedList{};
}

void RecordLogCache::announce_replaced(const std::vector<std::uint64_t>& numbers) {
  ReplacedList list = replaced();
  if (list.token == 0 || list.numbers.size() + numbers.size() > kMaxReplaced) {
    list = {};
    system_.random(std::as_writable_bytes(std::span(&list.token, 1)));
    list.token |= 1;  // not 0
  }
  // A new list tells by its token that everything is to be read again.
  if (numbers.size() <= kMaxReplaced) list.numbers.insert(list.numbers.end(), numbers.begin(), numbers.end());
  write(kReplacedName, encode_replaced(list));
}

}  // namespace metamori
