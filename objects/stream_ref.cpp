#include <charconv>

#include "metamori/error.hpp"
#include "objects/stream.hpp"

namespace metamori {
namespace {

/// Why such a reference can't be, or null.
const char* flaw_of(const StreamRef& ref) noexcept {
  if (ref.level > kMaxStreamLevel) return "a stream of too many levels";
  if (ref.length == 0) return ref.level != 0 || !ref.id.is_zero() ? "an empty stream with a chunk" : nullptr;
  if (ref.id.is_zero()) return "a stream with a zero id";
  // One chunk holds at most that many bytes, hence entries too.
  if (ref.level == 0 && ref.length > kMaxRawBytes) return "a stream of one chunk that is longer than chunks may be";
  return nullptr;
}

/// A decimal number in its only spelling.
template <class Number>
bool parse_number(std::string_view text, Number& value) {
  if (text.size() > 1 && text[0] == '0') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void encode_stream_ref(const StreamRef& ref, ByteWriter& out) {
  out.u8(ref.level);
  out.varint(ref.length);
  if (ref.length != 0) out.id(ref.id);
}

StreamRef decode_stream_ref(ByteReader& in) {
  StreamRef ref;
  ref.level = in.u8();
  ref.length = in.varint();
  if (ref.length != 0) ref.id = in.id<ChunkTag>();
  if (const char* flaw = flaw_of(ref)) in.fail(flaw);
  return ref;
}

std::string stream_ref_text(const StreamRef& ref) {
  std::string text = std::to_string(ref.level) + ':' + std::to_string(ref.length) + ':';
  if (ref.length != 0) text += to_hex(ref.id);
  return text;
}

StreamRef stream_ref_from_text(std::string_view text) {
  const auto fail = [&](std::string_view why) {
    throw Error(ErrorKind::corrupt, "stream reference '" + std::string(text.substr(0, 128)) + "': " + std::string(why));
  };
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos) fail("not of the form level:length:id");
  StreamRef ref;
  if (!parse_number(text.substr(0, first), ref.level) || !parse_number(text.substr(first + 1, second - first - 1), ref.length))
    fail("a bad number");
  const std::string_view digits = text.substr(second + 1);
  if (!digits.empty() || ref.length != 0) {
    const auto id = id_from_hex<ChunkTag>(digits);
    if (!id || to_hex(*id) != digits) fail("a bad id");
    if (ref.length == 0) fail("an empty stream with a chunk");
    ref.id = *id;
  }
  if (const char* flaw = flaw_of(ref)) fail(flaw);
  return ref;
}

}  // namespace metamori
