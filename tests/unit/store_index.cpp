#include <gtest/gtest.h>

#include "tests/support/fault_system.hpp"
#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

namespace fs = std::filesystem;

/// Publishes one pack with chunks `first` to `last`.
PackName put_pack(StoreDirs& repository, std::uint64_t first, std::uint64_t last) {
  PackWriter writer(real_system(), repository.dirs.tmp.get(), repository.dirs.packs.get());
  FrameEncoder encoder;
  for (std::uint64_t i = first; i <= last; ++i) {
    const Bytes raw = noise(100, i);
    ByteWriter out;
    encoder.plain(sha256(raw), Kind::data, raw, out);
    writer.append(out.view(), {{sha256(raw), 0, 100, 0, 0, Kind::data}});
  }
  return writer.publish();
}
ChunkId id_of(std::uint64_t number) { return sha256(noise(100, number)); }

std::unique_ptr<PackIndex> open_index(StoreDirs& repository) {
  const RepositoryDirs& dirs = repository.dirs;
  return std::make_unique<PackIndex>(real_system(), dirs.packs.get(), dirs.cache.get(), dirs.tmp.get(), dirs.trash.get());
}

void expect_all(PackIndex& index, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto where = index.find(id_of(i), false);
    ASSERT_TRUE(where) << i;
    Bytes out;
    decode_frame(where->pack->frame(where->offset), {}, true, out, "test");
    ASSERT_EQ(out, noise(100, i));
    ASSERT_TRUE(index.find_pack(id_of(i)));
  }
  EXPECT_FALSE(index.find(id_of(1'000'000), true));
  EXPECT_FALSE(index.find_pack(id_of(1'000'000)));
}

TEST(PackIndex, ManyPacksAreMergedAndKept) {
  StoreDirs repository;
  for (std::uint64_t i = 0; i < 20; ++i) put_pack(repository, 10 * i, 10 * i + 9);
  open_index(repository)->save();
  EXPECT_EQ(repository.count("cache/index"), 1U);
  // The packs' own indexes are not needed to find where a chunk is.
  const auto index = open_index(repository);
  ASSERT_TRUE(index->find_pack(id_of(7)));
  expect_all(*index, 200);
}

TEST(PackIndex, FewPacksAreNotMerged) {
  StoreDirs repository;
  for (std::uint64_t i = 0; i < 8; ++i) put_pack(repository, i, i);
  open_index(repository)->save();
  EXPECT_FALSE(fs::exists(repository.path("cache/index")));
  expect_all(*open_index(repository), 8);
}

TEST(PackIndex, LevelsStayFewAsPacksCome) {
  StoreDirs repository;
  for (std::uint64_t i = 0; i < 300; ++i) {
    put_pack(repository, i, i);
    if (i % 10 == 9) open_index(repository)->save();
  }
  EXPECT_LE(repository.count("cache/index"), 4U);
  expect_all(*open_index(repository), 300);
}

TEST(PackIndex, WithoutACacheEverythingIsFoundToo) {
  StoreDirs repository(false);
  for (std::uint64_t i = 0; i < 300; ++i) put_pack(repository, 2 * i, 2 * i + 1);
  const auto index = open_index(repository);
  expect_all(*index, 600);
  index->save();
  expect_all(*index, 600);
}

TEST(PackIndex, ADamagedCacheIsBuiltAgain) {
  StoreDirs repository;
  for (std::uint64_t i = 0; i < 20; ++i) put_pack(repository, 10 * i, 10 * i + 9);
  open_index(repository)->save();
  const auto file = fs::directory_iterator(repository.path("cache/index"))->path();
  const Bytes good = read_file(file);
  for (std::size_t at = 0; at < good.size(); at += 97) {
    Bytes bad = good;
    bad[at] ^= std::byte{0x20};
    for (const auto& entry : fs::directory_iterator(repository.path("cache/index"))) fs::remove(entry);
    write_file(file, bad);
    const auto index = open_index(repository);
    expect_all(*index, 200);
    index->save();
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{4096}, good.size() - 1}) {
    for (const auto& entry : fs::directory_iterator(repository.path("cache/index"))) fs::remove(entry);
    write_file(file, ByteView(good).first(size));
    expect_all(*open_index(repository), 200);
  }
}

TEST(PackIndex, PacksThatComeAreFoundWhenToldToLook) {
  StoreDirs repository;
  put_pack(repository, 0, 0);
  const auto index = open_index(repository);
  EXPECT_TRUE(index->find(id_of(0), false));
  put_pack(repository, 1, 1);
  EXPECT_FALSE(index->find(id_of(1), false));
  EXPECT_TRUE(index->find(id_of(1), true));
  const PackName name = put_pack(repository, 2, 2);
  index->add(name);
  EXPECT_TRUE(index->find(id_of(2), false));
}

TEST(PackIndex, PacksThatGoAreForgottenAndOtherCopiesFound) {
  StoreDirs repository;
  std::vector<PackName> names;
  for (std::uint64_t i = 0; i < 20; ++i) names.push_back(put_pack(repository, i, i + 1));  // each chunk but the ends twice
  open_index(repository)->save();
  const auto index = open_index(repository);
  EXPECT_TRUE(index->find(id_of(0), false));
  fs::remove(repository.path("packs") / pack_file_name(names[5]));
  EXPECT_FALSE(index->still_present(names[5]));
  EXPECT_TRUE(index->still_present(names[6]));
  EXPECT_TRUE(index->find(id_of(5), false));
  EXPECT_TRUE(index->find(id_of(6), false));
  fs::remove(repository.path("packs") / pack_file_name(names[4]));
  EXPECT_EQ(index->packs().size(), 18U);  // looks again; until then a pack that is open may be read from
  EXPECT_FALSE(index->find(id_of(5), true));
}

TEST(PackIndex, TrashIsSearchedLast) {
  StoreDirs repository;
  const PackName name = put_pack(repository, 0, 0);
  const auto index = open_index(repository);
  fs::rename(repository.path("packs") / pack_file_name(name), repository.path("trash") / pack_file_name(name));
  EXPECT_TRUE(index->find(id_of(0), true));
  EXPECT_FALSE(open_index(repository)->find(id_of(0), false));
  EXPECT_TRUE(open_index(repository)->find(id_of(0), true));
}

// A writer, or gc, that finds a pack needed again renames it back; that may be between a reader's looks at the two directories.
TEST(PackIndex, APackThatComesBackWhileItIsLookedForIsFound) {
  StoreDirs repository;
  const PackName name = put_pack(repository, 0, 0);
  const fs::path kept = repository.path("packs") / pack_file_name(name), thrown = repository.path("trash") / pack_file_name(name);
  fs::rename(kept, thrown);
  const RepositoryDirs& dirs = repository.dirs;
  FaultSystem system(real_system());
  system.on_before([&](const CallInfo& info) {
    if (info.call == Call::read_directory && info.fd == dirs.trash.get() && fs::exists(thrown)) fs::rename(thrown, kept);
  });
  PackIndex index(system, dirs.packs.get(), dirs.cache.get(), dirs.tmp.get(), dirs.trash.get());
  EXPECT_TRUE(index.find(id_of(0), true));
}

// Where locks are given to everybody, gc may throw away at once what no record needs yet; the record brings it back.
TEST(PackIndex, APackThatWasThrownAwayAtOnceCanBeAdded) {
  StoreDirs repository;
  const auto index = open_index(repository);
  EXPECT_FALSE(index->find(id_of(0), false));
  const PackName name = put_pack(repository, 0, 0);
  fs::rename(repository.path("packs") / pack_file_name(name), repository.path("trash") / pack_file_name(name));
  index->add(name);
  EXPECT_TRUE(index->find(id_of(0), false));
  fs::remove(repository.path("trash") / pack_file_name(name));
  EXPECT_THROW(open_index(repository)->add(name), Error);
}

TEST(PackIndex, ADamagedPackHidesOnlyItself) {
  StoreDirs repository;
  const PackName bad = put_pack(repository, 0, 0);
  put_pack(repository, 1, 1);
  const auto path = repository.path("packs") / pack_file_name(bad);
  Bytes bytes = read_file(path);
  bytes.back() ^= std::byte{1};
  write_file(path, bytes);
  const auto index = open_index(repository);
  EXPECT_TRUE(index->find(id_of(1), true));
  EXPECT_FALSE(index->find(id_of(0), true));
  ASSERT_EQ(index->damaged_packs().size(), 1U);
  EXPECT_NE(index->damaged_packs().front().find(to_hex(bad)), std::string::npos);
}

}  // namespace
}  // namespace metamori::test
