#include "cmd/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "cmd/text.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

/// Widths of a line of --stat.
struct StatColumns {
  std::size_t path;
  std::size_t bar;
};

/// On a terminal a line fits, and long paths are cut; elsewhere they are whole, and the longest don't count.
StatColumns stat_columns(std::size_t terminal, std::size_t longest_path, std::size_t size) noexcept {
  constexpr std::size_t kLongestPath = 60;
  constexpr std::size_t kBar = 30;
  constexpr std::size_t kLeastPath = 10;
  constexpr std::size_t kAround = 6;  // spaces and the stroke, and the last column, which many terminals wrap at
  if (terminal == 0) return {std::min(kLongestPath, longest_path), kBar};
  const std::size_t room = terminal > size + kAround ? terminal - size - kAround : 0;
  const std::size_t bar = std::min(kBar, room / 3);
  const std::size_t path = std::min(longest_path, std::max(room - bar, kLeastPath));
  return {path, std::min(kBar, room > path ? room - path : 0)};
}

}  // namespace

std::string short_hex(const CheckpointId& id) { return to_hex(id).substr(0, 8); }

std::string checkpoint_name(const CheckpointInfo& info) { return fmt::format("{} {}", info.number, short_hex(info.id)); }

std::string decorations(const Session& session, const CheckpointInfo& info, const CheckpointInfo* head) {
  std::string out;
  const auto append = [&](std::string_view text) { out += (out.empty() ? " (" : ", ") + std::string(text); };
  if (head != nullptr && head->number == info.number) append("HEAD");
  if (info.is_safety) append("safety");
  if (info.is_forgotten) append("forgotten");
  if (!info.line.empty()) append(session.quote(info.line));
  for (const std::string& tag : info.tags) append("tag: " + session.quote(tag));
  return out.empty() ? out : out + ")";
}

std::optional<std::string> previous_of(Repository& repository, const CheckpointInfo& info) {
  if (info.parents.empty()) return std::nullopt;
  try {
    return to_hex(repository.resolve(to_hex(info.id) + "~1").id);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_revision) throw;
    return std::nullopt;
  }
}

std::string subject(const Session& session, const CheckpointInfo& info) {
  const std::string_view message = info.message;
  return session.safe_text(message.substr(0, message.find('\n')));
}

std::string message_block(const Session& session, const CheckpointInfo& info) {
  std::string_view message = info.message;
  while (message.ends_with('\n')) message.remove_suffix(1);
  std::string out;
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = message.substr(0, end);
    out += line.empty() ? "\n" : "    " + session.safe_text(line) + '\n';
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  return out;
}

std::string_view change_name(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::added:
      return "added";
    case ChangeKind::removed:
      return "removed";
    case ChangeKind::modified:
      return "modified";
    case ChangeKind::metadata:
      return "metadata";
    case ChangeKind::renamed:
      return "renamed";
  }
  return "modified";
}

char change_letter(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::added:
      return 'A';
    case ChangeKind::removed:
      return 'D';
    case ChangeKind::modified:
      return 'M';
    case ChangeKind::metadata:
      return 'm';
    case ChangeKind::renamed:
      return 'R';
  }
  return 'M';
}

std::string colored_change(const Session& session, ChangeKind kind, std::string_view text) {
  switch (kind) {
    case ChangeKind::added:
      return session.colored("32", text);
    case ChangeKind::removed:
      return session.colored("31", text);
    case ChangeKind::renamed:
      return session.colored("36", text);
    default:
      return session.colored("33", text);
  }
}

std::string change_sizes(const Session& session, const Change& change) {
  std::string out;
  if (change.size_before && change.size_after && change.size_before != change.size_after) {
    out = fmt::format(" {} -> {}", session.size(*change.size_before), session.size(*change.size_after));
  } else if (const auto& size = change.size_after ? change.size_after : change.size_before) {
    out = " " + session.size(*size);
  }
  if (change.kind == ChangeKind::modified && change.bytes_changed > 0)
    out += fmt::format(", {} changed", session.size(change.bytes_changed));
  if (change.is_conflicted_type) out += fmt::format(", now a {}", type_name(change.type));
  return out.starts_with(',') ? out.substr(1) : out;
}

std::string change_path(const Session& session, const Change& change) {
  if (change.path.empty()) return ".";  // the top itself
  const std::string suffix = change.type == NodeType::directory ? "/" : "";
  if (!change.from) return session.quote(change.path + suffix);
  return session.quote(*change.from + suffix) + " -> " + session.quote(change.path + suffix);
}

std::string change_counts(const DiffReport& report) {
  const std::array<std::pair<std::uint64_t, const char*>, 5> counts{{{report.added, "added"},
                                                                     {report.removed, "removed"},
                                                                     {report.modified, "modified"},
                                                                     {report.metadata, "with new metadata"},
                                                                     {report.renamed, "renamed"}}};
  std::string out;
  for (const auto& [count, what] : counts)
    if (count > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, what);
  return out.empty() ? "nothing changed" : out;
}

std::string diff_stat(const Session& session, const DiffReport& report) {
  std::size_t longest = 0;
  std::size_t size_columns = 0;
  std::uint64_t most = 1;
  std::uint64_t total = 0;
  std::vector<std::pair<std::string, std::string>> cells;
  for (const Change& change : report.changes) {
    cells.emplace_back(change_path(session, change),
                       change.bytes_changed > 0 ? session.size(change.bytes_changed) : std::string(change_name(change.kind)));
    longest = std::max(longest, text_columns(cells.back().first));
    size_columns = std::max(size_columns, cells.back().second.size());
    most = std::max(most, change.bytes_changed);
    total += change.bytes_changed;
  }
  const StatColumns columns = stat_columns(session.out_columns, longest, size_columns);
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Change& change = report.changes[i];
    const std::string path =
        session.out_columns > 0 ? ending_of(cells[i].first, columns.path, session.environment.is_utf8) : cells[i].first;
    const std::size_t width = text_columns(path);
    const std::string padding(width < columns.path ? columns.path - width : 0, ' ');
    const double part = static_cast<double>(change.bytes_changed) / static_cast<double>(most);
    const std::size_t length = std::max<std::size_t>(1, static_cast<std::size_t>(part * static_cast<double>(columns.bar)));
    const std::string bar(change.bytes_changed == 0 || columns.bar == 0 ? 0 : length, '+');
    out += fmt::format(" {}{} | {:>{}}{}\n", path, padding, cells[i].second, size_columns,
                       bar.empty() ? bar : " " + colored_change(session, change.kind, bar));
  }
  return out + fmt::format(" {}; {}\n", change_counts(report), session.size(total));
}

std::string_view verdict_name(CaptureVerdict verdict) noexcept {
  switch (verdict) {
    case CaptureVerdict::clean:
      return "clean";
    case CaptureVerdict::retried:
      return "retried";
    case CaptureVerdict::prefix:
      return "prefix";
    case CaptureVerdict::torn:
      return "torn";
    case CaptureVerdict::kept:
      return "kept";
    case CaptureVerdict::unreadable:
      return "unreadable";
    case CaptureVerdict::assumed:
      return "assumed";
  }
  return "clean";
}

std::string_view liveness_name(Liveness live) noexcept {
  switch (live) {
    case Liveness::no:
      return "no";
    case Liveness::yes:
      return "yes";
    case Liveness::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view type_name(NodeType type) noexcept {
  switch (type) {
    case NodeType::file:
      return "file";
    case NodeType::directory:
      return "directory";
    case NodeType::symlink:
      return "symlink";
    case NodeType::fifo:
      return "fifo";
    case NodeType::char_device:
      return "char_device";
    case NodeType::block_device:
      return "block_device";
  }
  return "file";
}

std::string mode_text(NodeType type, std::uint32_t mode) {
  constexpr std::string_view kTypes = "?-dlpcb";
  std::string out(1, kTypes[static_cast<std::size_t>(type)]);
  for (unsigned shift = 6;; shift -= 3) {
    const std::uint32_t bits = mode >> shift;
    out += (bits & 4U) != 0 ? 'r' : '-';
    out += (bits & 2U) != 0 ? 'w' : '-';
    out += (bits & 1U) != 0 ? 'x' : '-';
    if (shift == 0) break;
  }
  const auto mark = [&](std::uint32_t bit, std::size_t place, char with_x, char without_x) {
    if ((mode & bit) != 0) out[place] = out[place] == 'x' ? with_x : without_x;
  };
  mark(04000, 3, 's', 'S');
  mark(02000, 6, 's', 'S');
  mark(01000, 9, 't', 'T');
  return out;
}

}  // namespace metamori::cmd
