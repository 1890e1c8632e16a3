// P9, P10 where times don't tell: what was captured is looked at once more.

#include <algorithm>
#include <map>

#include "core/looking.hpp"
#include "tests/unit/scan_world.hpp"

namespace metamori::test {
namespace {

constexpr std::uint64_t kTmpfs = 0x01021994, kNfs = 0x6969;
constexpr std::uint64_t kSize = 100 * 4096;

class SecondLook : public ScanWorld {
 protected:
  void SetUp() override {
    ScanWorld::SetUp();
    disk.configure([](SimOptions& options) {
      options.file_system_type = kTmpfs;
      options.granularity_ns = 3'600'000'000'000;  // no change moves a time
    });
  }
  /// A file of kSize bytes with one page of data at each of `pages`.
  void write_pages(const std::string& name, const std::vector<std::uint64_t>& pages) {
    write(name, "");
    const Fd file = open(name);
    for (const std::uint64_t page : pages) put_page(file, page, std::byte{1});
    disk.truncate(file.get(), kSize);
  }
  Fd open(const std::string& name) { return {disk, disk.open_at(AT_FDCWD, (std::string(kTree) + '/' + name).c_str(), O_RDWR, 0)}; }
  void put_page(const Fd& file, std::uint64_t page, std::byte value) {
    const Bytes bytes(4096, value);
    disk.write_at(file.get(), bytes, page * 4096);
  }
  /// A checkpoint during which `change` happens once, when the first data of the file `name` are about to be read.
  CheckpointReport checkpoint_while(const std::string& name, const std::function<void(const Fd&)>& change) {
    FaultSystem watched(disk);
    const Fd file = open(name);
    int reading = -1;
    watched.on_after([&](const CallInfo& info) {
      if (info.call == Call::seek_hole && reading < 0) reading = info.fd;
    });
    bool done = false;
    watched.on_before([&](const CallInfo& info) {
      if (done || info.call != Call::read_at || info.fd != reading) return;
      done = true;
      change(file);
    });
    const auto report = checkpoint(watched);
    EXPECT_TRUE(done);
    return report;
  }
};

TEST_F(SecondLook, DataInAHoleAlreadyPassedIsNotMissed) {
  // One page comes where a hole was seen, another goes before it is seen: no time moves, and as much is allocated as before.
  write_pages("sparse", {10, 50});
  const auto report = checkpoint_while("sparse", [&](const Fd& file) {
    put_page(file, 5, std::byte{7});
    disk.punch_hole(file.get(), 50ULL * 4096, 4096);
  });
  EXPECT_TRUE(checkpointed_tree(*open_at_tree(disk), 1).at("sparse").content == disk.read_file("/tree/sparse"));
  ASSERT_EQ(report.verdicts.size(), 1U);
  EXPECT_EQ(report.verdicts[0].verdict, CaptureVerdict::retried);
}

TEST_F(SecondLook, PageOfZerosInAHoleIsNoChange) {
  write_pages("sparse", {10, 50});
  const auto report = checkpoint_while("sparse", [&](const Fd& file) {
    put_page(file, 5, std::byte{0});
    disk.punch_hole(file.get(), 50ULL * 4096, 4096);
  });
  EXPECT_TRUE(report.verdicts.empty());
}

TEST_F(SecondLook, FileCutInItsLastHoleIsNotCapturedAtItsOldSize) {
  write_pages("sparse", {10});
  FaultSystem watched(disk);
  const Fd file = open("sparse");
  // Between the last look at its times and the second look at its content.
  int looks = 0;
  bool reading = false;
  watched.on_after([&](const CallInfo& info) {
    if (info.call == Call::seek_hole) reading = true;
    if (reading && info.call == Call::stat && ++looks == 1) disk.truncate(file.get(), kSize / 2);
  });
  checkpoint(watched);
  EXPECT_GE(looks, 1);
  EXPECT_EQ(checkpointed_tree(*open_at_tree(disk), 1).at("sparse").content.size(), kSize / 2);
}

TEST_F(SecondLook, WhatIsOnlyComparedIsReadOnce) {
  write("a", std::string(kSize, 'a'));
  checkpoint(disk);
  FaultSystem watched(disk);
  std::map<int, int> reads;  // by descriptor: those of the file are the most
  watched.on_before([&](const CallInfo& info) { reads[info.fd] += info.call == Call::read_at ? 1 : 0; });
  const auto reads_of_the_file = [&] {
    const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
    const int most = std::max_element(reads.begin(), reads.end(), by_count)->second;
    reads.clear();
    return most;
  };
  checkpoint(watched);
  const int reads_of_checkpoint = reads_of_the_file();
  const auto engine = open_at_tree(watched);
  EXPECT_TRUE(status(*engine, {}).diff.changes.empty());
  EXPECT_LT(reads_of_the_file(), reads_of_checkpoint);
}

TEST_F(SecondLook, OnRemoteFileSystemsAChangeWithinASecondIsNotBelieved) {
  // The server's clock may tick once a second though its stamps show nanoseconds.
  disk.configure([](SimOptions& options) {
    options.file_system_type = kNfs;
    options.granularity_ns = 1;
  });
  write("a", "aaaa");
  disk.advance_clock(1'000'000'000);
  checkpoint(disk);
  EXPECT_GT(checkpoint(disk).bytes_read, 0U);
  settle();
  checkpoint(disk);
  EXPECT_EQ(checkpoint(disk).bytes_read, 0U);
}

}  // namespace
}  // namespace metamori::test
