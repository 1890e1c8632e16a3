#pragma once

// How far a long operation is, shown while it runs: a live line on terminals, plain lines or JSON events where asked for, one line at
// SIGUSR1.

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "cmd/session.hpp"
#include "metamori/control.hpp"

namespace metamori::cmd {

std::string_view phase_name(Phase phase) noexcept;

/// How progress is shown.
struct ProgressLook {
  bool exact_bytes = false;
  bool keep_utf8 = true;
  std::size_t columns = 0;  ///< shortened to fit so many; 0: whole
};
/// One line about `progress`, reached in `phase_seconds` since the phase began.
std::string progress_text(const Progress& progress, double phase_seconds, const ProgressLook& look);

/// Shows the progress of one operation from a thread of its own, so that a line comes at SIGUSR1 even while a disk is slow. While it lives,
/// nobody else may write to the session's outputs.
class ProgressReporter final : public ProgressSink {
 public:
  explicit ProgressReporter(Session& session);
  ProgressReporter(const ProgressReporter&) = delete;
  ProgressReporter& operator=(const ProgressReporter&) = delete;
  ~ProgressReporter() override;
  void update(const Progress& progress) override;
  /// What the library needs to know of the common options.
  [[nodiscard]] Control control();

 private:
  enum class Style { silent, line, plain, events };
  using Clock = std::chrono::steady_clock;
  static Style style_for(const Session& session) noexcept;
  void run() noexcept;
  void show_line();
  void show_plain();
  void show_event();
  [[nodiscard]] std::pair<Progress, double> current();
  /// `columns` as in ProgressLook.
  [[nodiscard]] std::string current_text(std::size_t columns);

  Session& session_;
  Style style_;
  int interval_ms_;
  std::mutex mutex_;
  Progress progress_;
  std::atomic<bool> has_progress_ = false;
  Clock::time_point phase_start_ = Clock::now();
  bool is_done_ = false;
  bool line_is_shown_ = false;
  std::thread thread_;
};

/// For commands that write as they read: a line at SIGUSR1 and nothing else. While it lives, nobody else may write to the session's error
/// output.
class StreamStatus {
 public:
  /// `name`: of the command; `unit`: what is counted, empty for bytes.
  StreamStatus(Session& session, std::string name, std::string unit);
  StreamStatus(const StreamStatus&) = delete;
  StreamStatus& operator=(const StreamStatus&) = delete;
  ~StreamStatus();
  void add(std::uint64_t count) noexcept { count_.fetch_add(count, std::memory_order_relaxed); }

 private:
  void run() noexcept;
  void show();

  Session& session_;
  std::string name_;
  std::string unit_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> count_{0};
  std::atomic<bool> is_done_{false};
  std::thread thread_;
};

/// Runs `operation(control)` with signals handled and progress shown; both are over when it returns.
template <class Operation>
auto with_progress(Session& session, Operation operation) {
  ProgressReporter reporter(session);
  return operation(reporter.control());
}

}  // namespace metamori::cmd
