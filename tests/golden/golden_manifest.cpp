#include "tests/golden/golden_manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kDigestDigits = 16;

bool is_plain(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
         std::string_view("._/-").find(byte) != std::string_view::npos;
}

std::string plain(std::string_view bytes) {
  if (bytes.empty() || bytes == "-") return bytes.empty() ? "-" : "%2D";
  std::string text;
  for (const char byte : bytes) text += is_plain(byte) ? std::string(1, byte) : fmt::format("%{:02X}", static_cast<unsigned char>(byte));
  return text;
}

template <class Range, class Text>
std::string joined(const Range& range, Text text) {
  std::string result;
  for (const auto& item : range) result += (result.empty() ? "" : ",") + text(item);
  return result.empty() ? "-" : result;
}

/// The digest that tests/torture/support.py makes of a file: over the blocks that are not zero, with their places.
class ContentDigest {
 public:
  explicit ContentDigest(std::uint64_t length) : length_(length) { digest_.update(as_bytes(std::to_string(length))); }
  void add(std::uint64_t offset, ByteView bytes) {
    while (!bytes.empty()) {
      if (offset - start_ >= block_.size()) {
        end_block();
        start_ = offset / block_.size() * block_.size();
      }
      const std::size_t inside = offset - start_;
      const std::size_t size = std::min(bytes.size(), block_.size() - inside);
      std::copy_n(bytes.begin(), size, block_.begin() + static_cast<std::ptrdiff_t>(inside));
      offset += size;
      bytes = bytes.subspan(size);
    }
  }
  std::string finish() {
    end_block();
    return to_hex(digest_.finish()).substr(0, kDigestDigits);
  }

 private:
  void end_block() {
    if (std::any_of(block_.begin(), block_.end(), [](std::byte byte) { return byte != std::byte{0}; })) {
      digest_.update(as_bytes(std::to_string(start_) + ':'));
      digest_.update(ByteView(block_).first(std::min<std::uint64_t>(block_.size(), length_ - start_)));
    }
    std::fill(block_.begin(), block_.end(), std::byte{0});
  }
  const std::uint64_t length_;
  Sha256 digest_;
  Bytes block_ = Bytes(1 << 16);
  std::uint64_t start_ = 0;  ///< of the block
};

std::string describe_content(ChunkSource& source, const StreamRef& content) {
  ContentDigest digest(content.length);
  std::uint64_t data = 0;
  Bytes chunk;
  for (ExtentCursor cursor(source, content); !cursor.at_end(); cursor.next()) {
    const Extent extent = *cursor.current();
    if (extent.is_hole()) continue;
    source.read(extent.id, chunk);
    digest.add(cursor.offset(), chunk);
    data += extent.length;
  }
  return fmt::format("{}:{}:{}", content.length, data, digest.finish());
}

std::string describe_node(ChunkSource& source, const Entry& entry) {
  static constexpr std::string_view kTypes = "?fdlpcb";
  std::string content = "-";
  if (entry.content_unknown)
    content = "unknown";
  else if (entry.type == EntryType::file)
    content = describe_content(source, entry.content);
  else if (entry.type == EntryType::symlink)
    content = plain(entry.target);
  else if (entry.type == EntryType::char_device || entry.type == EntryType::block_device)
    content = fmt::format("{}:{}", entry.device_major, entry.device_minor);
  const std::string attributes = joined(get_attributes(entry, source), [](const Attribute& attribute) {
    return fmt::format("{}={}:{}", plain(attribute.name), attribute.value.size(), to_hex(sha256(attribute.value)).substr(0, kDigestDigits));
  });
  return fmt::format("{} {:o} {} {} {} {} {}.{:09} {} {}", kTypes[static_cast<std::size_t>(entry.type)], entry.mode, entry.owner.uid,
                     entry.owner.gid, plain(entry.owner.user), plain(entry.owner.group), entry.mtime.seconds, entry.mtime.nanoseconds,
                     content, attributes);
}

using Nodes = std::map<std::string, std::string>;

/// How the record's tree differs from `nodes`, which becomes that tree.
std::string describe_tree(Engine& engine, const CheckpointRecord& content, Nodes& nodes) {
  const Root root = get_root(*engine.store, content.root);
  std::string text;
  for (const auto& group : get_links(*engine.store, root)) {
    text += "links";
    for (const std::string& path : group) text += ' ' + plain(path);
    text += '\n';
  }
  Nodes now;
  walk_tree(*engine.store, root.top, "",
            [&](const std::string& path, const Entry& entry) { now[path] = describe_node(*engine.store, entry); });
  for (const auto& [path, node] : now)
    if (const auto before = nodes.find(path); before == nodes.end() || before->second != node)
      text += "node " + plain(path) + ' ' + node + '\n';
  for (const auto& [path, node] : nodes)
    if (!now.contains(path)) text += "gone " + plain(path) + '\n';
  nodes = std::move(now);
  return text;
}

}  // namespace

std::string golden_manifest(Engine& engine) {
  static constexpr std::string_view kKinds[] = {"?", "checkpoint", "safety", "move", "tombstone"};
  std::string text;
  Nodes nodes;
  for (std::uint64_t number = 1; number <= engine.log->highest(); ++number) {
    const Record record = engine.log->get(number);
    text += fmt::format("record {} {}", number, kKinds[static_cast<std::size_t>(record.kind)]);
    if (record.kind == RecordKind::move) {
      text += fmt::format(" - - - -\n");
      continue;
    }
    const CheckpointRecord content = decode_checkpoint_record(record.blob, "the golden repository");
    text += fmt::format(" {} {} {} {}\n", to_hex(record.id()), to_hex(content.root), plain(record.line), joined(record.tags, plain));
    const Bytes verdicts = get_bytes(*engine.store, content.verdicts, 1 << 20);
    for (const PathVerdict& verdict : decode_verdicts(verdicts))
      text += fmt::format("verdict {} {} {}\n", plain(verdict.path), static_cast<int>(verdict.verdict), static_cast<int>(verdict.live));
    if (record.kind != RecordKind::tombstone) text += describe_tree(engine, content, nodes);
  }
  return text;
}

}  // namespace metamori::test
