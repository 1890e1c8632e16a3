#include <gtest/gtest.h>

#include "fuzz/nodes_targets.hpp"
#include "support/node_models.hpp"
#include "support/rapidcheck_gtest.hpp"

namespace metamori::test {
namespace {

/// Replays `input` and many spoilt copies of it: cut short, bits flipped, stretches doubled or dropped. The targets end the process when
/// something is wrong.
void replay(ByteView input, void (*target)(ByteView)) {
  target(input);
  Random random(input.size());
  const std::size_t count = 3000 * static_cast<std::size_t>(test_scale());
  for (std::size_t i = 0; i < count; ++i) {
    Bytes spoilt(input.begin(), input.end());
    for (std::uint64_t edits = 1 + random() % 3; edits > 0 && !spoilt.empty(); --edits) {
      const std::size_t at = random() % spoilt.size();
      const auto place = spoilt.begin() + static_cast<std::ptrdiff_t>(at);
      const auto size = static_cast<std::ptrdiff_t>(random() % std::min<std::size_t>(spoilt.size() - at, 40));
      switch (random() % 5) {
        case 0:
          spoilt.resize(at);
          break;
        case 1:
          spoilt[at] = static_cast<std::byte>(random());
          break;
        case 2:
          spoilt[at] ^= static_cast<std::byte>(1U << random() % 8);
          break;
        case 3:
          spoilt.erase(place, place + size);
          break;
        default: {
          const Bytes copy(place, place + size);
          spoilt.insert(place, copy.begin(), copy.end());
        }
      }
    }
    target(spoilt);
  }
}

TEST(FuzzReplay, Lists) {
  for (const std::size_t count : {2, 10, 40}) {
    Random random(count);
    ByteWriter list;
    bool was_hole = false;
    for (std::size_t i = 0; i < count; ++i) {
      Extent extent = random_extent(random, 100000);
      if (was_hole) extent.id = id_of_number(i);
      was_hole = extent.is_hole();
      list.id(extent.id);
      list.varint(extent.length);
    }
    replay(list.view(), fuzz_list);
  }
  replay({}, fuzz_list);
}

TEST(FuzzReplay, Directories) {
  for (const std::size_t count : {1, 3, 7}) {
    Random random(count);
    MemoryChunks chunks;
    Bytes leaf;
    chunks.read(build_listing(chunks, random_entries(random, count)).id, leaf);
    replay(leaf, fuzz_directory);
  }
  ByteWriter node;
  for (const char* name : {"a", "k", "p"}) {
    node.bytes(as_bytes(name));
    node.varint(20);
    node.id(id_of_number(1));
  }
  replay(node.view(), fuzz_directory);
  replay({}, fuzz_directory);
}

TEST(FuzzReplay, Roots) {
  MemoryChunks chunks;
  Entry top;
  top.type = EntryType::directory;
  top.attributes = {{"user.a", Bytes(20)}};
  Bytes root;
  chunks.read(put_root(chunks, top, {{"a", "b/c"}}).id, root);
  replay(root, fuzz_root);
  ByteWriter links;
  links.varint(2);
  links.bytes(as_bytes("a"));
  links.bytes(as_bytes("b/c"));
  links.varint(3);
  for (const char* path : {"d", "e", "f/g/h"}) links.bytes(as_bytes(path));
  replay(links.view(), fuzz_root);
  replay({}, fuzz_root);
}

}  // namespace
}  // namespace metamori::test
