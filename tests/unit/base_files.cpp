#include "base/files.hpp"

#include <dirent.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "base/bytes.hpp"
#include "tests/support/fault_system.hpp"
#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/support/sim_system.hpp"

namespace metamori {
namespace {

using test::Call;
using test::FaultAction;
using test::FaultSystem;
using test::SimSystem;

template <class Call>
ErrorKind kind_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing thrown";
  return ErrorKind::usage;
}

TEST(Quoted, PlainPathsAreReadable) {
  EXPECT_EQ(quoted("a/b c"), "'a/b c'");
  EXPECT_EQ(quoted(""), "''");
  EXPECT_EQ(quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(quoted("back\\slash"), "'back\\slash'");
  EXPECT_EQ(quoted("gr\xc3\xbc\xc3\x9f"
                   "e \xf0\x9f\x8c\xb3"),
            "'gr\xc3\xbc\xc3\x9f"
            "e \xf0\x9f\x8c\xb3'");
}

TEST(Quoted, WhatCouldForgeAMessageIsEscaped) {
  EXPECT_EQ(quoted("a\nb"), "$'a\\nb'");
  EXPECT_EQ(quoted("\x1b[31m"), "$'\\e[31m'");
  EXPECT_EQ(quoted(std::string_view("\0"
                                    "1",
                                    2)),
            "$'\\0001'");
  EXPECT_EQ(quoted("\x7f"), "$'\\177'");
  EXPECT_EQ(quoted("\xe2\x80\xae"
                   "txt"),
            "$'\\342\\200\\256txt'");              // right-to-left override
  EXPECT_EQ(quoted("\xc2\x85"), "$'\\302\\205'");  // a C1 control
  EXPECT_EQ(quoted("it's\n\\"), "$'it\\'s\\n\\\\'");
}

TEST(Quoted, InvalidUtf8IsEscaped) {
  EXPECT_EQ(quoted("\xff"), "$'\\377'");
  EXPECT_EQ(quoted("\xc0\xaf"), "$'\\300\\257'");           // too long a spelling
  EXPECT_EQ(quoted("\xed\xa0\x80"), "$'\\355\\240\\200'");  // a surrogate
  EXPECT_EQ(quoted("\xf4\x90\x80\x80"), "$'\\364\\220\\200\\200'");
  EXPECT_EQ(quoted("a\xc3"), "$'a\\303'");  // cut off
}

RC_GTEST_PROP(Quoted, TextIsPrintableWhateverThePath, (const std::string& path)) {
  for (const char c : metamori::quoted(path)) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

TEST(ThrowIo, SaysWhatWasDoneToWhichPathAndWhy) {
  try {
    throw_io(EACCES, "open", "a\nb");
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "open $'a\\nb': Permission denied");
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_EQ(error.path(), "a\nb");
  }
  EXPECT_EQ(kind_of([] { throw_io(ENOSPC, "write", "x"); }), ErrorKind::no_space);
  EXPECT_EQ(kind_of([] { throw_io(EDQUOT, "write", "x"); }), ErrorKind::no_space);
}

TEST(Fd, ClosesItselfAndMoves) {
  SimSystem disk;
  disk.write_file("/file", "x");
  {
    Fd one = open_file(disk, AT_FDCWD, "/file", O_RDONLY, 0, "/file");
    Fd two = std::move(one);
    EXPECT_FALSE(one.is_open());
    EXPECT_TRUE(two.is_open());
    one = std::move(two);
    EXPECT_EQ(disk.open_count(), 1U);
  }
  EXPECT_EQ(disk.open_count(), 0U);
}

TEST(Fd, AnInterruptedCloseHasClosed) {
  SimSystem disk;
  disk.write_file("/file", "x");
  FaultSystem system(disk);
  system.set_fault({.matches = FaultSystem::only(Call::close), .error = EINTR});
  Fd file = open_file(system, AT_FDCWD, "/file", O_WRONLY, 0, "/file");
  file.close("/file");
  EXPECT_EQ(system.count(Call::close), 1U);
  EXPECT_EQ(disk.open_count(), 0U);
}

TEST(Fd, AFailingCloseIsReported) {
  SimSystem disk;
  disk.write_file("/file", "x");
  FaultSystem system(disk);
  system.set_fault({.matches = FaultSystem::only(Call::close), .error = EDQUOT});
  Fd file = open_file(system, AT_FDCWD, "/file", O_WRONLY, 0, "/file");
  EXPECT_EQ(kind_of([&] { file.close("/file"); }), ErrorKind::no_space);
  EXPECT_FALSE(file.is_open());
}

TEST(Files, WhatIsMissingIsNotAnErrorToFind) {
  SimSystem disk;
  disk.write_file("/file", "x");
  EXPECT_FALSE(find_file(disk, AT_FDCWD, "/none", O_RDONLY, "/none"));
  EXPECT_FALSE(find_file(disk, AT_FDCWD, "/file/none", O_RDONLY, "/file/none"));
  EXPECT_TRUE(find_file(disk, AT_FDCWD, "/file", O_RDONLY, "/file"));
  EXPECT_FALSE(find_stat(disk, AT_FDCWD, "/none", "/none"));
  EXPECT_EQ(find_stat(disk, AT_FDCWD, "/file", "/file")->size_bytes, 1U);
  EXPECT_EQ(kind_of([&] { open_file(disk, AT_FDCWD, "/none", O_RDONLY, 0, "/none"); }), ErrorKind::io);
  EXPECT_EQ(kind_of([&] { open_directory(disk, AT_FDCWD, "/file", "/file"); }), ErrorKind::io);
}

TEST(Files, AllIsWrittenAndReadWhateverOneCallDoes) {
  SimSystem disk;
  FaultSystem system(disk);
  system.set_fault({.for_ever = true, .action = FaultAction::short_count});
  const Bytes bytes = to_bytes(std::string(5000, 'a') + "end");
  const Fd file = open_file(system, AT_FDCWD, "/file", O_RDWR | O_CREAT, 0600, "/file");
  write_all(system, file.get(), bytes, 10, "/file");
  Bytes back(bytes.size() + 100);
  EXPECT_EQ(read_up_to(system, file.get(), back, 10, "/file"), bytes.size());
  back.resize(bytes.size());
  EXPECT_EQ(back, bytes);
  EXPECT_EQ(read_up_to(system, file.get(), back, 1 << 20, "/file"), 0U);
}

TEST(Files, ADeviceThatTakesNothingIsAnError) {
  SimSystem disk;
  FaultSystem system(disk);
  system.set_fault({.matches = FaultSystem::only(Call::write_at), .for_ever = true, .action = FaultAction::skip});
  const Fd file = open_file(system, AT_FDCWD, "/file", O_RDWR | O_CREAT, 0600, "/file");
  EXPECT_EQ(kind_of([&] { write_all(system, file.get(), Bytes(1), 0, "/file"); }), ErrorKind::io);
}

TEST(Files, AWholeFileIsReadUpToItsLimit) {
  SimSystem disk;
  disk.write_file("/file", "12345");
  disk.write_file("/empty", "");
  const Fd file = open_file(disk, AT_FDCWD, "/file", O_RDONLY, 0, "/file");
  const Fd empty = open_file(disk, AT_FDCWD, "/empty", O_RDONLY, 0, "/empty");
  EXPECT_EQ(as_text(read_whole(disk, file.get(), 5, "/file")), "12345");
  EXPECT_EQ(kind_of([&] { read_whole(disk, file.get(), 4, "/file"); }), ErrorKind::corrupt);
  EXPECT_TRUE(read_whole(disk, empty.get(), 0, "/empty").empty());
}

TEST(Files, AFileThatGrowsWhileReadIsReadToItsEnd) {
  SimSystem disk;
  disk.write_file("/file", "12345");
  FaultSystem system(disk);
  const Fd file = open_file(system, AT_FDCWD, "/file", O_RDONLY, 0, "/file");
  system.on_after([&](const test::CallInfo& info) {
    if (info.call == Call::stat) disk.write_file("/file", std::string(100, 'x'));
  });
  EXPECT_EQ(read_whole(system, file.get(), 1000, "/file").size(), 100U);
  EXPECT_EQ(kind_of([&] { read_whole(system, file.get(), 99, "/file"); }), ErrorKind::corrupt);
}

TEST(Files, DirectoriesAreListedFromTheStartEachTime) {
  SimSystem disk;
  std::set<std::string> wanted;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "name-" + std::to_string(i);
    disk.write_file("/d/" + name, "");
    wanted.insert(name);
  }
  disk.make_directories("/d/sub");
  wanted.insert("sub");
  const Fd dir = open_directory(disk, AT_FDCWD, "/d", "/d");
  for (int round = 0; round < 2; ++round) {
    std::set<std::string> names;
    for (const DirectoryName& one : list_directory(disk, dir.get(), "/d")) {
      EXPECT_EQ(one.type, one.name == "sub" ? DT_DIR : DT_REG);
      names.insert(one.name);
    }
    EXPECT_EQ(names, wanted);
  }
}

TEST(Files, UniqueNamesDiffer) {
  SimSystem disk;
  const std::string one = unique_name(disk, "prefix-");
  EXPECT_EQ(one.size(), 7U + 32U);
  EXPECT_TRUE(one.starts_with("prefix-"));
  EXPECT_NE(one, unique_name(disk, "prefix-"));
}

TEST(Mapping, OfAnEmptyFileIsEmpty) {
  SimSystem disk;
  disk.write_file("/file", "");
  const Fd file = open_file(disk, AT_FDCWD, "/file", O_RDONLY, 0, "/file");
  EXPECT_TRUE(Mapping(disk, file.get(), 0, "/file").bytes().empty());
}

TEST(Mapping, MovesItsBytes) {
  SimSystem disk;
  disk.write_file("/file", "content");
  const Fd file = open_file(disk, AT_FDCWD, "/file", O_RDONLY, 0, "/file");
  {
    Mapping one(disk, file.get(), 7, "/file");
    Mapping two(std::move(one));
    EXPECT_TRUE(one.bytes().empty());
    one = std::move(two);
    EXPECT_EQ(as_text(one.bytes()), "content");
  }
  EXPECT_EQ(disk.mapping_count(), 0U);
}

}  // namespace
}  // namespace metamori
