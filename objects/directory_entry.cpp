#include "objects/directory_entry.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"

namespace metamori {
namespace {

constexpr std::uint8_t kHasAttributes = 1;
constexpr std::uint8_t kAttributesInStream = 2;
constexpr std::uint8_t kContentUnknown = 4;
constexpr std::uint32_t kModeMask = 07777;
constexpr std::uint32_t kSecond = 1'000'000'000;

/// Sizes are what users can make with sparse files, so their sum may not fit.
std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) noexcept {
  return b > std::numeric_limits<std::uint64_t>::max() - a ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

bool may_be_unknown(EntryType type) noexcept { return type == EntryType::file || type == EntryType::directory; }
bool is_device(EntryType type) noexcept { return type == EntryType::char_device || type == EntryType::block_device; }

bool is_target(std::string_view target) noexcept {
  return !target.empty() && target.size() <= kMaxTargetBytes && target.find('\0') == std::string_view::npos;
}

std::uint8_t flags_of(const Entry& entry) {
  unsigned flags = 0;
  if (entry.attribute_stream) {
    MM_ASSERT(entry.attributes.empty() && entry.attribute_stream->length > kMaxInlineAttributeBytes);
    flags |= kHasAttributes | kAttributesInStream;
  } else if (!entry.attributes.empty()) {
    flags |= kHasAttributes;
  }
  if (entry.content_unknown) {
    MM_ASSERT(may_be_unknown(entry.type));
    flags |= kContentUnknown;
  }
  return static_cast<std::uint8_t>(flags);
}

void encode_content(const Entry& entry, ByteWriter& out) {
  switch (entry.type) {
    case EntryType::file:
      if (entry.content_unknown) return out.varint(entry.unknown_size);
      return encode_stream_ref(entry.content, out);
    case EntryType::directory:
      if (entry.content_unknown) return;
      encode_stream_ref(entry.content, out);
      out.varint(entry.entries_below);
      out.varint(entry.files_below);
      return out.varint(entry.bytes_below);
    case EntryType::symlink:
      MM_ASSERT(is_target(entry.target));
      return out.bytes(as_bytes(entry.target));
    case EntryType::fifo:
      return;
    case EntryType::char_device:
    case EntryType::block_device:
      out.varint(entry.device_major);
      return out.varint(entry.device_minor);
  }
  MM_ASSERT(!"a known type");
}

std::uint32_t varint_up_to(ByteReader& in, std::uint64_t limit, std::string_view what) {
  const std::uint64_t value = in.varint();
  if (value > limit) in.fail(what);
  return static_cast<std::uint32_t>(value);
}
std::uint32_t varint_u32(ByteReader& in, std::string_view what) {
  return varint_up_to(in, std::numeric_limits<std::uint32_t>::max(), what);
}

EntryType decode_type(ByteReader& in) {
  const std::uint8_t value = in.u8();
  if (value < 1 || value > 6) in.fail("an unknown type of entry");
  return static_cast<EntryType>(value);
}

void decode_directory_content(ByteReader& in, Entry& entry) {
  entry.content = decode_stream_ref(in);
  entry.entries_below = in.varint();
  entry.files_below = in.varint();
  entry.bytes_below = in.varint();
  if (entry.entries_below < entry.content.length) in.fail("fewer entries below a directory than in it");
  if (entry.files_below > entry.entries_below) in.fail("more files below a directory than entries");
  if (entry.content.length == 0 && entry.entries_below != 0) in.fail("something below an empty directory");
  if (entry.files_below == 0 && entry.bytes_below != 0) in.fail("bytes of no files");
}

void decode_content(ByteReader& in, Entry& entry) {
  entry.content = {};
  entry.unknown_size = entry.entries_below = entry.files_below = entry.bytes_below = 0;
  entry.target.clear();
  entry.device_major = entry.device_minor = 0;
  if (entry.type == EntryType::file) {
    if (entry.content_unknown) {
      entry.unknown_size = in.varint();
    } else {
      entry.content = decode_stream_ref(in);
    }
  } else if (entry.type == EntryType::directory) {
    if (!entry.content_unknown) decode_directory_content(in, entry);
  } else if (entry.type == EntryType::symlink) {
    entry.target = as_text(in.bytes(kMaxTargetBytes));
    if (!is_target(entry.target)) in.fail("a bad target of a symbolic link");
  } else if (is_device(entry.type)) {
    entry.device_major = varint_u32(in, "a device number out of range");
    entry.device_minor = varint_u32(in, "a device number out of range");
  }
}

void decode_entry_attributes(ByteReader& in, std::uint8_t flags, Entry& entry) {
  entry.attribute_stream.reset();
  if ((flags & kAttributesInStream) != 0) {
    entry.attributes.clear();
    entry.attribute_stream = decode_stream_ref(in);
    if (entry.attribute_stream->length <= kMaxInlineAttributeBytes) in.fail("attributes in a stream that should stand inline");
    if (entry.attribute_stream->length > kMaxAttributeSetBytes) in.fail("more attributes than there may be");
  } else if ((flags & kHasAttributes) != 0) {
    const std::size_t before = in.rest().size();
    decode_attributes(in, entry.attributes);
    if (before - in.rest().size() > kMaxInlineAttributeBytes) in.fail("inline attributes that should be a stream");
  } else {
    entry.attributes.clear();
  }
}

}  // namespace

bool is_entry_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  if (name == "." || name == ".." || name == ".metamori") return false;
  return std::none_of(name.begin(), name.end(), [](char c) { return c == '/' || c == '\0'; });
}

bool is_entry_path(std::string_view path) noexcept {
  for (;;) {
    const std::size_t slash = path.find('/');
    if (!is_entry_name(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

void encode_owner(const Owner& owner, ByteWriter& out) {
  out.varint(owner.uid);
  out.varint(owner.gid);
  out.bytes(as_bytes(owner.user));
  out.bytes(as_bytes(owner.group));
}

void decode_owners(ByteReader& in, LeafOwners& result) {
  constexpr std::size_t kLeastOwnerBytes = 4;
  const std::uint64_t count = in.varint();
  if (count > in.rest().size() / kLeastOwnerBytes) in.fail("more owners than there is room for");
  result.used_count = 0;
  result.owners.resize(static_cast<std::size_t>(count));
  for (Owner& owner : result.owners) {
    owner.uid = varint_u32(in, "a user id out of range");
    owner.gid = varint_u32(in, "a group id out of range");
    owner.user = as_text(in.bytes(in.rest().size()));
    owner.group = as_text(in.bytes(in.rest().size()));
  }
  if (count < 2) return;
  std::vector<const Owner*> sorted;
  sorted.reserve(result.owners.size());
  for (const Owner& owner : result.owners) sorted.push_back(&owner);
  std::sort(sorted.begin(), sorted.end(), [](const Owner* a, const Owner* b) { return *a < *b; });
  const auto same = [](const Owner* a, const Owner* b) { return *a == *b; };
  if (std::adjacent_find(sorted.begin(), sorted.end(), same) != sorted.end()) in.fail("an owner listed twice");
}

void encode_entry(const Entry& entry, std::size_t owner, ByteWriter& out) {
  MM_ASSERT(entry.mode <= kModeMask && entry.mtime.nanoseconds < kSecond);
  const std::uint8_t flags = flags_of(entry);
  out.bytes(as_bytes(entry.name));
  out.u8(static_cast<std::uint8_t>(entry.type));
  out.u8(flags);
  out.varint(entry.mode);
  out.varint(owner);
  out.svarint(entry.mtime.seconds);
  out.varint(entry.mtime.nanoseconds);
  encode_content(entry, out);
  if (entry.attribute_stream) {
    encode_stream_ref(*entry.attribute_stream, out);
  } else if (!entry.attributes.empty()) {
    const std::size_t before = out.size();
    encode_attributes(entry.attributes, out);
    MM_ASSERT(out.size() - before <= kMaxInlineAttributeBytes);
  }
}

BelowTotals below(const Entry& directory) noexcept { return {directory.entries_below, directory.files_below, directory.bytes_below}; }

void BelowTotals::add(const Entry& entry) noexcept {
  add({1, entry.type == EntryType::file ? 1U : 0U, entry.type == EntryType::file ? entry.size_bytes() : 0});
  if (entry.type == EntryType::directory) add(below(entry));
}

void BelowTotals::add(const BelowTotals& part) noexcept {
  entries = saturating_sum(entries, part.entries);
  files = saturating_sum(files, part.files);
  bytes = saturating_sum(bytes, part.bytes);
}

void decode_entry(ByteReader& in, LeafOwners& owners, NameRule rule, Entry& entry) {
  entry.name = as_text(in.bytes(kMaxNameBytes));
  if (rule == NameRule::component ? !is_entry_name(entry.name) : !entry.name.empty()) in.fail("a bad name");
  entry.type = decode_type(in);
  const std::uint8_t flags = in.u8();
  if ((flags & ~(kHasAttributes | kAttributesInStream | kContentUnknown)) != 0) in.fail("unknown flags");
  if ((flags & (kHasAttributes | kAttributesInStream)) == kAttributesInStream) in.fail("attributes in a stream, but none");
  entry.content_unknown = (flags & kContentUnknown) != 0;
  if (entry.content_unknown && !may_be_unknown(entry.type)) in.fail("unknown content of what has none");
  entry.mode = varint_up_to(in, kModeMask, "a mode out of range");
  const std::uint64_t owner = in.varint();
  if (owner > owners.used_count || owner >= owners.owners.size()) in.fail("owners out of order");
  if (owner == owners.used_count) ++owners.used_count;
  entry.owner = owners.owners[static_cast<std::size_t>(owner)];
  entry.mtime.seconds = in.svarint();
  entry.mtime.nanoseconds = varint_up_to(in, kSecond - 1, "nanoseconds out of range");
  decode_content(in, entry);
  decode_entry_attributes(in, flags, entry);
}

}  // namespace metamori
