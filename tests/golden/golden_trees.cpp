// Everything the format can hold of a tree, in few bytes.

#include <sys/stat.h>

#include <cstring>

#include "base/digest.hpp"
#include "objects/pack.hpp"
#include "tests/golden/golden_world.hpp"
#include "tests/support/encoding_base.hpp"

namespace metamori::test {
namespace {

constexpr std::size_t kChainBytes = 3000;      // below the least chunk, so that each file is one
constexpr std::size_t kChainEdits = 3;         // changed bytes between two members
constexpr std::uint64_t kLargeStride = 65536;  // the longest chunk in the first 16 MiB of a file
constexpr std::uint64_t kLargeBytes = 18ULL << 20;
constexpr std::size_t kManyNames = 200;
constexpr std::size_t kLeafNames = 8;  // with names that all end a leaf, as docs/format.md, section 7, has it
constexpr std::size_t kNodeLeaves = 12;

std::string chain_name(unsigned depth) { return "chain/" + std::string(depth < 10 ? "0" : "") + std::to_string(depth); }

Bytes float_ramp(std::size_t count) {
  Bytes bytes(count * sizeof(double));
  for (std::size_t i = 0; i < count; ++i) {
    const double value = 100.0 + static_cast<double>(i) * 0.001;
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
  return bytes;
}

/// Numbers that grow unevenly, which pack best when shuffled by their own width.
template <class Number>
Bytes stairs(std::size_t count, Number step, const Bytes& noise) {
  Bytes bytes(count * sizeof(Number));
  Number value = 1000;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::to_integer<unsigned>(noise[i % noise.size()]) < 150) value = static_cast<Number>(value + step);
    std::memcpy(bytes.data() + i * sizeof(Number), &value, sizeof(Number));
  }
  return bytes;
}

std::string log_lines(unsigned from, unsigned to) {
  std::string text;
  for (unsigned step = from; step < to; ++step)
    text += "step " + std::to_string(step) + " residual 0." + std::to_string(step * 2'654'435'761U % 99'991U) + " done\n";
  return text;
}

/// Nothing but zeros that are no hole, and a number where each chunk is: many chunks, and lists of lists, that pack into next to nothing.
Bytes large_content(std::uint64_t size) {
  Bytes bytes(size);
  for (std::uint64_t at = 100, number = 7'000; at < size; at += kLargeStride, ++number)
    std::memcpy(bytes.data() + at, &number, sizeof number);
  return bytes;
}

/// Names that make a listing of level 2 of few entries: each ends a leaf as soon as it may, and one leaf's first name ends a node.
std::vector<std::string> many_names() {
  std::vector<std::string> names;
  for (unsigned number = 100'000; names.size() < kManyNames; ++number) {
    std::string name = "n" + std::to_string(number);
    if (xxh3_64(as_bytes(name)) % 64 != 0) continue;
    if (names.size() == kLeafNames * kNodeLeaves && xxh3_64(as_bytes(name), 1) % 64 != 0) continue;
    names.push_back(std::move(name));
  }
  return names;
}

/// As the kernel keeps it: user::rw-, user:1234:r--, group::r--, mask::r--, other::---.
Bytes access_list() {
  ByteWriter list;
  list.u32(2);
  const auto add = [&](std::uint16_t tag, std::uint16_t rights, std::uint32_t id) {
    list.u16(tag);
    list.u16(rights);
    list.u32(id);
  };
  add(0x01, 6, 0xFFFFFFFF);
  add(0x02, 4, 1234);
  add(0x04, 4, 0xFFFFFFFF);
  add(0x10, 4, 0xFFFFFFFF);
  add(0x20, 0, 0xFFFFFFFF);
  return list.take();
}

/// CAP_NET_RAW, permitted and effective.
Bytes file_capability() {
  ByteWriter value;
  for (const std::uint32_t word : {0x02000001U, 1U << 13, 0U, 0U, 0U}) value.u32(word);
  return value.take();
}

void make_contents(GoldenWorld& world) {
  world.put("data/float64", float_ramp(5'000));
  world.put("data/int32", stairs<std::int32_t>(5'000, 771, world.noise(4'999)));
  world.put("data/int16", stairs<std::int16_t>(9'000, 3, world.noise(9'000)));
  world.put("data/noise", world.noise(4'000));
  world.put("data/log", log_lines(0, 1'000));
  world.put("data/large", large_content(kLargeBytes));
  world.put("data/empty", "");
  for (int i = 0; i < 20; ++i) world.put("small/" + std::to_string(i), "small content number " + std::to_string(i) + "\n");
  for (const std::string& name : many_names()) world.put("many/" + name, name.ends_with('7') ? name : "");
}

void make_holes(GoldenWorld& world) {
  world.make_directory("holes");
  world.resize("holes/only", 300'000);
  world.put_at("holes/first", 1 << 20, as_bytes("behind a hole"));
  world.put("holes/last", "before a hole");
  world.resize("holes/last", 2 << 20);
  world.put_at("holes/between", 0, world.noise(1'000));
  world.put_at("holes/between", 3 << 20, world.noise(1'000));
}

void make_kinds(GoldenWorld& world) {
  world.make_directory("kinds");
  world.make_symlink("kinds/link", "../data/log");
  world.make_symlink("kinds/dangling", std::string(3'000, 'x') + "/\xff\n");
  world.make_node("kinds/fifo", S_IFIFO | 0620);
  world.make_node("kinds/character", S_IFCHR | 0600, 1, 3);
  world.make_node("kinds/block", S_IFBLK | 0660, 7, 300);
  world.make_directory("kinds/empty");
  world.make_directory("kinds/sticky", 01777);
  world.make_directory("kinds/setgid", 02775);
  world.make_directory("kinds/shut", 0500);
  world.put("kinds/setuid", "#!/bin/true\n", 0755);
  world.set_mode("kinds/setuid", 04755);
  world.put("kinds/none", "nobody reads this", 0);
  world.put("kinds/owned", "by others", 0640);
  world.set_owner("kinds/owned", {1000, 1001});
  world.put("kinds/unnamed", "its owner has no name", 0604);
  world.set_owner("kinds/unnamed", {70'000, 4'000'000'000U});
  world.put("kinds/before-1970", "");
  world.set_time("kinds/before-1970", {-1'000'000, 999'999'999});
  world.put("kinds/after-2038", "");
  world.set_time("kinds/after-2038", {4'102'444'800, 1});
  std::string deep = "kinds";
  for (int level = 0; level < 40; ++level) deep += "/d";
  world.put(deep + "/file", "deep");
}

void make_names(GoldenWorld& world) {
  for (const std::string& name :
       {std::string("new\nline"), std::string("\xff\xfe"), std::string(255, 'n'), std::string(" "), std::string("-rf"),
        std::string("\xc3\xbcml\xc3\xa4ute"), std::string(".hidden"), std::string("%41\\\"'")})
    world.put("names/" + name, "named " + std::to_string(name.size()));
}

void make_links(GoldenWorld& world) {
  world.make_directory("links/below");
  world.put("links/one", "three names");
  world.link("links/one", "links/two");
  world.link("links/one", "links/below/three");
  world.put("links/other", world.noise(2'000));
  world.link("links/other", "links/below/other");
  world.make_symlink("links/symlink", "one");
  world.link("links/symlink", "links/same-symlink");
}

void make_attributes(GoldenWorld& world) {
  world.make_directory("attributes/directory");
  world.put("attributes/inline", "a");
  world.set_attribute("attributes/inline", "user.comment", as_bytes("short"));
  world.set_attribute("attributes/inline", "user.bytes \xff", Bytes(4, std::byte{0}));
  world.set_attribute("attributes/inline", "user.empty", {});
  world.put("attributes/stream", "b");
  for (int i = 0; i < 3; ++i) world.set_attribute("attributes/stream", "user.large" + std::to_string(i), world.noise(900));
  world.set_attribute("attributes/directory", "user.of-directory", as_bytes("yes"));
  world.put("attributes/access-list", "c", 0640);
  world.set_attribute("attributes/access-list", "system.posix_acl_access", access_list());
  world.put("attributes/capability", "d", 0755);
  world.set_attribute("attributes/capability", "security.capability", file_capability());
  world.put("attributes/trusted", "e");
  world.set_attribute("attributes/trusted", "trusted.metamori", as_bytes("root's"));
}

/// A chunk that begins in the middle of the first and ends in the middle of the second of `bases`, which have depth 0 and 1.
void make_joined(GoldenWorld& world, PackWriter& pack, FrameEncoder& encoder, const std::vector<Bytes>& bases) {
  Bytes together = bases[0];
  together.insert(together.end(), bases[1].begin(), bases[1].end());
  EncodingBase base;
  base.list = {{sha256(bases[0]), sha256(bases[1])}, kChainBytes / 2};
  base.bytes = ByteView(together).subspan(base.list.skip);
  base.depth = 3;
  Bytes raw(base.bytes.begin(), base.bytes.begin() + kChainBytes);
  raw[7] ^= std::byte{0xFF};
  ByteWriter frame;
  if (!encoder.patch(sha256(raw), Kind::data, raw, base, frame)) throw std::runtime_error("no patch was made");
  pack.append(frame.view(), {{sha256(raw), 0, kChainBytes, 0, 3, Kind::data}});
  world.put("chain/joined", raw);
}

}  // namespace

void make_chain(GoldenWorld& world) {
  const auto engine = world.open();
  PackWriter pack(world.disk(), engine->dirs.tmp.get(), engine->dirs.packs.get());
  FrameEncoder encoder;
  Bytes raw = world.noise(kChainBytes);
  ChunkId id = sha256(raw);
  std::vector<Bytes> first_two;
  for (std::uint16_t depth = 0; depth <= kMaxDeltaDepth; ++depth) {
    ByteWriter frame;
    if (depth == 0) {
      encoder.plain(id, Kind::data, raw, frame);
    } else {
      const Bytes base = raw;
      for (std::size_t edit = 0; edit < kChainEdits; ++edit) raw[edit * kChainBytes / kChainEdits + depth] ^= std::byte{0xFF};
      id = sha256(raw);
      const bool made = depth % 2 != 0 ? encoder.delta(id, Kind::data, raw, on_base(base, depth), frame)
                                       : encoder.patch(id, Kind::data, raw, on_base(base, depth), frame);
      if (!made) throw std::runtime_error("no delta was made");
    }
    pack.append(frame.view(), {{id, 0, kChainBytes, 0, static_cast<std::uint8_t>(depth), Kind::data}});
    world.put(chain_name(depth), raw);
    if (depth < 2) first_two.push_back(raw);
  }
  make_joined(world, pack, encoder, first_two);
  pack.publish();
}

void make_first_tree(GoldenWorld& world) {
  make_contents(world);
  make_holes(world);
  make_kinds(world);
  make_names(world);
  make_links(world);
  make_attributes(world);
  world.set_owner("", {1000, 1000});
  world.set_mode("", 0750);
}

void make_second_tree(GoldenWorld& world) {
  world.append("data/log", log_lines(1'000, 1'050));
  world.put_at("data/noise", 2'000, as_bytes("a change in the middle"));
  world.put_at("data/large", (1ULL << 20) + 5, as_bytes("one chunk of many"));
  world.remove("small/3");
  world.put("small/20", "another one");
  world.remove("many/" + many_names()[50]);
  world.put("many/" + many_names()[150], "no longer empty");
  world.remove("links/two");
  world.put("links/two", "a file by itself");
  world.remove("kinds/link");
  world.make_directory("kinds/link");
  world.put("kinds/link/inside", "was a link");
  world.remove("kinds/empty");
  world.put("kinds/empty", "was a directory");
  world.set_attribute("attributes/inline", "user.comment", as_bytes("longer than before"));
  world.resize("holes/only", 300'001);
}

void make_passing_files(GoldenWorld& world) {
  world.put(".metamoriignore", "*.tmp\n!kept.tmp\n");
  world.put("small/left-out.tmp", "ignored");
  world.put("small/kept.tmp", "kept");
  world.put("cache/left-out", "untracked by the rules");
  world.put_at("holes/huge", (5ULL << 30) + 17, as_bytes("beyond 4 GiB"));
}

void remove_passing_files(GoldenWorld& world) {
  for (const char* path : {"small/left-out.tmp", "cache", "holes/huge"}) world.remove(path);
}

void make_third_tree(GoldenWorld& world) {
  world.put("branch", "made after going back");
  world.append("data/log", log_lines(9'000, 9'020));
  world.set_mode("kinds/owned", 0600);
}

void make_last_tree(GoldenWorld& world) {
  world.remove("many");
  world.remove("holes/between");
  world.put("branch", "the last content");
}

void make_tree_to_restore(GoldenWorld& world) {
  world.put("rewritten", large_content(1'600'000));
  world.put("replaced", "one");
  world.put("mode", "the same", 0600);
  world.put("goes/a", "a");
  world.put("goes/deep/b", "b");
  world.put("becomes-file/inside", "inside");
  world.put("becomes-directory", "was a file");
  world.put("linked-1", "linked");
  world.link("linked-1", "linked-2");
  world.make_symlink("symlink", "one");
}

void change_tree_to_restore(GoldenWorld& world) {
  world.put_at("rewritten", 700'000, as_bytes("a few other bytes"));
  world.put("replaced", "the second content");
  world.set_mode("mode", 0755);
  for (const char* path : {"goes", "becomes-file", "becomes-directory", "linked-2", "symlink"}) world.remove(path);
  world.put("becomes-file", "is a file now");
  world.put("becomes-directory/new", "new");
  world.put("linked-2", "alone");
  world.make_symlink("symlink", "two");
}

}  // namespace metamori::test
