// What checkpoints and paths take. Everything is told from the packs' indexes and from the chunks that hold ids of others: no file's
// content is read.

#include <algorithm>
#include <set>

#include "core/describe.hpp"
#include "core/lineage.hpp"
#include "core/looking.hpp"
#include "core/paths.hpp"
#include "core/stats_marks.hpp"

namespace metamori {
namespace {

class Stats {
 public:
  Stats(Engine& engine, const StatsOptions& options)
      : engine_(engine),
        options_(options),
        path_(checked_path(options.path)),
        damaged_(engine.log->damaged()),
        checkpoints_(engine.log->summaries(), true),
        table_(engine),
        meter_(engine.system, options.control, checkpoints_.size()),
        marks_(table_, meter_) {}

  StatsReport run() {
    if (options_.revision) chosen_ = chosen_checkpoint();
    count_records();
    for (std::size_t i = 0; i < checkpoints_.size(); ++i) mark(i);
    sum_up();
    if (options_.by_checkpoint) tell_checkpoints();
    if (options_.revision) tell_chosen();
    if (options_.by_path) tell_paths();
    report_.damaged = std::move(damaged_);
    return std::move(report_);
  }

 private:
  static std::uint32_t owner(std::size_t index) noexcept { return static_cast<std::uint32_t>(index + 1); }

  [[nodiscard]] std::size_t chosen_checkpoint() const {
    const Position position = engine_.history->resolve(*options_.revision);
    const std::size_t index = checkpoints_.find(position.number);
    if (index == Lineage::kNone)
      throw Error(ErrorKind::bad_revision, "checkpoint " + std::to_string(position.number) + " was forgotten",
                  "'metamori log' lists those there are");
    return index;
  }

  void count_records() {
    std::set<std::string> lines;
    for (const RecordSummary& record : engine_.log->summaries()) {
      if (record.kind == RecordKind::checkpoint) lines.insert(record.line);
      report_.checkpoints += record.kind == RecordKind::checkpoint ? 1 : 0;
      report_.safety_checkpoints += record.kind == RecordKind::safety ? 1 : 0;
      report_.forgotten += record.kind == RecordKind::tombstone ? 1 : 0;
    }
    report_.lines = lines.size();
    const int directory = engine_.dirs.checkpoints.get();
    for (const DirectoryName& name : list_directory(engine_.system, directory, "checkpoints"))
      if (const auto found = find_stat(engine_.system, directory, name.name.c_str(), "checkpoints/" + name.name))
        report_.record_bytes += found->size_bytes;
  }

  /// Everything that a checkpoint needs.
  void walk(const DecodedCheckpoint& checkpoint, NodeVisitor& visitor) const {
    walk_root(*engine_.store, checkpoint.content.root, 1, visitor);
    for (const StreamRef* ref :
         {&checkpoint.content.rules, &checkpoint.content.verdicts, &checkpoint.content.scope, &checkpoint.record.touched})
      walk_stream(*engine_.store, *ref, 1, visitor);
  }

  void mark(std::size_t index) {
    const DecodedCheckpoint checkpoint = get_checkpoint(engine_, checkpoints_.position(index));
    report_.files.logical += checkpoint.content.bytes;
    StatsMarks::Owner visitor(marks_, owner(index));
    walk(checkpoint, visitor);
    meter_.step();
  }

  void sum_up() {
    report_.packs = table_.pack_count();
    report_.pack_bytes = table_.pack_bytes();
    for (std::uint32_t i = 0; i < table_.size(); ++i)
      marks_.add_to(marks_.mark(i) == 0 ? report_.unused : marks_.is_content(i) ? report_.files : report_.structure, i);
    report_.unused.unique += table_.copied_raw_bytes();
    report_.unused.stored += table_.copied_stored_bytes();
    report_.unused.chunks += table_.copies();
  }

  void tell_checkpoints() {
    const std::vector<StatsAmount> alone = marks_.sums(checkpoints_.size() + 1);
    Describer describer(engine_);
    for (std::size_t i = checkpoints_.size(); i-- > 0;) {
      CheckpointStats stats;
      stats.checkpoint = describer.describe(checkpoints_.position(i), false);
      stats.whole.logical = stats.checkpoint.bytes_total;
      stats.only_here = alone[owner(i)];
      report_.by_checkpoint.push_back(std::move(stats));
    }
  }

  void tell_chosen() {
    const Position position = checkpoints_.position(chosen_);
    CheckpointStats stats;
    stats.checkpoint = describe_checkpoint(engine_, position, false);
    StatsMarks own(table_, meter_);
    StatsMarks::First visitor(own, [](const Entry&, std::uint32_t tag) { return tag; });
    if (path_.empty()) {
      walk(get_checkpoint(engine_, position), visitor);
      stats.whole.logical = stats.checkpoint.bytes_total;
    } else {
      const Entry entry = get_entry(position);
      walk_entry(*engine_.store, entry, 1, visitor);
      stats.whole.logical = entry.type == EntryType::directory ? entry.bytes_below : entry.size_bytes();
    }
    for (std::uint32_t i = 0; i < table_.size(); ++i) {
      if (own.mark(i) == 0) continue;
      own.add_to(stats.whole, i);
      if (marks_.mark(i) == owner(chosen_)) own.add_to(stats.only_here, i);
    }
    report_.checkpoint = std::move(stats);
  }

  [[nodiscard]] Entry get_entry(const Position& position) const {
    auto entry = find_entry_at(position);
    if (!entry)
      throw Error(ErrorKind::usage, "checkpoint " + std::to_string(position.number) + " has no " + quoted(path_),
                  "'metamori ls' lists what it has", path_);
    return std::move(*entry);
  }

  [[nodiscard]] std::optional<Entry> find_entry_at(const Position& position) const {
    return find_path(*engine_.store, get_root(*engine_.store, get_checkpoint(engine_, position).content.root), path_);
  }

  /// The rows of `by_path`; a tag is a row's number from 1.
  class Rows {
   public:
    Rows(std::string top, std::uint32_t depth) : depth_(depth) { add(std::move(top), 0); }
    std::uint32_t below(std::uint32_t tag, const std::string& name) {
      if (levels_[tag - 1] == depth_) return tag;
      const std::string& directory = rows_[tag - 1].path;
      std::string path = directory.empty() ? name : directory + '/' + name;
      if (const auto known = tags_.find(path); known != tags_.end()) return known->second;
      return add(std::move(path), levels_[tag - 1] + 1);
    }
    PathStats& row(std::uint32_t tag) { return rows_[tag - 1]; }
    std::vector<PathStats> take() { return std::move(rows_); }

   private:
    std::uint32_t add(std::string path, std::uint32_t level) {
      const auto tag = static_cast<std::uint32_t>(rows_.size() + 1);
      tags_.emplace(path, tag);
      rows_.push_back({std::move(path), 0, {}});
      levels_.push_back(level);
      return tag;
    }
    std::uint32_t depth_;
    std::vector<PathStats> rows_;
    std::vector<std::uint32_t> levels_;
    std::unordered_map<std::string, std::uint32_t> tags_;
  };

  void tell_paths() {
    StatsMarks first(table_, meter_);
    Rows rows(path_, options_.depth);
    const auto count = [&](const Entry& entry, std::uint32_t tag) {
      if (entry.type != EntryType::file || entry.content_unknown || entry.content.length == 0 || !first.meet(entry.content.id)) return;
      ++rows.row(tag).versions;
      rows.row(tag).amount.logical += entry.content.length;
    };
    StatsMarks::First visitor(first, [&](const Entry& entry, std::uint32_t tag) {
      const std::uint32_t own = rows.below(tag, entry.name);
      count(entry, own);
      return own;
    });
    for (std::size_t i = options_.revision ? chosen_ : 0; i < (options_.revision ? chosen_ + 1 : checkpoints_.size()); ++i) {
      const std::optional<Entry> entry = options_.revision ? get_entry(checkpoints_.position(i)) : find_entry_at(checkpoints_.position(i));
      if (!entry) continue;
      count(*entry, 1);
      walk_entry(*engine_.store, *entry, 1, visitor);
    }
    report_.by_path = rows.take();
    const std::vector<StatsAmount> amounts = first.sums(report_.by_path.size() + 1);
    for (std::size_t i = 0; i < report_.by_path.size(); ++i) {
      StatsAmount& amount = report_.by_path[i].amount;
      const std::uint64_t logical = amount.logical;
      amount = amounts[i + 1];
      amount.logical = logical;
    }
    std::erase_if(report_.by_path, [](const PathStats& row) { return row.amount.chunks == 0 && row.versions == 0; });
    std::stable_sort(report_.by_path.begin(), report_.by_path.end(),
                     [](const PathStats& a, const PathStats& b) { return a.amount.stored > b.amount.stored; });
  }

  Engine& engine_;
  const StatsOptions& options_;
  std::string path_;
  std::vector<std::uint64_t> damaged_;
  Lineage checkpoints_;
  ChunkTable table_;
  LookMeter meter_;
  StatsMarks marks_;
  StatsReport report_;
  std::size_t chosen_ = Lineage::kNone;
};

}  // namespace

StatsReport stats(Engine& engine, const StatsOptions& options) {
  if (!options.path.empty() && !options.revision && !options.by_path)
    throw Error(ErrorKind::usage, "a path needs a checkpoint that it is in");
  return Stats(engine, options).run();
}

}  // namespace metamori
