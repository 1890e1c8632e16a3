#include "cmd/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "cmd/json_writer.hpp"
#include "cmd/signals.hpp"
#include "cmd/text.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

constexpr int kLineEvery_ms = 100;
constexpr int kEventEvery_ms = 1000;
constexpr std::string_view kEraseLine = "\r\x1b[K";

std::size_t terminal_columns() noexcept {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

std::string_view phase_name(Phase phase) noexcept {
  switch (phase) {
    case Phase::scan:
      return "scan";
    case Phase::store:
      return "store";
    case Phase::publish:
      return "publish";
    case Phase::plan:
      return "plan";
    case Phase::verify:
      return "verify";
    case Phase::stage:
      return "stage";
    case Phase::apply:
      return "apply";
    case Phase::look:
      return "look";
  }
  return "work";
}

std::string progress_text(const Progress& progress, double phase_seconds, bool exact_bytes, bool keep_utf8) {
  std::string text(phase_name(progress.phase));
  text += fmt::format(": {}", progress.files_done);
  if (progress.files_total > 0) text += fmt::format(" of {}", progress.files_total);
  if (progress.phase == Phase::look) return text + " checkpoints";
  text += " files, " + format_size(progress.bytes_done, exact_bytes);
  if (progress.bytes_total > 0) {
    const double part = static_cast<double>(progress.bytes_done) / static_cast<double>(progress.bytes_total);
    text += fmt::format(" of {} ({:.0f} %)", format_size(progress.bytes_total, exact_bytes), std::min(part, 1.0) * 100);
  }
  if (phase_seconds >= 0.5 && progress.bytes_done > 0) {
    const double rate = static_cast<double>(progress.bytes_done) / phase_seconds;
    text += fmt::format(", {}/s", format_size(static_cast<std::uint64_t>(rate), false));
    if (progress.bytes_total > progress.bytes_done && rate >= 1)
      text += fmt::format(", {} left", format_seconds(static_cast<double>(progress.bytes_total - progress.bytes_done) / rate + 0.5));
  }
  if (!progress.path.empty()) text += "  " + shell_quote(progress.path, keep_utf8);
  return text;
}

ProgressReporter::Style ProgressReporter::style_for(const Session& session) noexcept {
  const CommonOptions& common = session.common;
  if (common.progress == ProgressMode::none) return Style::silent;
  if (common.json_lines) return Style::events;
  if (common.progress == ProgressMode::plain) return Style::plain;
  const bool has_live_line = session.err_is_terminal && !session.environment.is_dumb_terminal && !common.quiet;
  return has_live_line ? Style::line : Style::silent;
}

ProgressReporter::ProgressReporter(Session& session) : session_(session), style_(style_for(session)) {
  const CommonOptions& common = session.common;
  const int plain_ms = static_cast<int>(std::min<std::uint64_t>(common.progress_every_ms, INT_MAX));
  interval_ms_ = style_ == Style::line                                                   ? kLineEvery_ms
                 : style_ == Style::events && common.progress == ProgressMode::automatic ? kEventEvery_ms
                 : style_ == Style::silent                                               ? INT_MAX
                                                                                         : plain_ms;
  // What was said so far comes before progress does.
  session_.err.flush();
  install_signal_handlers();
  thread_ = std::thread([this] { run(); });
}

ProgressReporter::~ProgressReporter() {
  {
    const std::lock_guard lock(mutex_);
    is_done_ = true;
  }
  wake_status_waiter();
  thread_.join();
}

void ProgressReporter::update(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  if (progress.phase != progress_.phase) phase_start_ = Clock::now();
  progress_ = progress;
}

Control ProgressReporter::control() {
  Control control;
  control.progress = this;
  control.stop = &stop_flag();
  control.jobs = session_.common.jobs;
  control.lock_timeout_ms = session_.common.lock_timeout_ms.value_or(0);
  return control;
}

std::pair<Progress, double> ProgressReporter::current() {
  const std::lock_guard lock(mutex_);
  return {progress_, std::chrono::duration<double>(Clock::now() - phase_start_).count()};
}

void ProgressReporter::run() noexcept {
  try {
    while (true) {
      const bool was_asked = wait_for_status_request(interval_ms_);
      {
        const std::lock_guard lock(mutex_);
        if (is_done_) break;
      }
      if (was_asked) {
        show_plain();
      } else if (style_ == Style::line) {
        show_line();
      } else if (style_ == Style::plain) {
        show_plain();
      } else if (style_ == Style::events) {
        show_event();
      }
    }
    if (line_is_shown_) {
      session_.err.write(kEraseLine);
      session_.err.flush();
    }
  } catch (...) {
    // Nobody reads the progress. The report will meet the same failure, and tell.
  }
}

void ProgressReporter::show_line() {
  const auto [progress, seconds] = current();
  const std::string text = progress_text(progress, seconds, session_.common.exact_bytes, session_.environment.is_utf8);
  session_.err.write(kEraseLine);
  session_.err.write(truncate_columns(text, terminal_columns() - 1));
  session_.err.flush();
  line_is_shown_ = true;
}

void ProgressReporter::show_plain() {
  const auto [progress, seconds] = current();
  if (line_is_shown_) session_.err.write(kEraseLine);
  session_.err.print("metamori: {}\n", progress_text(progress, seconds, session_.common.exact_bytes, session_.environment.is_utf8));
  session_.err.flush();
}

void ProgressReporter::show_event() {
  const auto [progress, seconds] = current();
  JsonWriter json(session_.out);
  json.begin_object().field("schema", "metamori/1").field("type", "progress").field("phase", phase_name(progress.phase));
  json.field("files_done", progress.files_done).field("files_total", progress.files_total);
  json.field("bytes_done", progress.bytes_done).field("bytes_total", progress.bytes_total);
  if (!progress.path.empty()) json.path("path", progress.path);
  json.field("phase_seconds", seconds).end_object();
  session_.out.write("\n");
  session_.out.flush();
}

}  // namespace metamori::cmd
