// Checkpoints as archives and back, on the simulated disk; and archives that are damaged, or meant ill.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/archive/acl.hpp"
#include "core/archive/export.hpp"
#include "core/archive/import.hpp"
#include "core/describe.hpp"
#include "core/looking.hpp"
#include "tests/support/engine_world.hpp"

namespace metamori::test {
namespace {

constexpr const char* kOther = "/other";

/// One member of a plain tar archive.
struct Member {
  std::string name;
  std::string content = {};
  char type = '0';
  std::string target = {};
  std::uint64_t size = ~std::uint64_t{0};  ///< told; as it is, if not set
};

std::string octal(std::uint64_t value, std::size_t width) {
  std::string digits(width - 1, '0');
  for (std::size_t i = width - 1; i-- > 0; value /= 8) digits[i] = static_cast<char>('0' + value % 8);
  return digits + '\0';
}

std::string tar_of(const std::vector<Member>& members, bool has_end = true) {
  std::string archive;
  for (const Member& member : members) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
    put(0, member.name);
    put(100, octal(0644, 8));
    put(108, octal(7, 8));
    put(116, octal(8, 8));
    put(124, octal(member.size == ~std::uint64_t{0} ? member.content.size() : member.size, 12));
    put(136, octal(1'700'000'000, 12));
    put(148, std::string(8, ' '));
    put(156, std::string(1, member.type));
    put(157, member.target);
    put(257, std::string("ustar\0"
                         "00",
                         8));
    std::uint64_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 7) + ' ');
    archive += header + member.content + std::string((512 - member.content.size() % 512) % 512, '\0');
  }
  return has_end ? archive + std::string(1024, '\0') : archive;
}

class Archive : public testing::Test {
 protected:
  Archive() {
    for (const char* top : {kTree, kOther}) {
      disk.make_directories(top);
      init_at_tree(disk, top);
    }
  }
  Bytes exported(const ExportOptions& options = {}) {
    Bytes archive;
    report =
        write_archive(*open_at_tree(disk), options, [&](ByteView bytes) { archive.insert(archive.end(), bytes.begin(), bytes.end()); });
    EXPECT_EQ(report.bytes, archive.size());
    return archive;
  }
  ImportReport import(std::string_view archive, const ImportOptions& options = {}) {
    std::size_t at = 0;
    return read_archive(*open_at_tree(disk, kOther), options, [&](std::byte* buffer, std::size_t size) {
      const std::size_t taken = std::min({size, archive.size() - at, std::size_t{10'000}});
      std::memcpy(buffer, archive.data() + at, taken);
      at += taken;
      return taken;
    });
  }
  ImportReport import(const Bytes& archive) { return import(as_text(archive)); }
  /// What was imported, by path.
  TreeDescription imported(std::string_view archive) {
    return checkpointed_tree(*open_at_tree(disk, kOther), import(archive).checkpoint.number);
  }
  std::string refusal(const std::string& archive) {
    const auto before = disk.tree(std::string(kOther) + "/.metamori");
    const auto packs = disk.tree(std::string(kOther) + "/.metamori/packs").size();
    try {
      import(archive);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << error.what();
      EXPECT_EQ(disk.tree(std::string(kOther) + "/.metamori/packs").size(), packs);
      EXPECT_TRUE(disk.tree(std::string(kOther) + "/.metamori/tmp").empty());
      EXPECT_EQ(open_at_tree(disk, kOther)->log->highest(), 0U);
      return error.what();
    }
    return "it was taken";
  }
  void set_attribute(const std::string& path, const char* name, ByteView value) {
    const int fd = disk.open_at(AT_FDCWD, (std::string(kTree) + '/' + path).c_str(), O_PATH | O_NOFOLLOW, 0);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(disk.set_attribute(fd, "", name, value), 0);
    disk.close(fd);
  }

  SimSystem disk;
  ExportReport report;
};

TEST_F(Archive, EverythingComesBack) {
  const std::string top(kTree);
  disk.write_file(top + "/empty", "");
  disk.write_file(top + "/text", "some text\n");
  disk.write_file(top + "/d/deep/er/file", std::string(700'000, 'x') + "end");
  disk.write_file(top + "/bad\xff name\n", "odd");
  disk.write_file(top + "/" + std::string(255, 'n'), "long");
  disk.write_file(top + "/d-e", "sorted between d and what is in d");
  ASSERT_EQ(disk.make_symlink("../outside\xfe", AT_FDCWD, (top + "/link").c_str()), 0);
  ASSERT_EQ(disk.make_node(AT_FDCWD, (top + "/fifo").c_str(), S_IFIFO | 0620, 0, 0), 0);
  ASSERT_EQ(disk.make_node(AT_FDCWD, (top + "/null").c_str(), S_IFCHR | 0666, 1, 3), 0);
  ASSERT_EQ(disk.link(AT_FDCWD, (top + "/text").c_str(), AT_FDCWD, (top + "/d/linked").c_str()), 0);
  ASSERT_EQ(disk.set_mode_at(AT_FDCWD, (top + "/empty").c_str(), 04711), 0);
  ASSERT_EQ(disk.set_owner_at(AT_FDCWD, (top + "/text").c_str(), 4'000'000'000U, 70'000), 0);
  ASSERT_EQ(disk.set_mtime_at(AT_FDCWD, (top + "/empty").c_str(), {-5, 123'456'789}), 0);
  ASSERT_EQ(disk.set_mtime_at(AT_FDCWD, (top + "/d").c_str(), {253'402'300'800, 1}), 0);
  set_attribute("text", "user.note", to_bytes(std::string("binary\0and\nlines", 16)));
  const AclTag kUser = AclTag::user;
  const Bytes acl =
      encode_acl({{AclTag::user_obj, 6, 0}, {kUser, 7, 1234}, {AclTag::group_obj, 4, 0}, {AclTag::mask, 7, 0}, {AclTag::other, 0, 0}});
  set_attribute("d-e", kAccessAcl, acl);
  ASSERT_EQ(disk.set_mode_at(AT_FDCWD, (top + "/d-e").c_str(), 0670), 0);
  set_attribute("d", kDefaultAcl, acl);
  const CheckpointReport taken = checkpoint(disk);
  const Bytes archive = exported();
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_EQ(exported(), archive) << "the same checkpoint gives the same bytes";
  const ImportReport back = import(archive);
  for (const RestoreWarning& warning : back.warnings) ADD_FAILURE() << warning.path << ": " << warning.message;
  EXPECT_EQ(to_hex(back.checkpoint.root), to_hex(taken.checkpoint.root));
  EXPECT_EQ(checkpointed_tree_and_top(*open_at_tree(disk, kOther), 1), checkpointed_tree_and_top(*open_at_tree(disk), 1));
}

TEST_F(Archive, HolesStayHoles) {
  const std::string path = std::string(kTree) + "/sparse";
  disk.write_file(path, std::string(300'000, 'a'));
  const int fd = disk.open_at(AT_FDCWD, path.c_str(), O_RDWR, 0);
  ASSERT_EQ(disk.truncate(fd, 10'000'000), 0);
  ASSERT_EQ(disk.write_at(fd, to_bytes("in the middle"), 5'000'000), 13);
  ASSERT_EQ(disk.punch_hole(fd, 0, 65'536), 0);
  disk.close(fd);
  disk.write_file(std::string(kTree) + "/nothing but a hole", "");
  const int hole = disk.open_at(AT_FDCWD, (std::string(kTree) + "/nothing but a hole").c_str(), O_RDWR, 0);
  ASSERT_EQ(disk.truncate(hole, 1'000'000), 0);
  disk.close(hole);
  const CheckpointReport taken = checkpoint(disk);
  const Bytes archive = exported();
  EXPECT_LT(archive.size(), 600'000U);
  EXPECT_EQ(to_hex(import(archive).checkpoint.root), to_hex(taken.checkpoint.root));
}

TEST_F(Archive, PathsAndAPrefix) {
  disk.write_file(std::string(kTree) + "/a", "a");
  disk.write_file(std::string(kTree) + "/d/b", "b");
  disk.write_file(std::string(kTree) + "/d/c", "c");
  ASSERT_EQ(disk.link(AT_FDCWD, "/tree/a", AT_FDCWD, "/tree/d/a"), 0);
  checkpoint(disk);
  ExportOptions options;
  options.paths = {"d"};
  options.prefix = "job/";
  const Bytes archive = exported(options);
  EXPECT_EQ(report.entries, 4U);
  const TreeDescription tree = imported(as_text(archive));
  ASSERT_TRUE(tree.contains("job/d/a"));
  EXPECT_EQ(as_text(tree.at("job/d/a").content), "a") << "its other name is not in the archive";
  EXPECT_FALSE(tree.contains("a"));
  options.paths = {"nosuch"};
  EXPECT_THROW(exported(options), Error);
  options.prefix = "../x";
  EXPECT_THROW(exported(options), Error);
}

TEST_F(Archive, AnImportTouchesNeitherTreeNorHead) {
  disk.write_file(std::string(kOther) + "/own", "own");
  checkpoint(disk, one_worker(), kOther);
  const auto tree = user_tree(disk, kOther);
  ImportOptions options;
  options.message = "from elsewhere";
  options.tags = {"came"};
  options.metadata = {{"source", "tape 7"}};
  const ImportReport back = import(tar_of({{"a", "content"}}), options);
  EXPECT_EQ(back.checkpoint.number, 2U);
  EXPECT_TRUE(back.checkpoint.parents.empty());
  EXPECT_EQ(back.checkpoint.line, "main-2");
  EXPECT_EQ(back.checkpoint.message, "from elsewhere\n");
  EXPECT_EQ(back.checkpoint.metadata, options.metadata);
  EXPECT_EQ(back.checkpoint.tags, options.tags);
  EXPECT_EQ(user_tree(disk, kOther), tree);
  EXPECT_EQ(open_at_tree(disk, kOther)->log->head().number, 1U);
  EXPECT_TRUE(verify(*open_at_tree(disk, kOther), {}).ok());
}

TEST_F(Archive, DirectoriesThatOnlyPathsTellOfAreMade) {
  const TreeDescription tree = imported(tar_of({{"./a/b/c", "deep"}, {"a//x/./y", "more"}}));
  EXPECT_EQ(tree.size(), 5U);
  EXPECT_EQ(as_text(tree.at("a/x/y").content), "more");
  EXPECT_EQ(tree.at("a/b").mode & 07777, 0755U);
}

TEST_F(Archive, TheLastOfSeveralCounts) {
  const ImportReport back = import(tar_of({{"a", "first"}, {"b", "", '1', "a"}, {"a", "second"}}));
  ASSERT_EQ(back.warnings.size(), 1U);
  EXPECT_EQ(back.warnings[0].path, "a");
  const TreeDescription tree = checkpointed_tree(*open_at_tree(disk, kOther), 1);
  EXPECT_EQ(as_text(tree.at("a").content), "second");
  EXPECT_EQ(as_text(tree.at("b").content), "first");
  EXPECT_TRUE(verify(*open_at_tree(disk, kOther), {}).ok());
}

TEST_F(Archive, WhatLeadsOutsideIsRefused) {
  EXPECT_NE(refusal(tar_of({{"fine", "x"}, {"/etc/passwd", "x"}})).find("absolute"), std::string::npos);
  EXPECT_NE(refusal(tar_of({{"a/../../x", "x"}})).find("'..'"), std::string::npos);
  EXPECT_NE(refusal(tar_of({{"a", "", '1', "../x"}})).find("'..'"), std::string::npos);
  EXPECT_NE(refusal(tar_of({{"a", "", '1', "/etc/shadow"}})).find("absolute"), std::string::npos);
  EXPECT_NE(refusal(tar_of({{"l", "", '2', "/etc"}, {"l/x", "x"}})).find("not a directory"), std::string::npos);
  EXPECT_NE(refusal(tar_of({{"a", "x"}, {"a/b", "x"}})).find("not a directory"), std::string::npos);
  EXPECT_NE(refusal(tar_of({{"a/b", "x"}, {"a", "x"}})).find("a directory and a file"), std::string::npos);
  EXPECT_NE(refusal(tar_of({{"a", "", '1', "nosuch"}})).find("does not come before"), std::string::npos);
  EXPECT_NE(refusal(tar_of({{"d/", "", '5'}, {"a", "", '1', "d"}})).find("the directory"), std::string::npos);
}

TEST_F(Archive, WhatBelongsToRepositoriesIsLeftOut) {
  const ImportReport back = import(tar_of({{"a", "x"}, {".metamori/packs/x", "x"}, {"d/.metamori", "x"}, {".metamori-stage-1", "x"}}));
  EXPECT_EQ(back.warnings.size(), 3U);
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk, kOther), 1).size(), 1U);
}

TEST_F(Archive, DamageIsToldAndNothingIsPublished) {
  EXPECT_NE(refusal("").find("not a byte"), std::string::npos);
  EXPECT_NE(refusal("no archive at all, but some text").find("damaged, or none that is known"), std::string::npos);
  const std::string whole = tar_of({{"a", std::string(100'000, 'x')}, {"b", "y"}});
  for (const std::size_t cut : {600U, 50'000U, 100'000U})
    EXPECT_NE(refusal(whole.substr(0, cut)).find("damaged"), std::string::npos) << cut;
  std::string spoiled = whole;
  spoiled[100'900] ^= 1;
  EXPECT_NE(refusal(spoiled), "it was taken");
  EXPECT_NE(refusal(tar_of({{"a", "x", '0', "", std::uint64_t{1} << 32}})).find("damaged"), std::string::npos) << "more was told than came";
}

TEST_F(Archive, WhatTheCallersFunctionThrowsIsPassedOn) {
  struct Mine {};
  EXPECT_THROW(read_archive(*open_at_tree(disk, kOther), {}, [](std::byte*, std::size_t) -> std::size_t { throw Mine(); }), Mine);
  disk.write_file(std::string(kTree) + "/a", std::string(100'000, 'a'));
  checkpoint(disk);
  EXPECT_THROW(write_archive(*open_at_tree(disk), {}, [](ByteView) { throw Mine(); }), Mine);
  EXPECT_TRUE(disk.tree(std::string(kOther) + "/.metamori/tmp").empty());
}

TEST(Acl, OtherBytesAreNoList) {
  const Bytes sound = encode_acl({{AclTag::user_obj, 6, 0}, {AclTag::group_obj, 4, 0}, {AclTag::other, 0, 0}});
  EXPECT_TRUE(decode_acl(sound));
  for (std::size_t length = 0; length < sound.size(); ++length) {
    if (length == 4 || length == 12 || length == 20) continue;
    EXPECT_FALSE(decode_acl(ByteView(sound).first(length))) << length;
  }
  Bytes spoiled = sound;
  spoiled[0] = std::byte{3};
  EXPECT_FALSE(decode_acl(spoiled));
  spoiled = sound;
  spoiled[4] = std::byte{3};
  EXPECT_FALSE(decode_acl(spoiled));
}

}  // namespace
}  // namespace metamori::test
