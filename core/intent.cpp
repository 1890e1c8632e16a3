#include "core/intent.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <map>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace metamori {
namespace {

constexpr std::string_view kMagic = "MMINTNT1";
constexpr std::uint16_t kIntentKind = 1;
constexpr std::uint64_t kMaxIntentBytes = 4ULL << 30;
constexpr std::size_t kTagBytes = 4;
constexpr std::size_t kHeaderBytes = 24;
constexpr std::string_view kWhat = "restore/intent";
constexpr const char* kIntentName = "intent";

const char* marker_name(IntentMarker marker) noexcept { return marker == IntentMarker::staged ? "staged" : "aborting"; }

void encode_position(const Position& position, ByteWriter& out) {
  out.varint(position.number);
  if (position.number != 0) out.id(position.id);
}

Position decode_position(ByteReader& in) {
  Position position;
  position.number = in.varint();
  if (position.number != 0) position.id = in.id<CheckpointTag>();
  return position;
}

void put_section(std::string_view tag, ByteWriter& body, ByteWriter& out) {
  if (body.size() > UINT32_MAX) throw Error(ErrorKind::unsupported, "restore: the plan is too large; restore fewer paths at once");
  out.raw(as_bytes(tag));
  out.u32(static_cast<std::uint32_t>(body.size()));
  out.raw(body.view());
  body.clear();
}

/// The sections by tag; throws corrupt if the envelope is not as it should be.
std::map<std::string, ByteView, std::less<>> split_sections(ByteView bytes) {
  ByteReader whole(bytes, kWhat);
  if (bytes.size() < kHeaderBytes + ChunkTag::size_bytes) whole.fail("it is too short");
  const ByteView body = whole.take(bytes.size() - ChunkTag::size_bytes);
  if (sha256(body) != whole.id<ChunkTag>()) whole.fail("its checksum does not match");
  ByteReader in(body, kWhat);
  if (as_text(in.take(kMagic.size())) != kMagic) in.fail("it is no intent");
  if (in.u16() != kIntentKind || in.u16() != 0 || in.u32() != 0 || in.u64() != 0) in.fail("its header is unknown");
  std::map<std::string, ByteView, std::less<>> sections;
  while (!in.at_end()) {
    std::string tag(as_text(in.take(kTagBytes)));
    const ByteView content = in.take(in.u32());
    if (!sections.empty() && sections.rbegin()->first >= tag) in.fail("its sections are out of order");
    sections.emplace(std::move(tag), content);
  }
  return sections;
}

}  // namespace

std::string Intent::staged_name(std::uint64_t number) const {
  return kStagePrefix + to_hex(ByteView(identity)) + '-' + std::to_string(number);
}

Bytes encode_intent(const Intent& intent) {
  ByteWriter out;
  ByteWriter body;
  out.raw(as_bytes(kMagic));
  out.u16(kIntentKind);
  out.u16(0);
  out.u32(0);
  out.u64(0);
  encode_position(intent.head_after, body);
  put_section("HAFT", body, out);
  encode_position(intent.head_before, body);
  put_section("HBEF", body, out);
  body.raw(ByteView(intent.identity));
  put_section("IDEN", body, out);
  body.u8(static_cast<std::uint8_t>(intent.reason));
  body.varint(intent.safety.number);
  put_section("MOVE", body, out);
  body.raw(encode_plan(intent.plan));
  put_section("PLAN", body, out);
  encode_position(intent.safety, body);
  put_section("SAFE", body, out);
  body.id(intent.target_root);
  put_section("TARG", body, out);
  out.id(sha256(out.view()));
  return out.take();
}

Intent decode_intent(ByteView bytes) {
  static constexpr std::array<std::string_view, 7> kTags = {"HAFT", "HBEF", "IDEN", "MOVE", "PLAN", "SAFE", "TARG"};
  const auto sections = split_sections(bytes);
  ByteReader whole(bytes, kWhat);
  const auto section = [&](std::string_view tag) {
    const auto found = sections.find(tag);
    if (found == sections.end()) whole.fail("section " + std::string(tag) + " is missing");
    return ByteReader(found->second, kWhat);
  };
  if (sections.size() != kTags.size()) whole.fail("its sections are not the known ones");
  Intent intent;
  ByteReader after = section("HAFT"), before = section("HBEF"), identity = section("IDEN"), move = section("MOVE"), plan = section("PLAN"),
             safety = section("SAFE"), target = section("TARG");
  intent.head_after = decode_position(after);
  intent.head_before = decode_position(before);
  std::memcpy(intent.identity.data(), identity.take(intent.identity.size()).data(), intent.identity.size());
  const std::uint8_t reason = move.u8();
  if (reason < 1 || reason > 3) move.fail("the reason for its move is unknown");
  intent.reason = static_cast<MoveReason>(reason);
  const std::uint64_t safety_number = move.varint();
  intent.plan = decode_plan(plan.take(plan.rest().size()));
  intent.safety = decode_position(safety);
  if (safety_number != intent.safety.number) move.fail("its safety checkpoint is told twice, differently");
  intent.target_root = target.id<ChunkTag>();
  for (const ByteReader* reader : {&after, &before, &identity, &move, &safety, &target}) reader->expect_end();
  return intent;
}

IntentFiles::IntentFiles(Engine& engine) : engine_(engine) {}

std::optional<Intent> IntentFiles::find() {
  if (!engine_.dirs.restore.is_open()) return std::nullopt;
  const auto file = find_file(engine_.system, engine_.dirs.restore.get(), kIntentName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, kWhat);
  if (!file) return std::nullopt;
  const Bytes bytes = read_whole(engine_.system, file->get(), kMaxIntentBytes, kWhat);
  Intent intent = decode_intent(bytes);
  std::memcpy(checksum_.bytes.data(), bytes.data() + bytes.size() - ChunkTag::size_bytes, ChunkTag::size_bytes);
  return intent;
}

void IntentFiles::publish(const Intent& intent) {
  if (!engine_.dirs.restore.is_open() || !engine_.dirs.tmp.is_open())
    throw Error(ErrorKind::io, "restore: the repository can't be written, so that an interrupted restore could not be recovered");
  const Bytes bytes = encode_intent(intent);
  std::memcpy(checksum_.bytes.data(), bytes.data() + bytes.size() - ChunkTag::size_bytes, ChunkTag::size_bytes);
  replace_file(engine_.system, engine_.dirs.tmp.get(), engine_.dirs.restore.get(), kIntentName, bytes, kWhat);
}

void IntentFiles::mark(IntentMarker marker) {
  ByteWriter out;
  out.id(checksum_);
  out.u64(xxh3_64(ByteView(checksum_.bytes)));
  const char* const name = marker_name(marker);
  replace_file(engine_.system, engine_.dirs.tmp.get(), engine_.dirs.restore.get(), name, out.view(), std::string("restore/") + name);
}

bool IntentFiles::has(IntentMarker marker) {
  const char* const name = marker_name(marker);
  const std::string path = std::string("restore/") + name;
  const auto file = find_file(engine_.system, engine_.dirs.restore.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file) return false;
  constexpr std::uint64_t kMarkerBytes = ChunkTag::size_bytes + 8;
  const Bytes bytes = read_whole(engine_.system, file->get(), kMarkerBytes, path);
  ByteReader in(bytes, path);
  const auto checksum = in.id<ChunkTag>();
  if (in.u64() != xxh3_64(ByteView(checksum.bytes))) in.fail("its checksum does not match");
  in.expect_end();
  return checksum == checksum_;  // else it is left over from an earlier restore
}

void IntentFiles::drop() {
  const int dir = engine_.dirs.restore.get();
  const auto remove = [&](const char* name) {
    const int error = retry_interrupted([&] { return engine_.system.remove_file(dir, name); });
    if (error < 0 && error != -ENOENT) throw_io(-error, "remove", std::string("restore/") + name);
  };
  // The intent first, for good: an intent without its markers would look like one that has not begun.
  remove(kIntentName);
  sync_file(engine_.system, dir, "restore");
  remove(marker_name(IntentMarker::staged));
  remove(marker_name(IntentMarker::aborting));
}

}  // namespace metamori
