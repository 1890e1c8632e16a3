#include <gtest/gtest.h>
#include "support/rapidcheck_gtest.hpp"

#include "support/node_models.hpp"

namespace metamori::test {
namespace {

std::vector<Entry> expand(ChunkSource& source, const StreamRef& listing) {
  std::vector<Entry> entries;
  for (DirectoryCursor cursor(source, listing); cursor.current() != nullptr; cursor.next()) entries.push_back(*cursor.current());
  return entries;
}

/// Names that differ in one of the listings, or whose entries do.
std::vector<std::string> naive_difference(const std::vector<Entry>& a, const std::vector<Entry>& b) {
  std::map<std::string, std::pair<const Entry*, const Entry*>> both;
  for (const Entry& entry : a) both[entry.name].first = &entry;
  for (const Entry& entry : b) both[entry.name].second = &entry;
  std::vector<std::string> names;
  for (const auto& [name, pair] : both) {
    if (pair.first == nullptr || pair.second == nullptr || *pair.first != *pair.second) names.push_back(name);
  }
  return names;
}

std::vector<std::string> merged_difference(ChunkSource& source, const StreamRef& a, const StreamRef& b) {
  std::vector<std::string> names;
  DirectoryCursor left(source, a);
  DirectoryCursor right(source, b);
  for (;;) {
    skip_shared(left, right);
    const Entry* x = left.current();
    const Entry* y = right.current();
    if (x == nullptr && y == nullptr) return names;
    const bool take_left = y == nullptr || (x != nullptr && x->name <= y->name);
    const bool take_right = x == nullptr || (y != nullptr && y->name <= x->name);
    if (!take_left || !take_right || *x != *y) names.push_back(take_left ? x->name : y->name);
    if (take_left) left.next();
    if (take_right) right.next();
  }
}

RC_GTEST_PROP(Directory, BuilderAgreesWithTheReferenceAndRoundTrips, (std::uint64_t seed)) {
  Random random(seed);
  const auto count = *rc::gen::inRange<std::size_t>(0, 200);
  const auto entries = random_entries(random, random() % 8 == 0 ? count * 30 : count);
  MemoryChunks chunks;
  const StreamRef listing = build_listing(chunks, entries);
  RC_ASSERT(listing == reference_listing(chunks, entries));
  RC_ASSERT(expand(chunks, listing) == entries);
}

RC_GTEST_PROP(Directory, TotalsAreSums, (std::uint64_t seed)) {
  Random random(seed);
  auto entries = random_entries(random, 50);
  std::uint64_t count = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  for (Entry& entry : entries) {
    entry.unknown_size /= 1000;
    entry.bytes_below /= 1000;
    count += 1 + entry.entries_below;
    files += entry.type == EntryType::file ? 1 : entry.files_below;
    bytes += entry.type == EntryType::file ? entry.size_bytes() : entry.bytes_below;
  }
  MemoryChunks chunks;
  DirectoryBuilder builder(chunks);
  for (const Entry& entry : entries) builder.add(entry);
  const auto result = builder.finish();
  RC_ASSERT(result.listing.length == entries.size());
  RC_ASSERT(result.entries_below == count);
  RC_ASSERT(result.files_below == files);
  RC_ASSERT(result.bytes_below == bytes);
}

RC_GTEST_PROP(Directory, SeekFindsTheFirstNameNotBelow, (std::uint64_t seed)) {
  Random random(seed);
  const auto entries = random_entries(random, *rc::gen::inRange<std::size_t>(0, 4000));
  MemoryChunks chunks;
  const StreamRef listing = build_listing(chunks, entries);
  DirectoryCursor cursor(chunks, listing);
  for (int i = 0; i < 50; ++i) {
    std::string name = random() % 2 != 0 || entries.empty() ? random_name(random) : entries[random() % entries.size()].name;
    if (random() % 16 == 0) name.clear();
    cursor.seek(name);
    auto expected =
        std::lower_bound(entries.begin(), entries.end(), name, [](const Entry& entry, const std::string& key) { return entry.name < key; });
    for (std::uint64_t steps = random() % 4; expected != entries.end() && steps > 0; --steps, ++expected) {
      RC_ASSERT(*cursor.current() == *expected);
      cursor.next();
    }
    RC_ASSERT((cursor.current() == nullptr) == (expected == entries.end()));
    if (expected != entries.end()) RC_ASSERT(*cursor.current() == *expected);
    const auto found = find_entry(chunks, listing, name);
    RC_ASSERT(found.has_value() == std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.name == name; }));
    if (found) RC_ASSERT(found->name == name);
  }
}

RC_GTEST_PROP(Directory, MergesThatSkipSeeEveryDifference, (std::uint64_t seed)) {
  Random random(seed);
  const auto count = *rc::gen::inRange<std::size_t>(0, 500);
  auto a = random_entries(random, random() % 4 == 0 ? count * 10 : count);
  auto b = a;
  for (std::uint64_t edits = random() % 6; edits > 0; --edits) {
    auto& side = random() % 2 != 0 ? a : b;
    if (side.empty()) break;
    const std::size_t at = random() % side.size();
    if (random() % 3 == 0) {
      side.erase(side.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (random() % 6 == 0) {
      side.resize(at);
    } else {
      side[at].mtime.seconds ^= 1;
    }
  }
  MemoryChunks chunks;
  const StreamRef left = build_listing(chunks, a);
  const StreamRef right = build_listing(chunks, b);
  RC_ASSERT(merged_difference(chunks, left, right) == naive_difference(a, b));
}

RC_GTEST_PROP(Directory, SkippingSubtreesIsSteppingOverTheirEntries, (std::uint64_t seed)) {
  Random random(seed);
  const auto entries = random_entries(random, *rc::gen::inRange<std::size_t>(1, 4000));
  MemoryChunks chunks;
  DirectoryCursor cursor(chunks, build_listing(chunks, entries));
  std::size_t at = 0;
  while (!cursor.at_end()) {
    if (random() % 2 == 0) RC_ASSERT(*cursor.current() == entries[at]);
    const auto subtrees = cursor.subtrees_here();
    if (!subtrees.empty() && random() % 2 == 0) {
      const auto chosen = subtrees[random() % subtrees.size()];
      cursor.skip(chosen);
      at += chosen.entry_count;
    } else {
      cursor.next();
      ++at;
    }
  }
  RC_ASSERT(at == entries.size());
}

RC_GTEST_PROP(Directory, AttributesComeBackInlineOrAsAStream, (std::uint64_t seed)) {
  Random random(seed);
  std::vector<Attribute> attributes;
  for (int i = static_cast<int>(random() % 5); i > 0; --i) {
    Bytes value(random() % (random() % 4 == 0 ? 70000 : 800));
    for (std::byte& byte : value) byte = static_cast<std::byte>(random());
    attributes.push_back({"user." + std::to_string(i), std::move(value)});
  }
  MemoryChunks chunks;
  Entry entry;
  set_attributes(entry, attributes, chunks);
  std::sort(attributes.begin(), attributes.end());
  RC_ASSERT(get_attributes(entry, chunks) == attributes);
  RC_ASSERT(!entry.attribute_stream || entry.attributes.empty());
  ByteWriter size;
  size.varint(attributes.size());
  for (const Attribute& attribute : attributes) {
    size.bytes(as_bytes(attribute.name));
    size.bytes(attribute.value);
  }
  RC_ASSERT(entry.attribute_stream.has_value() == (size.size() > 2048));
}

RC_GTEST_PROP(Root, ComesBackWithItsLinks, (std::uint64_t seed)) {
  Random random(seed);
  std::map<std::string, bool> paths;
  for (std::uint64_t i = random() % 200; i > 0; --i) paths[random_name(random) + "/" + random_name(random)] = true;
  LinkTable links;
  for (const auto& [path, unused] : paths) {
    if (links.empty() || (links.back().size() >= 2 && random() % 2 == 0)) links.emplace_back();
    links.back().push_back(path);
  }
  if (!links.empty() && links.back().size() < 2) links.pop_back();
  Entry top = random_entry(random, "");
  top.type = EntryType::directory;
  top.content_unknown = false;
  top.content = {};
  top.entries_below = top.files_below = top.bytes_below = top.unknown_size = 0;
  top.target.clear();
  top.device_major = top.device_minor = 0;
  MemoryChunks chunks;
  const ChunkId id = put_root(chunks, top, links).id;
  RC_ASSERT(id == put_root(chunks, top, links).id);
  const Root root = get_root(chunks, id);
  RC_ASSERT(root.top == top);
  RC_ASSERT(get_links(chunks, root) == links);
}

}  // namespace
}  // namespace metamori::test
