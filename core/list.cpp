#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

#include "core/describe.hpp"
#include "core/looking.hpp"
#include "core/paths.hpp"
#include "core/tree_diff.hpp"

namespace metamori {
namespace {

constexpr std::size_t kZeroPieceBytes = 64 * 1024;

/// First paths of hard-link groups, by the other members.
using LinkedTo = std::unordered_map<std::string, std::string>;

LinkedTo linked_paths(ChunkSource& source, const Root& root) {
  LinkedTo result;
  for (const auto& group : get_links(source, root))
    for (std::size_t i = 1; i < group.size(); ++i) result.emplace(group[i], group.front());
  return result;
}

NodeInfo describe_node(ChunkSource& source, const std::string& path, const Entry& entry, const LinkedTo& links) {
  NodeInfo info;
  info.path = path;
  info.type = static_cast<NodeType>(entry.type);
  info.mode = entry.mode;
  info.uid = entry.owner.uid;
  info.gid = entry.owner.gid;
  info.user = entry.owner.user;
  info.group = entry.owner.group;
  info.mtime = entry.mtime;
  info.size_bytes = entry.type == EntryType::directory ? entry.bytes_below : entry.size_bytes();
  info.target = entry.target;
  info.device_major = entry.device_major;
  info.device_minor = entry.device_minor;
  for (Attribute& attribute : get_attributes(entry, source)) info.attribute_names.push_back(std::move(attribute.name));
  if (const auto link = links.find(path); link != links.end()) info.linked_to = link->second;
  info.content_unknown = entry.content_unknown;
  return info;
}

Entry get_node(Engine& engine, const Root& root, const Position& position, const std::string& path) {
  auto entry = find_path(*engine.store, root, path);
  if (!entry)
    throw Error(ErrorKind::usage, "checkpoint " + std::to_string(position.number) + " has no " + quoted(path),
                "'metamori ls' lists what it has", path);
  return std::move(*entry);
}

Root root_of(Engine& engine, const Position& position) { return get_root(*engine.store, get_content_root(engine, position)); }

void send_zeros(std::uint64_t length, const std::function<void(ByteView)>& receive) {
  static constexpr std::array<std::byte, kZeroPieceBytes> kZeros{};
  for (; length > 0; length -= std::min<std::uint64_t>(length, kZeros.size()))
    receive(ByteView(kZeros).first(static_cast<std::size_t>(std::min<std::uint64_t>(length, kZeros.size()))));
}

}  // namespace

std::string checked_path(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!path.empty() && !is_entry_path(path))
    throw Error(ErrorKind::usage, quoted(path) + " can't be a path in the tree", {}, std::string(path));
  return std::string(path);
}

std::vector<std::string> checked_scope(const std::vector<std::string>& paths) {
  std::vector<std::string> sorted;
  for (const std::string& path : paths) sorted.push_back(checked_path(path));
  std::sort(sorted.begin(), sorted.end(), WalkOrder());
  std::vector<std::string> result;
  for (std::string& path : sorted)
    if (result.empty() || !is_at_or_below(path, result.back())) result.push_back(std::move(path));
  return result;
}

void list_nodes(Engine& engine, const Position& position, std::string_view path, bool recursive,
                const std::function<void(const NodeInfo&)>& visit) {
  ChunkSource& source = *engine.store;
  const std::string top = checked_path(path);
  const Root root = root_of(engine, position);
  const Entry entry = get_node(engine, root, position, top);
  const LinkedTo links = linked_paths(source, root);
  if (entry.type != EntryType::directory || entry.content_unknown) {
    visit(describe_node(source, top, entry, links));
    return;
  }
  if (recursive) {
    walk_tree(source, entry, top, [&](const std::string& below, const Entry& found) {
      if (below != top) visit(describe_node(source, below, found, links));
    });
    return;
  }
  const std::string prefix = top.empty() ? top : top + '/';
  for (DirectoryCursor cursor(source, entry.content); const Entry* found = cursor.current(); cursor.next())
    visit(describe_node(source, prefix + found->name, *found, links));
}

void read_node(Engine& engine, const Position& position, std::string_view path, const ContentRange& range,
               const std::function<void(ByteView)>& receive) {
  ChunkSource& source = *engine.store;
  const std::string name = checked_path(path);
  const Entry entry = get_node(engine, root_of(engine, position), position, name);
  if (entry.type != EntryType::file)
    throw Error(ErrorKind::usage, quoted(name) + " is not a file in checkpoint " + std::to_string(position.number), {}, name);
  if (entry.content_unknown)
    throw Error(ErrorKind::usage,
                quoted(name) + " has no content in checkpoint " + std::to_string(position.number) + ": it could not be read then", {},
                name);
  if (range.offset >= entry.content.length) return;
  std::uint64_t left = std::min(range.length.value_or(std::numeric_limits<std::uint64_t>::max()), entry.content.length - range.offset);
  ExtentCursor cursor(source, entry.content);
  cursor.seek(range.offset);
  Bytes chunk;
  for (std::uint64_t at = range.offset; left > 0;) {
    const Extent* extent = cursor.current();
    if (extent == nullptr) throw Error(ErrorKind::corrupt, "the content of " + quoted(name) + " ends too early", {}, name);
    const std::uint64_t skipped = at - cursor.offset();
    const std::uint64_t taken = std::min(left, extent->length - skipped);
    if (extent->is_hole()) {
      send_zeros(taken, receive);
    } else {
      source.read(extent->id, chunk);
      if (chunk.size() != extent->length)
        throw Error(ErrorKind::corrupt, "chunk " + to_hex(extent->id) + " has not the length that " + quoted(name) + " says", {}, name);
      receive(ByteView(chunk).subspan(static_cast<std::size_t>(skipped), static_cast<std::size_t>(taken)));
    }
    at += taken;
    left -= taken;
    cursor.next();
  }
}

}  // namespace metamori
