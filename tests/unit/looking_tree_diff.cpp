// Two trees side by side, against the naive comparison of all that both hold.

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "core/chunk_cache.hpp"
#include "core/tree_diff.hpp"
#include "tests/support/memory_chunks.hpp"
#include "tests/support/rapidcheck_gtest.hpp"

namespace metamori::test {
namespace {

/// A tree in memory: directories have children, files a number that stands for their content.
struct Model {
  bool is_directory = true;
  unsigned mode = 0755;
  unsigned content = 0;
  std::map<std::string, Model> children;
};

Entry entry_of(MemoryChunks& chunks, const std::string& name, const Model& model) {
  Entry entry;
  entry.name = name;
  entry.mode = model.mode;
  if (!model.is_directory) {
    const Bytes bytes = to_bytes("content " + std::to_string(model.content));
    entry.content = put_bytes(chunks, bytes, Kind::data);
    return entry;
  }
  entry.type = EntryType::directory;
  DirectoryBuilder builder(chunks);
  for (const auto& [child_name, child] : model.children) builder.add(entry_of(chunks, child_name, child));
  const auto built = builder.finish();
  entry.content = built.listing;
  entry.entries_below = built.entries_below;
  entry.files_below = built.files_below;
  entry.bytes_below = built.bytes_below;
  return entry;
}

Root root_of(MemoryChunks& chunks, const Model& model) { return {entry_of(chunks, {}, model), {}}; }

Model random_model(std::mt19937_64& random, unsigned depth) {
  Model model;
  for (auto i = random() % (depth == 0 ? 40 : 6); i > 0; --i) {
    Model child;
    child.is_directory = depth < 3 && random() % 3 == 0;
    if (child.is_directory) child = random_model(random, depth + 1);
    child.mode = 0600 + static_cast<unsigned>(random() % 2);
    child.content = static_cast<unsigned>(random() % 4);
    std::string name(static_cast<std::size_t>(1 + random() % 2), 'a');
    for (char& c : name) c = static_cast<char>('a' + random() % 20);
    model.children[name] = child;
  }
  return model;
}

void mutate(std::mt19937_64& random, Model& model) {
  for (auto child = model.children.begin(); child != model.children.end();) {
    const auto dice = random() % 12;
    if (dice == 0) {
      child = model.children.erase(child);
      continue;
    }
    if (dice == 1) child->second.mode ^= 1;
    if (dice == 2 && !child->second.is_directory) ++child->second.content;
    if (dice == 3) {
      child->second.is_directory = !child->second.is_directory;
      child->second.children.clear();
    }
    if (child->second.is_directory && dice > 5) mutate(random, child->second);
    ++child;
  }
  if (random() % 4 == 0) model.children["new"] = random_model(random, 2);
}

using Flat = std::vector<std::pair<std::string, Entry>>;

Flat flatten(ChunkSource& source, const Root& root) {
  Flat flat;
  walk_tree(source, root.top, {}, [&](const std::string& path, const Entry& entry) { flat.emplace_back(path, entry); });
  return flat;
}

Entry bare(Entry entry) {
  if (entry.type != EntryType::directory) return entry;
  entry.content = {};
  entry.entries_below = entry.files_below = entry.bytes_below = 0;
  return entry;
}

struct Difference {
  std::string path;
  std::optional<Entry> before, after;
  friend bool operator==(const Difference&, const Difference&) = default;
};

std::vector<Difference> naive(ChunkSource& source, const Root& before, const Root& after) {
  std::map<std::string, Difference> all;
  for (const auto& [path, entry] : flatten(source, before)) all[path].before = entry;
  for (const auto& [path, entry] : flatten(source, after)) all[path].after = entry;
  std::vector<Difference> result;
  for (auto& [path, difference] : all) {
    const bool both = difference.before && difference.after;
    const bool both_directories = both && difference.before->type == EntryType::directory && difference.after->type == EntryType::directory;
    if (both && (both_directories ? bare(*difference.before) == bare(*difference.after) : *difference.before == *difference.after))
      continue;
    difference.path = path;
    result.push_back(difference);
  }
  return result;
}

std::vector<Difference> walked(ChunkSource& source, const Root& before, const Root& after) {
  std::vector<Difference> result;
  diff_trees(source, before, after, [&](const std::string& path, const Entry* a, const Entry* b) {
    Difference difference{path, {}, {}};
    if (a != nullptr) difference.before = *a;
    if (b != nullptr) difference.after = *b;
    result.push_back(difference);
  });
  return result;
}

RC_GTEST_PROP(TreeDiff, FindsWhatTheNaiveComparisonFinds, (std::uint64_t seed)) {
  std::mt19937_64 random(seed);
  MemoryChunks chunks;
  Model model = random_model(random, 0);
  const Root before = root_of(chunks, model);
  mutate(random, model);
  if (random() % 2 == 0) model.mode ^= 1;
  const Root after = root_of(chunks, model);
  auto found = walked(chunks, before, after);
  for (std::size_t i = 0; i + 1 < found.size(); ++i) {
    // A directory comes before what is below it.
    for (std::size_t j = i + 1; j < found.size(); ++j) RC_ASSERT(!found[i].path.starts_with(found[j].path + '/'));
  }
  std::sort(found.begin(), found.end(), [](const Difference& a, const Difference& b) { return a.path < b.path; });
  RC_ASSERT(found == naive(chunks, before, after));
}

TEST(TreeDiff, EqualSubtreesAreNotRead) {
  MemoryChunks chunks;
  Model model;
  for (int i = 0; i < 100; ++i) {
    Model& directory = model.children["dir" + std::to_string(i)];
    for (int j = 0; j < 100; ++j) directory.children["file" + std::to_string(j)].is_directory = false;
  }
  const Root before = root_of(chunks, model);
  model.children["dir50"].children["file50"].content = 7;
  const Root after = root_of(chunks, model);
  chunks.read_count = 0;
  const auto found = walked(chunks, before, after);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, "dir50/file50");
  EXPECT_LE(chunks.read_count, 16U);
  chunks.read_count = 0;
  EXPECT_TRUE(walked(chunks, after, after).empty());
  EXPECT_EQ(chunks.read_count, 0U);
}

TEST(TreeDiff, DirectoriesThatAreNotEnteredAreNotRead) {
  MemoryChunks chunks;
  Model model;
  for (const char* name : {"a", "b"})
    for (int i = 0; i < 100; ++i) model.children[name].children["dir" + std::to_string(i)].children["file"].is_directory = false;
  const Root root = root_of(chunks, model);
  std::vector<std::string> seen;
  chunks.read_count = 0;
  diff_entries(
      chunks, {}, nullptr, &root.top, [&](const std::string& path, const Entry*, const Entry*) { seen.push_back(path); },
      [](const std::string& path) { return path.empty() || path == "b" || path == "b/dir7"; });
  ASSERT_EQ(seen.size(), 1U + 2U + 100U + 1U);
  EXPECT_EQ(seen[1], "a");
  EXPECT_EQ(seen[2], "b");
  EXPECT_TRUE(std::find(seen.begin(), seen.end(), "b/dir7/file") != seen.end());
  EXPECT_LE(chunks.read_count, 6U);
}

TEST(ChunkCacheTest, KeepsWhatWasReadLastUpToItsLimit) {
  MemoryChunks chunks;
  std::vector<ChunkId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(chunks.put(to_bytes(std::string(100, static_cast<char>('a' + i))), Kind::data));
  ChunkCache cache(chunks, 300);
  Bytes out;
  for (const std::size_t i : {0U, 1U, 2U, 0U, 1U, 2U}) cache.read(ids[i], out);
  EXPECT_EQ(chunks.read_count, 3U);
  cache.read(ids[0], out);
  cache.read(ids[3], out);  // drops 1
  EXPECT_EQ(as_text(out), std::string(100, 'd'));
  for (const std::size_t i : {0U, 2U, 3U}) cache.read(ids[i], out);
  EXPECT_EQ(chunks.read_count, 4U);
  cache.read(ids[1], out);
  EXPECT_EQ(chunks.read_count, 5U);
  EXPECT_EQ(as_text(out), std::string(100, 'b'));
}

TEST(TreeDiff, DeepTreesNeedNoStack) {
  MemoryChunks chunks;
  Entry entry;
  entry.type = EntryType::directory;
  constexpr int kDepth = 20000;
  for (int i = 0; i < kDepth; ++i) {
    entry.name = "d";
    DirectoryBuilder builder(chunks);
    builder.add(entry);
    const auto built = builder.finish();
    entry.name.clear();
    entry.content = built.listing;
    entry.entries_below = built.entries_below;
  }
  std::size_t count = 0;
  walk_tree(chunks, entry, {}, [&](const std::string&, const Entry&) { ++count; });
  EXPECT_EQ(count, kDepth + 1U);
}

}  // namespace
}  // namespace metamori::test
