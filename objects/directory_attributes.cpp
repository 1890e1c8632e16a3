#include <algorithm>

#include "base/assert.hpp"
#include "metamori/error.hpp"
#include "objects/directory_entry.hpp"

namespace metamori {
namespace {

bool is_attribute_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kMaxNameBytes && name.find('\0') == std::string_view::npos;
}

}  // namespace

void encode_attributes(const std::vector<Attribute>& attributes, ByteWriter& out) {
  out.varint(attributes.size());
  const Attribute* previous = nullptr;
  for (const Attribute& attribute : attributes) {
    MM_ASSERT(is_attribute_name(attribute.name));
    MM_ASSERT(previous == nullptr || previous->name < attribute.name);
    out.bytes(as_bytes(attribute.name));
    out.bytes(attribute.value);
    previous = &attribute;
  }
}

void decode_attributes(ByteReader& in, std::vector<Attribute>& attributes) {
  constexpr std::size_t kLeastAttributeBytes = 3;
  const std::uint64_t count = in.varint();
  if (count == 0) in.fail("an empty set of attributes");
  if (count > in.rest().size() / kLeastAttributeBytes) in.fail("more attributes than there is room for");
  attributes.resize(static_cast<std::size_t>(count));
  const Attribute* previous = nullptr;
  for (Attribute& attribute : attributes) {
    attribute.name = as_text(in.bytes(kMaxNameBytes));
    if (!is_attribute_name(attribute.name)) in.fail("a bad name of an attribute");
    if (previous != nullptr && previous->name >= attribute.name) in.fail("attributes out of order");
    const ByteView value = in.bytes(in.rest().size());
    attribute.value.assign(value.begin(), value.end());
    previous = &attribute;
  }
}

void set_attributes(Entry& entry, std::vector<Attribute> attributes, ChunkSink& sink) {
  entry.attributes.clear();
  entry.attribute_stream.reset();
  if (attributes.empty()) return;
  std::sort(attributes.begin(), attributes.end());
  ByteWriter encoded;
  encode_attributes(attributes, encoded);
  if (encoded.size() <= kMaxInlineAttributeBytes) {
    entry.attributes = std::move(attributes);
    return;
  }
  if (encoded.size() > kMaxAttributeSetBytes)
    throw Error(ErrorKind::unsupported, "more than 64 MiB of extended attributes", {}, entry.name);
  entry.attribute_stream = put_bytes(sink, encoded.view(), Kind::other);
}

std::vector<Attribute> get_attributes(const Entry& entry, ChunkSource& source) {
  if (!entry.attribute_stream) return entry.attributes;
  const Bytes encoded = get_bytes(source, *entry.attribute_stream, kMaxAttributeSetBytes);
  ByteReader in(encoded, "extended attributes");
  std::vector<Attribute> attributes;
  decode_attributes(in, attributes);
  in.expect_end();
  return attributes;
}

}  // namespace metamori
