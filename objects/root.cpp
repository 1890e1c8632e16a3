#include <algorithm>

#include "base/assert.hpp"
#include "metamori/error.hpp"
#include "objects/directory_leaf.hpp"

namespace metamori {
namespace {

constexpr std::uint8_t kRootVersion = 1;
constexpr std::uint64_t kMaxLinkTableBytes = 1U << 30;
constexpr std::size_t kMaxPathBytes = 1U << 20;

Bytes encode_links(const LinkTable& links) {
  ByteWriter out;
  const std::string* first = nullptr;
  for (const auto& group : links) {
    MM_ASSERT(group.size() >= 2 && (first == nullptr || *first < group.front()));
    MM_ASSERT(std::adjacent_find(group.begin(), group.end(), std::greater_equal<>()) == group.end());
    first = &group.front();
    out.varint(group.size());
    for (const std::string& path : group) out.bytes(as_bytes(path));
  }
  return out.take();
}

std::vector<std::string> decode_link_group(ByteReader& in) {
  constexpr std::size_t kLeastPathBytes = 2;
  const std::uint64_t count = in.varint();
  if (count < 2) in.fail("a group of less than two paths");
  if (count > in.rest().size() / kLeastPathBytes) in.fail("more paths than there is room for");
  std::vector<std::string> group(static_cast<std::size_t>(count));
  const std::string* previous = nullptr;
  for (std::string& path : group) {
    path = as_text(in.bytes(kMaxPathBytes));
    if (!is_entry_path(path)) in.fail("a bad path");
    if (previous != nullptr && *previous >= path) in.fail("paths out of order");
    previous = &path;
  }
  return group;
}

/// One path is one inode's.
bool has_path_twice(const LinkTable& links) {
  std::vector<std::string_view> paths;
  for (const auto& group : links) paths.insert(paths.end(), group.begin(), group.end());
  std::sort(paths.begin(), paths.end());
  return std::adjacent_find(paths.begin(), paths.end()) != paths.end();
}

}  // namespace

StoredRoot put_root(ChunkSink& sink, const Entry& top, const LinkTable& links) {
  MM_ASSERT(top.type == EntryType::directory && top.name.empty());
  LeafWriter leaf;
  leaf.add(top);
  const Bytes table = encode_links(links);
  if (table.size() > kMaxLinkTableBytes) throw Error(ErrorKind::unsupported, "more than 1 GiB of paths that are hard links");
  ByteWriter out;
  out.u8(kRootVersion);
  out.raw(leaf.finish());
  StoredRoot root{{}, {top, put_bytes(sink, table, Kind::other)}};
  encode_stream_ref(root.node.links, out);
  root.id = sink.put(out.view(), Kind::other);
  return root;
}

Root get_root(ChunkSource& source, const ChunkId& id) {
  Bytes chunk;
  source.read(id, chunk);
  const std::string what = "root " + to_hex(id);
  ByteReader in(chunk, what);
  if (in.u8() != kRootVersion) in.fail("an unknown version");
  LeafOwners owners;
  decode_owners(in, owners);
  if (owners.owners.size() != 1) in.fail("not one owner");
  Root root;
  decode_entry(in, owners, NameRule::empty, root.top);
  if (root.top.type != EntryType::directory) in.fail("the top is no directory");
  root.links = decode_stream_ref(in);
  in.expect_end();
  return root;
}

LinkTable get_links(ChunkSource& source, const Root& root) {
  const Bytes table = get_bytes(source, root.links, kMaxLinkTableBytes);
  ByteReader in(table, "link table");
  LinkTable links;
  while (!in.at_end()) {
    auto group = decode_link_group(in);
    if (!links.empty() && links.back().front() >= group.front()) in.fail("groups out of order");
    links.push_back(std::move(group));
  }
  if (has_path_twice(links)) in.fail("a path in two groups");
  return links;
}

std::optional<Entry> find_path(ChunkSource& source, const Root& root, std::string_view path) {
  Entry entry = root.top;
  if (path.empty()) return entry;
  if (!is_entry_path(path)) return std::nullopt;
  for (;;) {
    if (entry.type != EntryType::directory) return std::nullopt;
    const std::size_t slash = path.find('/');
    auto found = find_entry(source, entry.content, path.substr(0, slash));
    if (!found || slash == std::string_view::npos) return found;
    entry = std::move(*found);
    path.remove_prefix(slash + 1);
  }
}

}  // namespace metamori
