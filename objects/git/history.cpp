#include "objects/history.hpp"

#include <algorithm>
#include <optional>

#include "base/files.hpp"
#include "objects/git/graph.hpp"
#include "objects/git/head_log.hpp"
#include "objects/git/regex.hpp"
#include "objects/git/repository_view.hpp"
#include "objects/git/revision.hpp"
#include "objects/git/suggestions.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMaxNumberDigits = 7;
constexpr std::size_t kMinIdDigits = 8;
constexpr std::size_t kMinShownDigits = 4;  // of what may be meant as an id
constexpr std::string_view kIdDigits = "0123456789abcdefABCDEF";
constexpr std::size_t kMaxIdDigits = 2 * CheckpointTag::size_bytes;
constexpr std::size_t kMaxCandidates = 10;
constexpr std::size_t kMaxNearIds = 3;

bool is_id_prefix(std::string_view text) {
  return text.size() >= kMinIdDigits && text.size() <= kMaxIdDigits && text.find_first_not_of(kIdDigits) == std::string_view::npos;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

Position position_of(const RecordSummary& record) { return {record.number, record.id}; }

}  // namespace

struct History::Impl {
  explicit Impl(RecordLog& the_log) : log(the_log) {}

  Position resolve(std::string_view text);
  Position resolve_base(const Revision& revision, std::string_view whole, bool& undo_counted);
  Position resolve_name(const std::string& name, std::string_view whole);
  Position resolve_number(std::uint64_t number, std::string_view name);
  Position resolve_prefix(const std::string& prefix);
  Position newest(const Position& found, std::string_view what);
  Position resolve_undo(std::uint64_t n);
  Position resolve_latest();
  Position resolve_past(const std::string& base, const std::string& at, std::string_view whole);
  Position resolve_date(const std::string& ref, const std::string& at, const std::vector<LogEntry>& entries, std::string_view whole);
  Position search(const std::string& text, const std::vector<Position>* from, std::string_view whole);
  Position take_step(const Position& from, const RevisionStep& step, std::string_view whole);
  bool message_matches(const Regex& pattern, std::uint64_t number);
  std::string describe_candidate(const Position& candidate);
  std::string ids_starting_with(const std::string& digits);
  std::string short_id_hint(std::string_view name);
  [[noreturn]] void fail_unknown(std::string_view name, std::string_view whole);

  RecordLog& log;
  std::unique_ptr<RepositoryView> view;  // libgit2: only once something needs it
  std::vector<CheckpointId> sorted_ids;  // for short ids
};

Position History::Impl::resolve(std::string_view text) {
  const Revision revision = parse_revision(text);
  if (log.highest() == 0) throw Error(ErrorKind::bad_revision, "no checkpoint yet", "make one with 'metamori checkpoint'");
  if (revision.text) return search(*revision.text, nullptr, text);
  bool undo_counted = false;
  Position position = resolve_base(revision, text, undo_counted);
  for (std::size_t i = undo_counted ? 1 : 0; i < revision.steps.size(); ++i) position = take_step(position, revision.steps[i], text);
  return position;
}

Position History::Impl::resolve_base(const Revision& revision, std::string_view whole, bool& undo_counted) {
  if (revision.at) return resolve_past(revision.base, *revision.at, whole);
  if (revision.base != "@undo") return resolve_name(revision.base, whole);
  undo_counted = !revision.steps.empty() && revision.steps.front().kind == RevisionStep::Kind::ancestor;
  return resolve_undo(undo_counted ? revision.steps.front().count : 0);
}

Position History::Impl::resolve_name(const std::string& name, std::string_view whole) {
  if (name == "HEAD" || name == "@") {
    const Position head = log.head();
    if (head.number == 0)
      throw Error(ErrorKind::bad_revision, "HEAD is before the first checkpoint", "name one of those that 'metamori log --all' lists");
    return head;
  }
  if (name == "latest") return resolve_latest();
  const bool has_sign = name.starts_with('#');
  if (const auto number = parse_digits(std::string_view(name).substr(has_sign ? 1 : 0), kMaxNumberDigits))
    return resolve_number(*number, name);
  if (has_sign) fail_unknown(name, whole);
  if (is_id_prefix(name)) return resolve_prefix(lower(name));
  for (const auto& [line, tip] : log.lines())
    if (line == name) return newest(tip, "where line " + quoted(line) + " ends");
  if (const auto tag = log.find_tag(name)) return *tag;
  fail_unknown(name, whole);
}

Position History::Impl::resolve_number(std::uint64_t number, std::string_view name) {
  if (number == 0 || number > log.highest())
    throw Error(ErrorKind::bad_revision, "there is no checkpoint with number " + std::to_string(number),
                "the highest number so far is " + std::to_string(log.highest()) + "; 'metamori log --all' lists the checkpoints" +
                    short_id_hint(name));
  const Record record = log.get(number);
  if (record.kind == RecordKind::move)
    throw Error(ErrorKind::bad_revision, "number " + std::to_string(number) + " is a move of HEAD, not a checkpoint",
                "'metamori log' lists the checkpoints");
  return {number, record.id()};
}

Position History::Impl::resolve_prefix(const std::string& prefix) {
  const Bytes whole_bytes = *from_hex(std::string_view(prefix).substr(0, prefix.size() / 2 * 2));
  std::vector<Position> found;
  for (const RecordSummary& record : log.summaries()) {
    if (record.kind == RecordKind::move || std::memcmp(record.id.bytes.data(), whole_bytes.data(), whole_bytes.size()) != 0) continue;
    if (to_hex(record.id).compare(0, prefix.size(), prefix) != 0) continue;
    // A checkpoint that was copied in twice is the same one; its first number counts.
    if (std::none_of(found.begin(), found.end(), [&](const Position& p) { return p.id == record.id; }))
      found.push_back(position_of(record));
  }
  if (found.size() == 1) return found.front();
  if (found.empty())
    throw Error(ErrorKind::bad_revision, "no checkpoint has an id that starts with " + quoted(prefix),
                "'metamori log' lists the checkpoints");
  std::string hint = "it could be";
  for (std::size_t i = 0; i < std::min(found.size(), kMaxCandidates); ++i) hint += "\n  " + describe_candidate(found[i]);
  if (found.size() > kMaxCandidates) hint += "\n  and " + std::to_string(found.size() - kMaxCandidates) + " more";
  throw Error(ErrorKind::bad_revision,
              quoted(prefix) + " is ambiguous: " + std::to_string(found.size()) + " checkpoints have an id that starts so", hint);
}

std::string History::Impl::describe_candidate(const Position& candidate) {
  std::string text = "#" + std::to_string(candidate.number) + " " + to_hex(candidate.id);
  try {
    const Commit commit = decode_commit(log.get(candidate.number).commit, "record");
    text += " " + local_time_text(commit.committer.seconds, commit.committer.offset_minutes);
    text += " " + commit.message.substr(0, commit.message.find('\n'));
  } catch (const Error&) {
    text += " (damaged)";
  }
  return text;
}

/// A later record that can't be read could be the one that was asked for.
Position History::Impl::newest(const Position& found, std::string_view what) {
  log.require_known(found.number, log.highest() + 1, what);
  return found;
}

Position History::Impl::resolve_undo(std::uint64_t n) {
  const std::vector<RecordSummary>& all = log.summaries();
  std::uint64_t count = 0;
  for (auto record = all.rbegin(); record != all.rend(); ++record)
    if (record->kind == RecordKind::safety && count++ == n) return newest(position_of(*record), "which safety checkpoint that is");
  if (count == 0) throw Error(ErrorKind::bad_revision, "there is no safety checkpoint", "a restore makes one");
  throw Error(ErrorKind::bad_revision,
              "there are only " + std::to_string(count) + " safety checkpoints: @undo to @undo~" + std::to_string(count - 1),
              "'metamori log --all' lists them");
}

Position History::Impl::resolve_latest() {
  if (const auto found = log.newest_checkpoint()) return newest(*found, "which checkpoint is the latest");
  throw Error(ErrorKind::bad_revision, "there is no checkpoint that was not forgotten", "'metamori log --all' lists everything");
}

Position History::Impl::resolve_past(const std::string& base, const std::string& at, std::string_view whole) {
  const bool is_head = base.empty() || base == "HEAD" || base == "@";
  const std::vector<RecordSummary>& all = log.summaries();
  const std::vector<LogEntry> entries = is_head ? head_log(all) : line_log(all, base);
  const std::string name = is_head ? "HEAD" : "line " + quoted(base);
  if (!is_head && entries.empty())
    throw Error(ErrorKind::bad_revision, quoted(whole) + ": there is no line " + quoted(base),
                "only HEAD and lines have a past; 'metamori log' lists the checkpoints");
  if (const auto n = parse_digits(at, kMaxNumberDigits)) {
    if (*n < entries.size()) {
      const LogEntry& entry = entries[entries.size() - 1 - static_cast<std::size_t>(*n)];
      log.require_known(entry.record, log.highest() + 1, "what " + quoted(whole) + " was");
      return entry.position;
    }
    throw Error(ErrorKind::bad_revision, quoted(whole) + ": " + name + " has had only " + std::to_string(entries.size()) + " values",
                "the first is @{0}");
  }
  return resolve_date(is_head ? kHeadRef : "refs/heads/" + base, at, entries, whole);
}

/// Dates in all the forms that git knows are libgit2's business.
Position History::Impl::resolve_date(const std::string& ref, const std::string& at, const std::vector<LogEntry>& entries,
                                     std::string_view whole) {
  if (!view) view = std::make_unique<RepositoryView>(log);
  const auto id = view->find(ref + "@{" + at + "}");
  if (id)
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (entry->position.id != *id) continue;
      const std::uint64_t next = entry == entries.rbegin() ? log.highest() + 1 : std::prev(entry)->record;
      log.require_known(entry->record, next, "what " + quoted(whole) + " was");
      return entry->position;
    }
  if (view->was_before_first()) {
    std::string hint = "'metamori log' lists the checkpoints";
    if (!entries.empty()) hint = "the first was at " + local_time_text(entries.front().time_seconds, 0);
    throw Error(ErrorKind::bad_revision, quoted(whole) + ": there was no checkpoint yet at that time", hint);
  }
  throw Error(ErrorKind::bad_revision, quoted(whole) + ": " + quoted(at) + " is not understood as a date",
              "dates are such as '2 hours ago' or '2026-11-20 01:40'");
}

bool History::Impl::message_matches(const Regex& pattern, std::uint64_t number) {
  const Record record = log.get(number);
  return record.kind != RecordKind::move && pattern.is_in(decode_commit(record.commit, "record " + std::to_string(number)).message);
}

Position History::Impl::search(const std::string& text, const std::vector<Position>* from, std::string_view whole) {
  const Regex pattern(text);
  std::optional<Position> found;
  const auto look = [&](const RecordSummary& record) {
    if (record.kind != RecordKind::tombstone && message_matches(pattern, record.number)) found = position_of(record);
    return !found;
  };
  if (from != nullptr) {
    Graph(log).visit(*from, look);
  } else {
    const std::vector<RecordSummary>& all = log.summaries();
    for (auto record = all.rbegin(); record != all.rend() && !found; ++record)
      if (record->kind == RecordKind::checkpoint) look(*record);
  }
  if (!found)
    throw Error(ErrorKind::bad_revision, quoted(whole) + ": no message contains " + quoted(text), "'metamori log' lists the checkpoints");
  return from != nullptr ? *found : newest(*found, "which checkpoint has that message last");
}

Position History::Impl::take_step(const Position& from, const RevisionStep& step, std::string_view whole) {
  if (step.kind == RevisionStep::Kind::search) {
    const std::vector<Position> start{from};
    return search(step.text, &start, whole);
  }
  const Graph graph(log);
  Position position = from;
  const bool is_parent = step.kind == RevisionStep::Kind::parent;
  for (std::uint64_t i = 0; i < (is_parent ? 1 : step.count); ++i) {
    const auto parent = graph.live_parent(position, is_parent ? step.count : 1);
    if (!parent && is_parent && step.count > 1)
      throw Error(ErrorKind::bad_revision,
                  quoted(whole) + ": checkpoint #" + std::to_string(position.number) + " has no parent " + std::to_string(step.count),
                  "~" + std::to_string(step.count) + " goes that many steps back");
    if (!parent)
      throw Error(ErrorKind::bad_revision, quoted(whole) + " goes back beyond the first checkpoint",
                  "#" + std::to_string(position.number) + " has none before it");
    position = *parent;
  }
  return position;
}

/// `: 3f2a9c01`, or nothing where none starts so, or too many.
std::string History::Impl::ids_starting_with(const std::string& digits) {
  std::string found;
  std::size_t count = 0;
  for (const RecordSummary& record : log.summaries()) {
    if (record.kind == RecordKind::move) continue;
    const std::string id = to_hex(record.id);
    if (!id.starts_with(digits)) continue;
    found += (found.empty() ? ": " : ", ") + id.substr(0, kMinIdDigits);
    if (++count > kMaxNearIds) return {};
  }
  return found;
}

/// For what could be the beginning of an id, if it were longer.
std::string History::Impl::short_id_hint(std::string_view name) {
  if (name.size() < kMinShownDigits || name.size() >= kMinIdDigits || name.find_first_not_of(kIdDigits) != std::string_view::npos)
    return {};
  return "; ids need at least 8 digits" + ids_starting_with(lower(std::string(name)));
}

void History::Impl::fail_unknown(std::string_view name, std::string_view whole) {
  std::vector<std::string> names{"HEAD", "latest", "@undo"};
  for (const auto& [line, tip] : log.lines()) names.push_back(line);
  for (const Tag& tag : log.tags()) names.push_back(tag.name);
  std::string hint;
  for (const std::string& near : near_names(name, names)) hint += (hint.empty() ? "did you mean " : " or ") + quoted(near);
  if (!hint.empty()) hint += "? ";
  hint += "'metamori log' lists the checkpoints";
  hint += short_id_hint(name);
  if (name.find("..") != std::string_view::npos) hint = "A..B names two checkpoints: 'metamori diff' and 'metamori log' take that";
  std::string message = "there is no line, tag or checkpoint " + quoted(name);
  if (name != whole) message = quoted(whole) + ": " + message;
  throw Error(ErrorKind::bad_revision, message, hint);
}

History::History(RecordLog& log) : impl_(std::make_unique<Impl>(log)) {}
History::~History() = default;

Position History::resolve(std::string_view revision) { return impl_->resolve(revision); }

std::vector<Position> History::walk(const std::vector<Position>& from, std::size_t limit) {
  std::vector<Position> result;
  if (limit == 0) return result;
  Graph(impl_->log).visit(from, [&](const RecordSummary& record) {
    if (record.kind != RecordKind::tombstone) result.push_back(position_of(record));
    return result.size() < limit;
  });
  return result;
}

bool History::is_ancestor(const Position& ancestor, const Position& descendant) {
  return Graph(impl_->log).is_ancestor(ancestor, descendant);
}

std::string History::short_id(const CheckpointId& id) {
  std::vector<CheckpointId>& ids = impl_->sorted_ids;
  auto place = std::lower_bound(ids.begin(), ids.end(), id);
  if (place == ids.end() || *place != id) {
    ids.clear();
    for (const RecordSummary& record : impl_->log.summaries())
      if (record.kind != RecordKind::move) ids.push_back(record.id);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    place = std::lower_bound(ids.begin(), ids.end(), id);
  }
  const std::string text = to_hex(id);
  std::size_t digits = kMinIdDigits;
  const auto tell_apart = [&](const CheckpointId& other) {
    if (other == id) return;
    const std::string other_text = to_hex(other);
    const auto differing = std::mismatch(text.begin(), text.end(), other_text.begin()).first;
    digits = std::max(digits, static_cast<std::size_t>(differing - text.begin()) + 1);
  };
  if (place != ids.begin()) tell_apart(*(place - 1));
  if (place != ids.end()) tell_apart(*place);
  if (place != ids.end() && place + 1 != ids.end()) tell_apart(*(place + 1));
  return text.substr(0, digits);
}

bool History::libgit2_awake() const noexcept { return impl_->view != nullptr; }

}  // namespace metamori
