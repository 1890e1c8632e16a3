#include "cmd/progress.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cmd/signals.hpp"

using namespace metamori;
using namespace metamori::cmd;

namespace {

class Reporting : public testing::Test {
 protected:
  /// Runs an operation that reports one step, and goes on until `is_enough` or ten seconds are over.
  template <class Enough>
  int run(Enough is_enough) {
    return with_progress(session_, [&](const Control& control) {
      Progress progress;
      progress.phase = Phase::store;
      progress.files_done = 7;
      progress.path = "a\xFF";
      control.progress->update(progress);
      for (int i = 0; i < 1000 && !is_enough(control); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return 42;
    });
  }

  CommonOptions common_;
  Environment environment_;
  StringOutput out_;
  StringOutput err_;
  Session session_{common_, environment_, out_, err_};
};

TEST_F(Reporting, IsSilentWithoutATerminal) {
  EXPECT_EQ(run([](const Control&) { return true; }), 42);
  EXPECT_EQ(out_.text() + err_.text(), "");
}

TEST_F(Reporting, OptionsReachTheLibrary) {
  common_.jobs = 3;
  common_.lock_timeout_ms = 1500;
  run([](const Control& control) {
    EXPECT_EQ(control.jobs, 3U);
    EXPECT_EQ(control.lock_timeout_ms, 1500);
    EXPECT_NE(control.stop, nullptr);
    return true;
  });
}

TEST_F(Reporting, PlainLinesComeAtTheirPace) {
  common_.progress = ProgressMode::plain;
  common_.progress_every_ms = 100;
  const auto start = std::chrono::steady_clock::now();
  run([&](const Control&) { return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(350); });
  EXPECT_EQ(err_.text().substr(0, err_.text().find('\n')), "metamori: store: 7 files, 0 B  $'a\\377'");
  EXPECT_GE(std::count(err_.text().begin(), err_.text().end(), '\n'), 2);
}

TEST_F(Reporting, EventsAreJsonLines) {
  common_.json_lines = true;
  common_.progress = ProgressMode::plain;
  common_.progress_every_ms = 100;
  const auto start = std::chrono::steady_clock::now();
  run([&](const Control&) { return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(250); });
  std::istringstream lines(out_.text());
  std::string line;
  int count = 0;
  for (; std::getline(lines, line); ++count) {
    const auto event = nlohmann::json::parse(line);
    EXPECT_EQ(event["type"], "progress");
    EXPECT_EQ(event["phase"], "store");
    EXPECT_EQ(event["files_done"], 7);
    EXPECT_EQ(event["path_b64"], "Yf8=");
  }
  EXPECT_GE(count, 1);
  EXPECT_EQ(err_.text(), "");
}

TEST_F(Reporting, TheLiveLineIsErasedAtTheEnd) {
  session_.err_is_terminal = true;
  const auto start = std::chrono::steady_clock::now();
  run([&](const Control&) { return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(350); });
  EXPECT_TRUE(err_.text().starts_with("\r\x1b[Kstore: 7 files"));
  EXPECT_TRUE(err_.text().ends_with("\r\x1b[K"));
  EXPECT_EQ(err_.text().find('\n'), std::string::npos);
}

TEST_F(Reporting, TheStatusSignalAsksForOneLine) {
  bool is_raised = false;
  const auto start = std::chrono::steady_clock::now();
  run([&](const Control&) {
    if (!is_raised) ::raise(SIGUSR1);
    is_raised = true;
    return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(250);
  });
  EXPECT_EQ(err_.text(), "metamori: store: 7 files, 0 B  $'a\\377'\n");
}

TEST_F(Reporting, TheFirstStopSignalRaisesTheFlag) {
  bool was_stopped = false;
  run([&](const Control& control) {
    if (!control.stop->load()) ::raise(SIGTERM);
    was_stopped = control.stop->load();
    return was_stopped;
  });
  EXPECT_TRUE(was_stopped);
  EXPECT_EQ(caught_signal(), SIGTERM);
  EXPECT_EXIT(::raise(SIGTERM), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
