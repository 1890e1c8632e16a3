#include "cmd/render.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "cmd/environment.hpp"
#include "cmd/progress.hpp"
#include "cmd/text.hpp"

using namespace metamori;
using namespace metamori::cmd;

namespace {

class Rendering : public testing::Test {
 protected:
  CommonOptions common_;
  Environment environment_;
  StringOutput out_;
  StringOutput err_;
  Session session_{common_, environment_, out_, err_};
};

TEST_F(Rendering, CheckpointsAreNamedByNumberAndId) {
  CheckpointInfo info;
  info.number = 17;
  info.id.bytes[0] = std::byte{0x3f};
  info.id.bytes[1] = std::byte{0x2a};
  info.line = "main";
  info.tags = {"good one"};
  info.message = "first\nsecond";
  EXPECT_EQ(checkpoint_name(info), "17 3f2a0000");
  EXPECT_EQ(decorations(session_, info, &info), " (HEAD, main, tag: 'good one')");
  EXPECT_EQ(decorations(session_, CheckpointInfo{}, nullptr), "");
  EXPECT_EQ(subject(session_, info), "first");
}

TEST_F(Rendering, ChangesTellTheirSizes) {
  Change change;
  change.path = "a b";
  change.size_before = 1024;
  change.size_after = 2048;
  change.bytes_changed = 1024;
  EXPECT_EQ(change_sizes(session_, change), " 1.0 KiB -> 2.0 KiB, 1.0 KiB changed");
  EXPECT_EQ(change_path(session_, change), "'a b'");
  change.from = "old";
  EXPECT_EQ(change_path(session_, change), "old -> 'a b'");
  change.type = NodeType::directory;
  EXPECT_EQ(change_path(session_, change), "old/ -> 'a b/'");
}

TEST_F(Rendering, StatEndsInASum) {
  DiffReport report;
  EXPECT_EQ(change_counts(report), "nothing changed");
  Change change;
  change.path = "u.bin";
  change.bytes_changed = 4096;
  report.changes = {change};
  report.modified = 1;
  EXPECT_EQ(diff_stat(session_, report), " u.bin | 4.0 KiB ++++++++++++++++++++++++++++++\n 1 modified; 4.0 KiB\n");
}

TEST_F(Rendering, ModesLookAsInLs) {
  EXPECT_EQ(mode_text(NodeType::directory, 0755), "drwxr-xr-x");
  EXPECT_EQ(mode_text(NodeType::file, 04711), "-rws--x--x");
  EXPECT_EQ(mode_text(NodeType::file, 02644), "-rw-r-Sr--");
  EXPECT_EQ(mode_text(NodeType::directory, 01777), "drwxrwxrwt");
  EXPECT_EQ(mode_text(NodeType::block_device, 0600), "brw-------");
  EXPECT_EQ(mode_text(NodeType::symlink, 0777), "lrwxrwxrwx");
}

TEST_F(Rendering, WarningsAreOneSafeLine) {
  session_.warn("bad \x1b[2J name\nwith line");
  err_.flush();
  EXPECT_EQ(err_.text(), "metamori: warning: bad \\x1b[2J name\\nwith line\n");
}

TEST_F(Rendering, QuietAndJsonSilenceNotes) {
  common_.quiet = true;
  session_.note("x");
  common_.quiet = false;
  common_.json = true;
  session_.note("y");
  err_.flush();
  EXPECT_EQ(err_.text(), "");
}

TEST_F(Rendering, StatFitsATerminal) {
  DiffReport report;
  for (const std::size_t length : {3U, 30U, 200U}) {
    Change change;
    change.path = std::string(length, 'd') + "/end";
    change.size_after = change.bytes_changed = length * 1000;
    report.changes.push_back(change);
  }
  for (std::size_t columns = 40; columns < 300; columns += 20) {
    session_.out_columns = columns;
    std::istringstream lines(diff_stat(session_, report));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LT(text_columns(line), columns);
      if (line.find('|') != std::string::npos) {
        EXPECT_NE(line.find("/end "), std::string::npos) << line;
        EXPECT_TRUE(line.ends_with("+")) << line;
      }
    }
  }
  session_.out_columns = 0;
  EXPECT_NE(diff_stat(session_, report).find(report.changes.back().path), std::string::npos);
}

TEST(ProgressText, TellsRateAndTimeLeft) {
  Progress progress;
  progress.phase = Phase::store;
  progress.files_done = 3;
  progress.bytes_done = 512 << 20;
  progress.bytes_total = 1024 << 20;
  progress.path = "a\nb";
  EXPECT_EQ(progress_text(progress, 2, {}), "store: 3 files, 512 MiB of 1.0 GiB (50 %), 256 MiB/s, 2.00 s left  $'a\\nb'");
  EXPECT_EQ(progress_text(Progress{}, 0, {}), "scan: 0 files, 0 B");
  progress = {};
  progress.phase = Phase::look;
  progress.files_done = 25;
  progress.files_total = 100;
  EXPECT_EQ(progress_text(progress, 3, {}), "look: 25 of 100 checkpoints, 9.00 s left");
  progress.phase = Phase::wait;
  progress.waits_for = "the lock 'tree', held by process 7";
  EXPECT_EQ(progress_text(progress, 3, {}), "wait: 3.00 s for the lock 'tree', held by process 7");
}

TEST(ProgressText, FitsTheWidth) {
  Progress progress;
  progress.files_done = 12;
  progress.path = "runs/2026/a-long-name-of-a-directory/\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E/output.h5";
  EXPECT_EQ(progress_text(progress, 0, {.columns = 200}), "scan: 12 files, 0 B  " + progress.path);
  EXPECT_EQ(progress_text(progress, 0, {.columns = 45}),
            "scan: 12 files, 0 B  \xE2\x80\xA6"
            "ectory/\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E/output.h5");
  EXPECT_EQ(progress_text(progress, 0, {.columns = 30}), "scan: 12 files, 0 B");
  EXPECT_EQ(progress_text(progress, 0, {.columns = 10}), "scan: 12 f");
  progress.path = "a";
  EXPECT_EQ(progress_text(progress, 0, {.columns = 30}), "scan: 12 files, 0 B  a");
  for (std::size_t columns = 1; columns < 120; ++columns)
    EXPECT_LE(text_columns(progress_text(progress, 1, {.keep_utf8 = columns % 2 == 0, .columns = columns})), columns);
}

TEST(Author, IsTakenFromTheEnvironment) {
  Environment environment;
  environment.author = "Ada L <ada@example.org>";
  EXPECT_EQ(author_of(environment).name, "Ada L");
  EXPECT_EQ(author_of(environment).email, "ada@example.org");
  environment.author = "just a name";
  EXPECT_THROW(author_of(environment), Error);
  environment.author.reset();
  EXPECT_NE(author_of(environment).email.find('@'), std::string::npos);
}

}  // namespace
