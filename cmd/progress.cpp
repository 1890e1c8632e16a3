#include "cmd/progress.hpp"

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
constexpr double kJudgedFrom_s = 0.5;  ///< before, a rate says nothing
constexpr std::string_view kEraseLine = "\r\x1b[K";

double part_of(std::uint64_t done, std::uint64_t total) noexcept {
  return std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

/// `, 2.5 s left`, judged by the time that the part done has taken; nothing where it is too early to tell.
std::string time_left(const Progress& progress, double phase_seconds) {
  const bool by_bytes = progress.bytes_total > 0;
  const std::uint64_t done = by_bytes ? progress.bytes_done : progress.files_done;
  const std::uint64_t total = by_bytes ? progress.bytes_total : progress.files_total;
  if (phase_seconds < kJudgedFrom_s || done == 0 || done >= total) return {};
  const double part = part_of(done, total);
  return ", " + format_seconds(phase_seconds * (1 - part) / part) + " left";
}

std::string counts_text(const Progress& progress, double phase_seconds, bool exact_bytes) {
  std::string text(phase_name(progress.phase));
  text += fmt::format(": {}", progress.files_done);
  if (progress.files_total > 0) text += fmt::format(" of {}", progress.files_total);
  if (progress.phase == Phase::look) return text + " checkpoints" + time_left(progress, phase_seconds);
  text += " files, " + format_size(progress.bytes_done, exact_bytes);
  if (progress.bytes_total > 0)
    text += fmt::format(" of {} ({:.0f} %)", format_size(progress.bytes_total, exact_bytes),
                        part_of(progress.bytes_done, progress.bytes_total) * 100);
  if (phase_seconds >= kJudgedFrom_s && progress.bytes_done > 0)
    text += fmt::format(", {}/s", format_size(static_cast<std::uint64_t>(static_cast<double>(progress.bytes_done) / phase_seconds), false));
  return text + time_left(progress, phase_seconds);
}

/// What fits of a path behind `used` columns, two spaces before it. The end of it tells most.
std::string shortened_path(const std::string& path, std::size_t used, const ProgressLook& look) {
  constexpr std::size_t kLeast = 12;  // of less nobody would make sense
  if (path.empty() || used + 2 + std::min(kLeast, text_columns(path)) > look.columns) return {};
  return "  " + ending_of(path, look.columns - used - 2, look.keep_utf8);
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
    case Phase::wait:
      return "wait";
  }
  return "work";
}

std::string progress_text(const Progress& progress, double phase_seconds, const ProgressLook& look) {
  const std::string text = progress.phase == Phase::wait
                               ? "wait: " + format_seconds(phase_seconds) + " for " + printable(progress.waits_for, look.keep_utf8, false)
                               : counts_text(progress, phase_seconds, look.exact_bytes);
  const std::string path = progress.path.empty() ? progress.path : shell_quote(progress.path, look.keep_utf8);
  if (look.columns == 0) return path.empty() ? text : text + "  " + path;
  return std::string(truncate_columns(text, look.columns)) + shortened_path(path, text_columns(text), look);
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
  install_status_handler();
  install_stop_handlers();
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
  has_progress_ = true;
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

std::string ProgressReporter::current_text(std::size_t columns) {
  const auto [progress, seconds] = current();
  const ProgressLook look{session_.common.exact_bytes, session_.environment.is_utf8, columns};
  return has_progress_ ? progress_text(progress, seconds, look) : "working for " + format_seconds(seconds);
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
  if (!has_progress_) return;
  session_.err.write(kEraseLine);
  session_.err.write(current_text(terminal_columns(STDERR_FILENO) - 1));
  session_.err.flush();
  line_is_shown_ = true;
}

void ProgressReporter::show_plain() {
  if (line_is_shown_) session_.err.write(kEraseLine);
  session_.err.print("metamori: {}\n", current_text(0));
  session_.err.flush();
}

void ProgressReporter::show_event() {
  if (!has_progress_) return;
  const auto [progress, seconds] = current();
  JsonWriter json(session_.out);
  json.begin_object().field("schema", "metamori/1").field("type", "progress").field("phase", phase_name(progress.phase));
  json.field("files_done", progress.files_done).field("files_total", progress.files_total);
  json.field("bytes_done", progress.bytes_done).field("bytes_total", progress.bytes_total);
  if (!progress.path.empty()) json.path("path", progress.path);
  if (!progress.waits_for.empty()) json.field("waits_for", std::string_view(progress.waits_for));
  json.field("phase_seconds", seconds).end_object();
  session_.out.write("\n");
  session_.out.flush();
}

StreamStatus::StreamStatus(Session& session, std::string name, std::string unit)
    : session_(session), name_(std::move(name)), unit_(std::move(unit)) {
  session_.err.flush();
  install_status_handler();
  thread_ = std::thread([this] { run(); });
}

StreamStatus::~StreamStatus() {
  is_done_ = true;
  wake_status_waiter();
  thread_.join();
}

void StreamStatus::run() noexcept {
  try {
    while (!is_done_)
      if (wait_for_status_request(INT_MAX)) show();
  } catch (...) {
    // Nobody reads it.
  }
}

void StreamStatus::show() {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const std::uint64_t count = count_;
  const std::string counted = unit_.empty() ? format_size(count, session_.common.exact_bytes) : fmt::format("{} {}", count, unit_);
  session_.err.print("metamori: {}: {}, {}\n", name_, counted, format_seconds(seconds));
  session_.err.flush();
}

}  // namespace metamori::cmd
