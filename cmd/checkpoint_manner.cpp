#include "cmd/checkpoint_manner.hpp"

#include <algorithm>
#include <ctime>

#include "cmd/dates.hpp"
#include "cmd/metadata.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {

void describe_reading(Options& options, CheckpointManner& manner) {
  CheckpointOptions& checkpoint = manner.checkpoint;
  options.choice<CheckMode>(
      "--check", checkpoint.check, {{"auto", CheckMode::automatic}, {"mtime", CheckMode::mtime}, {"content", CheckMode::content}},
      "How changes are told: by device, inode, size, mtime and ctime; without inode and ctime; by reading everything");
  options.duration("--timeout", manner.time_limit_ms, "Give up after so long, publishing nothing; what was stored serves the next run");
  options.size("--rate-limit", manner.rate_limit_bytes, "Read at most so many bytes of the tree a second");
  options.flag("--nice", manner.is_nice, "Leave processor and disk to whoever else wants them");
  options.flag("--one-file-system", checkpoint.one_file_system, "Don't enter other file systems");
}

void describe_checkpoint_manner(Options& options, CheckpointManner& manner) {
  CheckpointOptions& checkpoint = manner.checkpoint;
  checkpoint.look_for_writers = true;
  options.text("-m,--message", "MSG", checkpoint.message, "What to remember it by");
  options.texts("--meta", "K=V", manner.metadata, "Note a key and a value; may be repeated");
  options.number("--retries", "N", checkpoint.retries, "Further tries for a file that changes while it is read (default: 3)");
  options.choice<OnTorn>("--on-torn", checkpoint.on_torn,
                         {{"mark", OnTorn::mark}, {"keep-previous", OnTorn::keep_previous}, {"fail", OnTorn::fail}},
                         "What to do with a file that keeps changing while it is read (default: mark)");
  describe_reading(options, manner);
}

void complete_checkpoint_manner(const Session& session, CheckpointManner& manner) {
  CheckpointOptions& checkpoint = manner.checkpoint;
  checkpoint.metadata = parse_metadata(manner.metadata);
  for (const auto& [key, value] : session.environment.job) {
    const auto is_given = [&given = key](const auto& pair) { return pair.first == given; };
    if (std::none_of(checkpoint.metadata.begin(), checkpoint.metadata.end(), is_given)) checkpoint.metadata.emplace_back(key, value);
  }
  checkpoint.author = author_of(session.environment);
  checkpoint.utc_offset_minutes = utc_offset_minutes(::time(nullptr));
}

void limit_checkpoint(const CheckpointManner& manner, Control& control) {
  control.time_limit_ms = manner.time_limit_ms;
  control.rate_limit_bytes = manner.rate_limit_bytes.value_or(0);
}

std::string checkpoint_summary(const Session& session, const CheckpointReport& report, bool dry_run) {
  const CheckpointInfo& info = report.checkpoint;
  if (report.was_running) return "another checkpoint is being made: nothing done";
  std::string changes = format_count(report.files_changed, "file", "files") + " changed";
  if (report.files_removed > 0) changes += fmt::format(", {} removed", report.files_removed);
  const std::string paused = report.paused_seconds > 0 ? ", paused " + format_seconds(report.paused_seconds) : "";
  const std::string seconds = format_seconds(report.seconds) + paused;
  if (dry_run) return fmt::format("dry run: {}, {} read, {}", changes, session.size(report.bytes_read), seconds);
  const std::string name = checkpoint_name(info) + (info.line.empty() ? "" : " (" + session.quote(info.line) + ")");
  if (!report.created) return fmt::format("nothing changed since checkpoint {}, {}", name, seconds);
  return fmt::format("checkpoint {}: {}, {} new of {}, {}", name, changes, session.size(report.bytes_added), session.size(info.bytes_total),
                     seconds);
}

void print_verdicts(Session& session, const CheckpointReport& report) {
  for (const CapturedPath& captured : report.verdicts) {
    const bool is_loss = captured.verdict == CaptureVerdict::torn || captured.verdict == CaptureVerdict::kept ||
                         captured.verdict == CaptureVerdict::unreadable;
    const bool is_only_live = captured.verdict == CaptureVerdict::clean;
    std::string text = fmt::format("{}: {}", is_only_live ? "live" : verdict_name(captured.verdict), session.quote(captured.path));
    if (captured.live == Liveness::yes && !is_only_live) text += " (being written)";
    if (!captured.reason.empty()) text += ": " + captured.reason;
    if (is_loss) {
      session.warn(text);
    } else if (session.common.verbose) {
      session.note(text);
    }
  }
}

}  // namespace metamori::cmd
