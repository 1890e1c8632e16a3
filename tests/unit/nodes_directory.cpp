#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>

#include "support/node_models.hpp"

namespace metamori::test {
namespace {

/// A leaf written by hand, field by field, so that each can be spoilt.
struct Fields {
  std::vector<Owner> owners{{1, 2, "u", "g"}};
  struct Row {
    std::string name = "a";
    std::uint8_t type = 4;
    std::uint8_t flags = 0;
    std::uint64_t mode = 0644;
    std::uint64_t owner = 0;
    std::uint64_t nanoseconds = 1;
    Bytes rest;
  };
  std::vector<Row> rows{Row{}};
  Bytes trailing;
  [[nodiscard]] Bytes encoded() const {
    ByteWriter out;
    out.varint(owners.size());
    for (const Owner& owner : owners) {
      out.varint(owner.uid);
      out.varint(owner.gid);
      out.bytes(as_bytes(owner.user));
      out.bytes(as_bytes(owner.group));
    }
    for (const Row& row : rows) {
      out.bytes(as_bytes(row.name));
      out.u8(row.type);
      out.u8(row.flags);
      out.varint(row.mode);
      out.varint(row.owner);
      out.svarint(-5);
      out.varint(row.nanoseconds);
      out.raw(row.rest);
    }
    out.raw(trailing);
    return out.take();
  }
};

Bytes written(const std::function<void(ByteWriter&)>& write) {
  ByteWriter out;
  write(out);
  return out.take();
}

void read_all(ChunkSource& source, const StreamRef& listing) {
  for (DirectoryCursor cursor(source, listing); cursor.current() != nullptr;) cursor.next();
}

template <class Call>
void expect_corrupt(Call call, std::string_view why) {
  try {
    call();
    ADD_FAILURE() << "accepted; expected: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string_view(error.what()).find(why), std::string_view::npos) << error.what();
  }
}

class Leaf : public ::testing::Test {
 protected:
  void read(const Fields& fields) {
    const Bytes chunk = fields.encoded();
    read_all(chunks, {0, fields.rows.size(), chunks.put(chunk, Kind::directory)});
  }
  void refuse(std::string_view why, const std::function<void(Fields&)>& spoil) {
    Fields fields;
    spoil(fields);
    expect_corrupt([&] { read(fields); }, why);
  }
  MemoryChunks chunks;
};

TEST_F(Leaf, AsWrittenIsRead) { EXPECT_NO_THROW(read(Fields{})); }

TEST_F(Leaf, BadNamesAreCorrupt) {
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string(".metamori"), std::string("a/b"),
                                  std::string("a\0b", 3), std::string(256, 'x')}) {
    refuse("", [&](Fields& fields) { fields.rows[0].name = name; });
    EXPECT_FALSE(is_entry_name(name));
  }
  for (const std::string& name : {std::string("..."), std::string(".metamori2"), std::string(255, 'x'), std::string("\xff\n")}) {
    Fields fields;
    fields.rows[0].name = name;
    EXPECT_NO_THROW(read(fields));
  }
  EXPECT_TRUE(is_entry_path("a/b/c"));
  for (const char* path : {"", "/", "a/", "/a", "a//b", "a/../b", ".", "a/.metamori/x"}) EXPECT_FALSE(is_entry_path(path)) << path;
}

TEST_F(Leaf, OrderAndDuplicatesOfNames) {
  for (const char* second : {"a", "A"}) {
    refuse("names out of order", [&](Fields& fields) {
      fields.rows.push_back(fields.rows[0]);
      fields.rows[1].name = second;
    });
  }
}

TEST_F(Leaf, OwnersAreUsedInOrderAndAll) {
  refuse("owner of nothing", [](Fields& fields) { fields.owners.push_back({7, 7, "", ""}); });
  refuse("owner", [](Fields& fields) { fields.owners.clear(); });
  refuse("owners out of order", [](Fields& fields) { fields.rows[0].owner = 1; });
  refuse("owners out of order", [](Fields& fields) {
    fields.owners.push_back({7, 7, "", ""});
    fields.rows[0].owner = 1;
    fields.rows.push_back(fields.rows[0]);
    fields.rows[1].name = "b";
    fields.rows[1].owner = 0;
  });
  refuse("listed twice", [](Fields& fields) {
    fields.owners.push_back(fields.owners[0]);
    fields.rows.push_back(fields.rows[0]);
    fields.rows[1].name = "b";
    fields.rows[1].owner = 1;
  });
}

TEST_F(Leaf, FieldsOutOfRange) {
  refuse("type", [](Fields& fields) { fields.rows[0].type = 0; });
  refuse("type", [](Fields& fields) { fields.rows[0].type = 7; });
  refuse("unknown flags", [](Fields& fields) { fields.rows[0].flags = 8; });
  refuse("unknown content of", [](Fields& fields) { fields.rows[0].flags = 4; });
  refuse("mode", [](Fields& fields) { fields.rows[0].mode = 010000; });
  refuse("nanoseconds", [](Fields& fields) { fields.rows[0].nanoseconds = 1'000'000'000; });
  refuse("", [](Fields& fields) { fields.trailing = Bytes(1); });
  refuse("more entries than counted", [](Fields& fields) {
    Fields second;
    second.rows[0].name = "b";
    const Bytes more = second.encoded();
    fields.trailing.assign(more.begin() + 7, more.end());  // without the owners
  });
  const auto device = [](std::uint64_t major, std::uint64_t minor) {
    return written([&](ByteWriter& out) {
      out.varint(major);
      out.varint(minor);
    });
  };
  refuse("device", [&](Fields& fields) {
    fields.rows[0].type = 5;
    fields.rows[0].rest = device(1ULL << 32, 0);
  });
  refuse("device", [&](Fields& fields) {
    fields.rows[0].type = 6;
    fields.rows[0].rest = device(0, 1ULL << 32);
  });
  for (const std::string& target : {std::string(), std::string("a\0b", 3), std::string(4096, 'x')}) {
    refuse("", [&](Fields& fields) {
      fields.rows[0].type = 3;
      fields.rows[0].rest = written([&](ByteWriter& out) { out.bytes(as_bytes(target)); });
    });
  }
}

TEST_F(Leaf, DirectoriesCountWhatIsBelow) {
  const auto with = [](const StreamRef& listing, std::uint64_t entries, std::uint64_t files, std::uint64_t bytes) {
    return [=](Fields& fields) {
      fields.rows[0].type = 2;
      fields.rows[0].rest = written([&](ByteWriter& out) {
        encode_stream_ref(listing, out);
        out.varint(entries);
        out.varint(files);
        out.varint(bytes);
      });
    };
  };
  refuse("fewer entries", with({0, 5, id_of_number(1)}, 4, 0, 0));
  refuse("more files", with({0, 5, id_of_number(1)}, 5, 6, 0));
  refuse("bytes of no files", with({0, 5, id_of_number(1)}, 5, 0, 1));
  refuse("below an empty directory", with({}, 1, 0, 0));
  refuse("bytes of no files", with({}, 0, 0, 1));
  Fields good;
  with({0, 5, id_of_number(1)}, 5, 5, 1)(good);
  EXPECT_NO_THROW(read(good));
}

TEST_F(Leaf, AttributesStandWhereTheyShould) {
  const auto inline_set = [](std::vector<std::pair<std::string, std::size_t>> set) {
    return [=](Fields& fields) {
      fields.rows[0].flags = 1;
      fields.rows[0].rest = written([&](ByteWriter& out) {
        out.varint(set.size());
        for (const auto& [name, size] : set) {
          out.bytes(as_bytes(name));
          out.bytes(Bytes(size));
        }
      });
    };
  };
  const auto stream_set = [](std::uint8_t flags, std::uint64_t length) {
    return [=](Fields& fields) {
      fields.rows[0].flags = flags;
      fields.rows[0].rest = written([&](ByteWriter& out) { encode_stream_ref({0, length, id_of_number(1)}, out); });
    };
  };
  Fields good;
  inline_set({{"user.a", 0}, {"user.b", 5}})(good);
  EXPECT_NO_THROW(read(good));
  refuse("empty set", inline_set({}));
  refuse("out of order", inline_set({{"user.b", 0}, {"user.a", 5}}));
  refuse("out of order", inline_set({{"user.b", 0}, {"user.b", 5}}));
  refuse("bad name", inline_set({{"", 1}}));
  refuse("bad name", inline_set({{std::string("a\0", 2), 0}}));
  // 1 + 1 + 6 + 2 + 2038 is 2,048 bytes.
  Fields largest;
  inline_set({{"user.a", 2038}})(largest);
  EXPECT_NO_THROW(read(largest));
  refuse("should be a stream", inline_set({{"user.a", 2039}}));
  Fields stream;
  stream_set(3, 2049)(stream);
  EXPECT_NO_THROW(read(stream));
  refuse("should stand inline", stream_set(3, 2048));
  refuse("but none", stream_set(2, 2049));
}

class Node : public ::testing::Test {
 protected:
  ChunkId leaf(const std::vector<std::string>& names) {
    std::vector<Entry> entries(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      entries[i].name = names[i];
      entries[i].type = EntryType::fifo;
    }
    return build_listing(chunks, entries).id;
  }
  struct Child {
    std::string name;
    std::uint64_t count;
    ChunkId id;
  };
  ChunkId node(const std::vector<Child>& children) {
    ByteWriter out;
    for (const Child& child : children) {
      out.bytes(as_bytes(child.name));
      out.varint(child.count);
      out.id(child.id);
    }
    return chunks.put(out.view(), Kind::directory);
  }
  void refuse(std::string_view why, std::uint8_t level, std::uint64_t length, const ChunkId& id) {
    expect_corrupt([&] { read_all(chunks, {level, length, id}); }, why);
  }
  MemoryChunks chunks;
  ChunkId ab = leaf({"a", "b"});
  ChunkId cd = leaf({"c", "d"});
};

TEST_F(Node, AsWrittenIsRead) { EXPECT_NO_THROW(read_all(chunks, {1, 4, node({{"a", 2, ab}, {"c", 2, cd}})})); }

TEST_F(Node, WhatDoesNotFitTogetherIsCorrupt) {
  refuse("fewer entries", 1, 5, node({{"a", 2, ab}, {"c", 2, cd}}));
  refuse("more entries", 1, 3, node({{"a", 2, ab}, {"c", 2, cd}}));
  refuse("more entries", 1, 3, node({{"a", 2, ab}, {"c", std::numeric_limits<std::uint64_t>::max(), cd}}));
  refuse("without entries", 1, 2, node({{"a", 2, ab}, {"c", 0, cd}}));
  refuse("out of order", 1, 4, node({{"c", 2, cd}, {"a", 2, ab}}));
  refuse("first name", 1, 4, node({{"a", 2, ab}, {"bb", 2, cd}}));
  refuse("later leaf", 1, 4, node({{"a", 2, ab}, {"b", 2, leaf({"b", "c"})}}));
  refuse("one child", 1, 2, node({{"a", 2, ab}}));
  refuse("more entries", 1, 3, node({{"a", 1, ab}, {"c", 2, cd}}));
  refuse("fewer entries", 1, 5, node({{"a", 3, ab}, {"c", 2, cd}}));
  refuse("zero id", 1, 4, node({{"a", 2, ab}, {"c", 2, ChunkId{}}}));
  refuse("bad name", 1, 4, node({{"", 2, ab}, {"c", 2, cd}}));
  const ChunkId low = node({{"a", 2, ab}, {"c", 2, cd}});
  const ChunkId ef = leaf({"e", "f"});
  const ChunkId gh = leaf({"g", "h"});
  const ChunkId high = node({{"e", 2, ef}, {"g", 2, gh}});
  EXPECT_NO_THROW(read_all(chunks, {2, 8, node({{"a", 4, low}, {"e", 4, high}})}));
  refuse("first name", 2, 8, node({{"a", 4, low}, {"dd", 4, high}}));
  refuse("later node", 2, 8, node({{"a", 4, low}, {"c", 4, node({{"c", 2, cd}, {"e", 2, ef}})}}));
  refuse("", 1, 8, node({{"a", 4, low}, {"e", 4, high}}));  // nodes taken for leaves
  refuse("", 3, 8, node({{"a", 4, low}, {"e", 4, high}}));  // leaves taken for nodes
}

TEST(Directory, ALeafEnteredOnOneSideIsNotSkipped) {
  MemoryChunks chunks;
  std::vector<Entry> entries(3);
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].name = std::string(1, static_cast<char>('a' + i));
  const StreamRef listing = build_listing(chunks, entries);
  DirectoryCursor left(chunks, listing);
  DirectoryCursor right(chunks, listing);
  left.next();
  skip_shared(left, right);
  ASSERT_NE(left.current(), nullptr);
  EXPECT_EQ(left.current()->name, "b");
  EXPECT_EQ(right.current()->name, "a");
  right.next();
  right.next();
  skip_shared(left, right);
  EXPECT_EQ(left.current()->name, "b");
  EXPECT_EQ(right.current()->name, "c");
}

TEST(Directory, SumsOfSizesSaturate) {
  MemoryChunks chunks;
  DirectoryBuilder builder(chunks);
  Entry entry;
  entry.content_unknown = true;
  entry.unknown_size = std::numeric_limits<std::uint64_t>::max() - 1;
  for (const char* name : {"a", "b"}) {
    entry.name = name;
    builder.add(entry);
  }
  EXPECT_EQ(builder.finish().bytes_below, std::numeric_limits<std::uint64_t>::max());
}

TEST(Root, RefusesWhatIsNoRoot) {
  MemoryChunks chunks;
  Entry top;
  top.type = EntryType::directory;
  const ChunkId id = put_root(chunks, top, {{"a", "b"}}).id;
  Bytes good;
  chunks.read(id, good);
  const auto refuse = [&](const Bytes& bytes, std::string_view why) {
    expect_corrupt([&] { get_root(chunks, chunks.put(bytes, Kind::other)); }, why);
  };
  Bytes other = good;
  other[0] = std::byte{2};
  refuse(other, "version");
  other = good;
  other.push_back({});
  refuse(other, "");
  for (std::size_t size = 0; size < good.size(); ++size) refuse(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)), "");
  const auto links = [&](const std::vector<std::vector<std::string>>& groups, std::string_view why) {
    ByteWriter out;
    for (const auto& group : groups) {
      out.varint(group.size());
      for (const std::string& path : group) out.bytes(as_bytes(path));
    }
    Root root;
    root.links = put_bytes(chunks, out.view(), Kind::other);
    expect_corrupt([&] { get_links(chunks, root); }, why);
  };
  links({{"a"}}, "less than two");
  links({{"b", "a"}}, "paths out of order");
  links({{"a", "a"}}, "paths out of order");
  links({{"c", "d"}, {"a", "b"}}, "groups out of order");
  links({{"a", "d"}, {"b", "d"}}, "two groups");
  links({{"a", "../b"}}, "bad path");
}

TEST(Root, PathsAreFoundComponentByComponent) {
  MemoryChunks chunks;
  Entry file;
  file.name = "f";
  Entry middle;
  middle.name = "d";
  middle.type = EntryType::directory;
  middle.content = build_listing(chunks, {file});
  middle.entries_below = 1;
  Entry top;
  top.type = EntryType::directory;
  top.content = build_listing(chunks, {middle});
  top.entries_below = 2;
  const Root root = get_root(chunks, put_root(chunks, top, {}).id);
  EXPECT_EQ(find_path(chunks, root, ""), top);
  EXPECT_EQ(find_path(chunks, root, "d"), middle);
  EXPECT_EQ(find_path(chunks, root, "d/f"), file);
  for (const char* path : {"f", "d/g", "d/f/x", "/d", "d/", "d//f", ".", "d/../d"}) EXPECT_FALSE(find_path(chunks, root, path)) << path;
}

std::vector<Entry> many_entries(std::size_t count) {
  std::vector<Entry> entries(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string digits = std::to_string(i);
    entries[i].name = "file-" + std::string(8 - digits.size(), '0') + digits;
    entries[i].mode = 0644;
    entries[i].owner = {1000, 1000, "user", "group"};
    entries[i].mtime = {1700000000 + static_cast<std::int64_t>(i), static_cast<std::uint32_t>(i)};
    entries[i].content = {0, 1 + i, id_of_number(i)};
  }
  return entries;
}

TEST(LargeDirectory, OneChangedEntryCostsALevelsWorthOfChunks) {
  const auto entries = many_entries(100'000);
  MemoryChunks chunks;
  const StreamRef before = build_listing(chunks, entries);
  EXPECT_GE(before.level, 1);
  for (const std::size_t at : {std::size_t{0}, std::size_t{33'333}, std::size_t{99'999}}) {
    auto changed = entries;
    changed[at].mtime.seconds = 5;
    chunks.new_count = 0;
    const StreamRef after = build_listing(chunks, changed);
    EXPECT_EQ(chunks.new_count, before.level + 1U);
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(at));
    chunks.new_count = 0;
    const StreamRef shorter = build_listing(chunks, changed);
    EXPECT_LE(chunks.new_count, 2U * (before.level + 1U) + 2);
    for (const StreamRef& other : {after, shorter}) {
      chunks.read_count = 0;
      std::size_t differences = 0;
      DirectoryCursor left(chunks, before);
      DirectoryCursor right(chunks, other);
      for (;;) {
        skip_shared(left, right);
        const Entry* x = left.current();
        const Entry* y = right.current();
        if (x == nullptr && y == nullptr) break;
        const bool take_left = y == nullptr || (x != nullptr && x->name <= y->name);
        const bool take_right = x == nullptr || (y != nullptr && y->name <= x->name);
        differences += !take_left || !take_right || *x != *y;
        if (take_left) left.next();
        if (take_right) right.next();
      }
      EXPECT_EQ(differences, 1U);
      EXPECT_LE(chunks.read_count, 2U * (2U * (before.level + 1U) + 2));
    }
  }
}

TEST(LargeDirectory, SeekReadsOneChunkALevel) {
  const auto entries = many_entries(100'000);
  MemoryChunks chunks;
  const StreamRef listing = build_listing(chunks, entries);
  for (const std::size_t at : {std::size_t{0}, std::size_t{50'000}, std::size_t{99'999}}) {
    chunks.read_count = 0;
    EXPECT_EQ(find_entry(chunks, listing, entries[at].name), entries[at]);
    EXPECT_LE(chunks.read_count, listing.level + 1U);
    chunks.read_count = 0;
    EXPECT_EQ(find_entry(chunks, listing, entries[at].name + "x"), std::nullopt);
    EXPECT_LE(chunks.read_count, 2U * (listing.level + 1U));
  }
}

/// Prints the speed; the bound only catches what became slow by orders of magnitude.
TEST(LargeDirectory, AMillionEntriesTakeNoTime) {
  const auto entries = many_entries(1'000'000);
  MemoryChunks chunks;
  const auto start = std::chrono::steady_clock::now();
  const StreamRef listing = build_listing(chunks, entries);
  const auto built = std::chrono::steady_clock::now();
  std::uint64_t bytes = 0;
  for (DirectoryCursor cursor(chunks, listing); cursor.current() != nullptr; cursor.next()) bytes += cursor.current()->content.length;
  const auto read = std::chrono::steady_clock::now();
  EXPECT_EQ(bytes, 500'000'500'000U);
  const auto ms = [](auto from, auto to) { return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count(); };
  RecordProperty("build_ms", static_cast<int>(ms(start, built)));
  RecordProperty("read_ms", static_cast<int>(ms(built, read)));
  std::printf("a million entries: built in %d ms, read in %d ms, level %d\n", static_cast<int>(ms(start, built)),
              static_cast<int>(ms(built, read)), listing.level);
  EXPECT_LT(ms(start, read), 30'000);
}

}  // namespace
}  // namespace metamori::test
