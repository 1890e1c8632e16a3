// What is small: the format, the gc generation, references, an unfinished restore, caches.

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "core/format_file.hpp"
#include "core/gc.hpp"
#include "core/intent.hpp"
#include "core/looking.hpp"
#include "core/restore.hpp"
#include "tests/damage/mended.hpp"

namespace metamori::test {
namespace {

const std::string kRepository = "/tree/.metamori/";

class RepairFiles : public ::testing::Test {
 protected:
  RepairFiles() {
    disk.make_directories(kTree);
    init_at_tree(disk);
    disk.write_file("/tree/file", std::string_view("text"));
    take();
    add_tag(*open_at_tree(disk), "good", "1", false);
    disk.write_file("/tree/file", std::string_view("text again"));
    take();
    id = open_at_tree(disk)->repository_id;
  }
  void take() {
    disk.advance_clock(10'000'000'000);
    checkpoint(disk);
  }
  void write(const std::string& name, std::string_view text) { disk.write_file(kRepository + name, text); }
  std::string read(const std::string& name) { return std::string(as_text(disk.read_file(kRepository + name))); }

  SimSystem disk;
  std::string id;
};

TEST_F(RepairFiles, TheFormatIsMadeAgain) {
  const std::string whole = read("format");
  std::string one_byte = whole;
  one_byte[25] = 'x';
  std::string of_two = whole;
  of_two[20] = '3';  // the number, so that it looks like a newer format
  for (const std::string& text : {one_byte, of_two, std::string("rubbish"), std::string()}) {
    write("format", text);
    EXPECT_THROW(open_at_tree(disk), Error) << text;
    EXPECT_TRUE(mend(disk).remaining.empty());
    EXPECT_EQ(read("format"), whole) << "the id is in the cache";
  }
  disk.remove_file(AT_FDCWD, (kRepository + "format").c_str());
  disk.remove_tree(kRepository + "cache");
  EXPECT_TRUE(mend(disk).remaining.empty());
  EXPECT_NE(open_at_tree(disk)->repository_id, id);
  take();
}

TEST_F(RepairFiles, ANewerFormatIsNotTouched) {
  std::string text = "metamori-repository 2\nid " + id + "\n";
  text += "sha256 " + to_hex(sha256(as_bytes(text))) + "\n";
  write("format", text);
  try {
    mend(disk);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
  }
  EXPECT_EQ(read("format"), text);
}

TEST_F(RepairFiles, MissingDirectoriesAreMade) {
  disk.remove_tree(kRepository + "packs");
  EXPECT_THROW(open_at_tree(disk), Error);
  EXPECT_THROW(mend(disk, true), Error);
  const RepairReport report = mend(disk);
  EXPECT_FALSE(report.remaining.empty()) << "what was in them is lost";
  EXPECT_NO_THROW(collect_garbage(*open_at_tree(disk), {}));
  take();
}

TEST_F(RepairFiles, TheGenerationIsNoLowerThanWhatRecordsSay) {
  collect_garbage(*open_at_tree(disk), {});
  collect_garbage(*open_at_tree(disk), {});
  disk.write_file("/tree/file", std::string_view("more"));
  take();
  for (const std::string& text : {std::string("2x\n"), std::string("1\n"), std::string()}) {
    write("generation", text);
    EXPECT_TRUE(mend(disk).remaining.empty());
    EXPECT_EQ(read("generation"), "3\n");
    EXPECT_TRUE(mend(disk).actions.empty());
  }
  take();
}

TEST_F(RepairFiles, ReferencesFollowFromWhatIsLeft) {
  open_at_tree(disk)->log->set_pin(1, true);
  const CheckpointId first = open_at_tree(disk)->log->get(1).id();
  const std::string tag = read("refs/tags/good");
  const std::string pin = read("refs/pins/1");
  std::string damaged = tag;
  damaged[20] ^= 1;
  write("refs/tags/good", damaged);
  write("refs/pins/1", "rubbish");
  write("refs/tags/a b", "rubbish");
  EXPECT_TRUE(mend(disk).remaining.empty());
  EXPECT_EQ(read("refs/tags/good"), tag);
  EXPECT_EQ(open_at_tree(disk)->log->pins(), std::vector<std::uint64_t>{1});
  EXPECT_FALSE(disk.exists(kRepository + "refs/tags/a b"));
  std::string more = tag;
  more.replace(8, 6, "??????");
  more.replace(tag.find("\nid ") + 10, 3, "???");
  write("refs/tags/good", more);
  EXPECT_TRUE(mend(disk).remaining.empty());
  EXPECT_EQ(open_at_tree(disk)->log->find_tag("good"), (Position{1, first}));
  write("refs/tags/good", "rubbish");
  const RepairReport report = mend(disk);
  ASSERT_EQ(report.remaining.size(), 1U);
  EXPECT_EQ(report.remaining.front().kind, "reference");
  EXPECT_TRUE(verify(*open_at_tree(disk), {}).ok());
}

TEST_F(RepairFiles, DamagedCachesAreSetAsideAndMadeAnew) {
  std::size_t caches = 0;
  for (const auto& [path, node] : disk.tree(kRepository + "cache")) {
    if (node.content.empty()) continue;
    const auto state = disk.copy();
    Bytes bytes = node.content;
    bytes[bytes.size() / 2] ^= std::byte{4};
    state->write_file(kRepository + "cache/" + path, ByteView(bytes));
    const RepairReport report = mend(*state);
    EXPECT_EQ(report.files_quarantined, 1U) << path;
    EXPECT_TRUE(report.remaining.empty());
    ++caches;
    state->write_file("/tree/file", std::string_view("and more"));
    EXPECT_NO_THROW(checkpoint(*state));
  }
  EXPECT_GE(caches, 3U);
}

TEST(RepairIntent, AnUnfinishedRestoreIsFinishedOrTold) {
  const DamageWorld world = make_damage_world();
  const PendingWorld pending = make_pending_world(*world.disk);
  const std::string intent = kRepository + "restore/intent";
  const Bytes whole = pending.disk->read_file(intent);
  auto disk = pending.disk->copy();
  overwrite_byte(*disk, intent, whole.size() / 2, whole[whole.size() / 2] ^ std::byte{8});
  overwrite_byte(*disk, kRepository + "restore/staged", 3, std::byte{0xEE});
  EXPECT_TRUE(mend(*disk).remaining.empty());
  EXPECT_EQ(disk->read_file(intent), whole);
  recover_restore(*open_at_tree(*disk), RecoverMode::finish, one_worker().control);
  EXPECT_EQ(user_tree(*disk), pending.new_tree);

  disk = pending.disk->copy();
  disk->write_file(intent, std::string_view("rubbish"));
  EXPECT_THROW(recover_restore(*open_at_tree(*disk), RecoverMode::finish, one_worker().control), Error);
  const RepairReport report = mend(*disk);
  ASSERT_EQ(report.remaining.size(), 1U);
  EXPECT_EQ(report.remaining.front().kind, "restore");
  EXPECT_FALSE(restore_is_pending(*open_at_tree(*disk)));
  checkpoint(*disk);
}

}  // namespace
}  // namespace metamori::test
