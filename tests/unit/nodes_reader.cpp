#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/files.hpp"
#include "objects/record.hpp"
#include "support/encoding_base.hpp"
#include "support/node_models.hpp"
#include "support/temp_dir.hpp"

namespace metamori::test {
namespace {

// The independent reader (tests/reader) against a repository made here with every form of frame: what it restores must be what was put in.

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Bytes random_bytes(Random& random, std::size_t size) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

class IndependentReader : public ::testing::Test {
 protected:
  IndependentReader() {
    for (const char* name : {"packs", "checkpoints", "tmp", "cache", "trash", "refs", "locks", "restore"})
      fs::create_directories(repository / name);
    ByteWriter format;
    format.raw(as_bytes("metamori-repository 1\nid 00112233445566778899aabbccddeeff\n"));
    const std::string sum = "sha256 " + to_hex(sha256(format.view())) + "\n";
    format.raw(as_bytes(sum));
    write(repository / "format", format.view());
    const auto open = [&](Fd& fd, const char* name) { fd = open_directory(system, AT_FDCWD, (repository / name).c_str(), name); };
    open(dirs.top, "");
    open(dirs.packs, "packs");
    open(dirs.checkpoints, "checkpoints");
    open(dirs.tmp, "tmp");
    open(dirs.cache, "cache");
    open(dirs.trash, "trash");
  }
  static void write(const fs::path& path, ByteView bytes) {
    std::ofstream file(path, std::ios::binary);
    file << as_text(bytes);
  }
  /// Output and exit code of the reader.
  int run(const std::string& arguments, std::string* output = nullptr) {
    const std::string log = directory / "log";
    const std::string command =
        std::string("PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 " METAMORI_READER " ") + arguments + " > '" + log + "' 2>&1";
    const int status = std::system(command.c_str());
    if (output != nullptr) *output = read_text(log);
    if (status != 0) std::fputs(read_text(log).c_str(), stderr);
    return WEXITSTATUS(status);
  }
  static bool is_missing() { return std::system("/usr/bin/python3 -c 'import zstandard, xxhash' > /dev/null 2>&1") != 0; }

  Entry entry(std::string name, EntryType type = EntryType::file) {
    Entry result;
    result.name = std::move(name);
    result.type = type;
    result.mode = type == EntryType::directory ? 0755 : 0640;
    result.owner = {::geteuid(), ::getegid(), "somebody", ""};
    result.mtime = {1'600'000'000, 123'456'789};
    return result;
  }
  Entry file(std::string name, ByteView content, ChunkSink& sink) {
    Entry result = entry(std::move(name));
    result.content = put_bytes(sink, content, Kind::data);
    expected[result.name] = std::string(as_text(content));
    return result;
  }
  Entry folder(std::string name, const std::vector<Entry>& entries, ChunkSink& sink) {
    Entry result = entry(std::move(name), EntryType::directory);
    DirectoryBuilder builder(sink);
    for (const Entry& each : entries) builder.add(each);
    const auto built = builder.finish();
    result.content = built.listing;
    result.entries_below = built.entries_below;
    result.files_below = built.files_below;
    result.bytes_below = built.bytes_below;
    return result;
  }
  /// A pack whose frames rest on each other: plain, delta on it, patch on that, patch on the end of one and the start of the other.
  std::vector<Entry> chain(Random& random);
  void publish(const ChunkId& root, std::uint64_t number);

  TempDir directory;
  fs::path repository = fs::path(directory.path()) / ".metamori";
  System& system = real_system();
  RepositoryDirs dirs;
  std::map<std::string, std::string> expected;  ///< contents of the files at the top
};

std::vector<Entry> IndependentReader::chain(Random& random) {
  PackWriter pack(system, dirs.tmp.get(), dirs.packs.get());
  FrameEncoder encoder;
  Bytes raw = random_bytes(random, 60000);
  ChunkId id = sha256(raw);
  std::vector<Entry> entries;
  Bytes both;
  EncodingBase both_of;
  for (std::uint16_t step = 0; step <= 3; ++step) {
    ByteWriter frame;
    const std::uint16_t depth = step == 3 ? 5 : step;  // 1 + the depth of each base
    if (step == 3) {
      both_of.bytes = ByteView(both).subspan(both_of.list.skip = 20000);
      both_of.depth = depth;
      raw.assign(both_of.bytes.begin(), both_of.bytes.end() - 10000);
      raw[50000] ^= std::byte{0xFF};
      id = sha256(raw);
      EXPECT_TRUE(encoder.patch(id, Kind::data, raw, both_of, frame));
    } else if (step == 0) {
      encoder.plain(id, Kind::data, raw, frame);
    } else {
      const Bytes base = raw;
      for (const std::size_t at : {0U, 30000U, 59000U}) raw[at + step] ^= std::byte{0xFF};
      id = sha256(raw);
      const bool made = step == 1 ? encoder.delta(id, Kind::data, raw, on_base(base, 1), frame)
                                  : encoder.patch(id, Kind::data, raw, on_base(base, 2), frame);
      EXPECT_TRUE(made);
    }
    pack.append(frame.view(), {{id, 0, static_cast<std::uint32_t>(raw.size()), 0, static_cast<std::uint8_t>(depth), Kind::data}});
    Entry made = entry("chain" + std::to_string(step));
    made.content = {0, raw.size(), id};
    expected[made.name] = std::string(as_text(raw));
    entries.push_back(std::move(made));
    if (step > 0) {
      both.insert(both.end(), raw.begin(), raw.end());
      both_of.list.ids.push_back(id);
    }
  }
  pack.publish();
  return entries;
}

void IndependentReader::publish(const ChunkId& root, std::uint64_t number) {
  CheckpointRecord content;
  content.root = root;
  Record record;
  record.number = number;
  record.blob = encode_checkpoint_record(content);
  record.tree = encode_record_tree(git_object_id("blob", record.blob));
  Commit commit;
  commit.tree = git_object_id("tree", record.tree);
  commit.author = commit.committer = {"A", "a@b", 1'600'000'000, 0};
  commit.message = "test\n";
  record.commit = encode_commit(commit);
  record.line = "main";
  record.head_after = {number, record.id()};
  write(repository / "checkpoints" / std::to_string(number), encode_record(record));
}

TEST_F(IndependentReader, RestoresWhatWasPutInWhateverItsForm) {
  if (is_missing()) GTEST_SKIP() << "python3-zstandard or python3-xxhash is not installed";
  Random random(7);
  std::vector<Entry> top = chain(random);
  ChunkStore store(system, dirs);
  ChunkSession session(store);
  Bytes floats(200'000);
  for (std::size_t i = 0; i < floats.size(); i += 8) {
    const double value = 100 + static_cast<double>(i) * 1e-3;
    std::memcpy(floats.data() + i, &value, 8);
  }
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "step " + std::to_string(i * 7919 % 10007) + " done\n";
  top.push_back(file("floats", floats, session));
  top.push_back(file("random", random_bytes(random, 500'000), session));
  top.push_back(file("text", as_bytes(text), session));
  top.push_back(file("empty", {}, session));
  const Bytes half = random_bytes(random, 5000);
  Entry sparse = entry("sparse");
  sparse.content = build_stream(session, {{ChunkId{}, 1 << 20}, {session.put(half, Kind::data), 5000}, {ChunkId{}, 1 << 21}});
  expected["sparse"] = std::string(1 << 20, '\0') + std::string(as_text(half)) + std::string(1 << 21, '\0');
  set_attributes(sparse, {{"user.small", Bytes(10, std::byte{'x'})}, {"user.large", Bytes(3000, std::byte{'y'})}}, session);
  top.push_back(sparse);
  Entry linked = top[0];
  linked.name = "linked";
  expected["linked"] = expected["chain0"];
  top.push_back(linked);
  Entry link = entry("symlink", EntryType::symlink);
  link.target = "no/where";
  top.push_back(link);
  top.push_back(entry("fifo", EntryType::fifo));
  std::vector<Entry> many;
  for (int i = 0; i < 3000; ++i) many.push_back(file("many" + std::to_string(10000 + i), as_bytes(std::to_string(i)), session));
  for (const Entry& each : many) expected.erase(each.name);
  top.push_back(folder("deep", {folder("many", many, session)}, session));
  std::sort(top.begin(), top.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  Entry root = folder("", top, session);
  const ChunkId root_id = put_root(session, root, {{"chain0", "linked"}}).id;
  session.flush();
  publish(root_id, 1);

  std::map<std::string, int> forms;
  for (const PackName& name : list_packs(system, dirs.packs.get())) {
    PackReader::open(system, dirs.packs.get(), name)->for_each_frame([&](std::uint64_t, ByteView frame) {
      const FrameHeader header = decode_frame_header(frame, "test");
      ++forms["form " + std::to_string(static_cast<int>(header.form))];
      ++forms["codec " + std::to_string(static_cast<int>(header.codec))];
      ++forms[header.filter_width != 0 ? "filter" : "no filter"];
    });
  }
  EXPECT_EQ(forms.size(), 8U) << "not every form, codec and filter was there to be read";

  const std::string where = directory.str();
  const std::string out = directory / "out";
  std::string output;
  ASSERT_EQ(run("verify " + where, &output), 0);
  ASSERT_EQ(run("list " + where + " HEAD", &output), 0);
  EXPECT_NE(output.find("file\t3150728\tsparse\n"), std::string::npos);
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), static_cast<std::ptrdiff_t>(1 + root.entries_below));
  const int restored = run("restore " + where + " 1 " + out, &output);
  ASSERT_TRUE(restored == 0 || (restored == 3 && output.find("user.") != std::string::npos)) << output;
  for (const auto& [name, content] : expected) EXPECT_TRUE(read_text(fs::path(out) / name) == content) << name;
  EXPECT_EQ(read_text(fs::path(out) / "deep/many/many12999"), "2999");
  EXPECT_EQ(fs::read_symlink(fs::path(out) / "symlink"), "no/where");
  EXPECT_TRUE(fs::is_fifo(fs::path(out) / "fifo"));
  struct stat status {};
  ASSERT_EQ(::stat((fs::path(out) / "linked").c_str(), &status), 0);
  EXPECT_EQ(status.st_nlink, 2U);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'600'000'000);
  EXPECT_EQ(status.st_mtim.tv_nsec, 123'456'789);
  ASSERT_EQ(::stat((fs::path(out) / "sparse").c_str(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, status.st_size);
  if (restored == 0) {
    char value[4096];
    EXPECT_EQ(::getxattr((fs::path(out) / "sparse").c_str(), "user.large", value, sizeof value), 3000);
  }
  ASSERT_EQ(::stat((fs::path(out) / "deep").c_str(), &status), 0);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'600'000'000);
}

TEST_F(IndependentReader, ReportsEachFlippedByteOfPacksAndRecords) {
  if (is_missing()) GTEST_SKIP() << "python3-zstandard or python3-xxhash is not installed";
  Random random(9);
  ChunkStore store(system, dirs);
  ChunkSession session(store);
  const Entry root = folder("", {file("a", random_bytes(random, 3000), session), file("b", as_bytes("text"), session)}, session);
  const ChunkId root_id = put_root(session, root, {}).id;
  session.flush();
  publish(root_id, 1);
  ASSERT_EQ(run("verify " + directory.str()), 0);
  std::vector<fs::path> files{repository / "format", repository / "checkpoints/1"};
  for (const auto& pack : fs::directory_iterator(repository / "packs")) files.push_back(pack.path());
  ASSERT_EQ(files.size(), 3U);
  for (const fs::path& path : files) {
    const std::string good = read_text(path);
    for (int i = 0; i < 4; ++i) {
      std::string bad = good;
      const std::size_t at = random() % bad.size();
      bad[at] = static_cast<char>(bad[at] ^ (1 << random() % 8));
      write(path, as_bytes(bad));
      std::string ignored;
      EXPECT_EQ(run("verify " + directory.str(), &ignored), 1) << path << " at " << at;
    }
    write(path, as_bytes(good));
  }
}

}  // namespace
}  // namespace metamori::test
