#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/assert.hpp"
#include "tests/support/sim_log.hpp"

namespace metamori::test {
namespace {

using Place = std::pair<InodeId, std::string>;

enum class Fate { lost, kept, torn };

bool is_random(CrashKind kind) noexcept { return kind == CrashKind::random || kind == CrashKind::random_reordered; }

}  // namespace

std::vector<CrashVariant> crash_variants(std::uint64_t seed_count) {
  std::vector<CrashVariant> variants;
  for (const CrashKind kind : {CrashKind::all_lost, CrashKind::all_kept, CrashKind::data_lost_names_kept, CrashKind::data_zeroed,
                               CrashKind::names_lost_data_kept, CrashKind::two_names})
    variants.push_back({kind, 0});
  for (const CrashKind kind : {CrashKind::torn, CrashKind::random, CrashKind::random_reordered})
    for (std::uint64_t seed = 1; seed <= seed_count; ++seed) variants.push_back({kind, seed});
  return variants;
}

std::string to_string(const CrashVariant& variant) {
  static constexpr std::array<std::string_view, 11> kNames{"all lost",
                                                           "all kept",
                                                           "data lost, names kept",
                                                           "data zeroed",
                                                           "names lost, data kept",
                                                           "torn",
                                                           "two names",
                                                           "random",
                                                           "random, reordered",
                                                           "one lost",
                                                           "one kept"};
  std::string text(kNames.at(static_cast<std::size_t>(variant.kind)));
  if (variant.seed != 0 || variant.kind == CrashKind::one_lost || variant.kind == CrashKind::one_kept)
    text += ", seed " + std::to_string(variant.seed);
  return text;
}

/// Decides for each operation whether the cut left it on the disk.
class SimLog::Chooser {
 public:
  Chooser(const SimLog& log, std::size_t events, const CrashVariant& variant)
      : log_(log),
        events_(events),
        count_(log.last_entry(events)),
        kind_(variant.kind),
        random_(variant.seed * 0x9e3779b97f4a7c15 + events) {
    // Rates differ from state to state: some lose nearly everything, some nearly nothing.
    static constexpr std::array<unsigned, 4> kPercent{5, 30, 70, 95};
    percent_data_ = kPercent[random_() % kPercent.size()];
    percent_names_ = kPercent[random_() % kPercent.size()];
    if (kind_ == CrashKind::one_lost || kind_ == CrashKind::one_kept) {
      const std::vector<std::size_t> losable = log.losable(events);
      if (!losable.empty()) one_ = losable[variant.seed % losable.size()];
    }
    find_needed_names();
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

  Fate fate(std::size_t index, const PageWrite& write) {
    if (is_durable(index)) return Fate::kept;
    const std::pair page{write.file, write.page};
    if (lost_pages_.contains(page)) return Fate::lost;
    const Fate fate = is_before_one(index, page) ? Fate::kept : data_fate(index);
    if (fate != Fate::kept && kind_ != CrashKind::torn) lost_pages_.insert(page);
    return fate;
  }
  Fate fate(std::size_t index, const SizeChange& /*change*/) {
    if (is_durable(index)) return Fate::kept;
    if (is_random(kind_)) return coin(percent_data_);
    if (const auto fate = one_fate(index)) return *fate;
    return kind_ == CrashKind::all_lost || kind_ == CrashKind::data_lost_names_kept ? Fate::lost : Fate::kept;
  }
  Fate fate(std::size_t index, const AttributeChange& /*change*/) {
    if (is_durable(index)) return Fate::kept;
    if (is_random(kind_)) return coin(percent_data_);
    if (const auto fate = one_fate(index)) return *fate;
    return kind_ == CrashKind::all_lost ? Fate::lost : Fate::kept;
  }
  Fate fate(std::size_t index, const NameChange& change) {
    if (needed_[index]) return Fate::kept;
    const bool ordered = kind_ != CrashKind::random_reordered && kind_ != CrashKind::one_lost && kind_ != CrashKind::one_kept;
    const bool follows_lost =
        lost_places_.contains({change.dir, change.name}) ||
        (change.has_two_places() && lost_places_.contains({change.to_dir, change.to_name})) ||
        (ordered && (lost_directories_.contains(change.dir) || (change.has_two_places() && lost_directories_.contains(change.to_dir))));
    const Fate fate = follows_lost ? Fate::lost : name_fate(index);
    if (fate == Fate::lost) {
      lost_places_.insert({change.dir, change.name});
      if (change.has_two_places()) lost_places_.insert({change.to_dir, change.to_name});
      lost_directories_.insert(change.has_two_places() ? change.to_dir : change.dir);
    }
    return fate;
  }
  static Fate fate(std::size_t /*index*/, const Birth& /*birth*/) { return Fate::kept; }

  bool leaves_source(std::size_t index, const NameChange& change, const SimInode& moved) {
    if (change.kind != NameChangeKind::move || !change.crosses_directories() || S_ISDIR(moved.mode)) return false;
    if (log_.entries_[index].source_durable_from <= events_) return false;
    return kind_ == CrashKind::two_names || (is_random(kind_) && coin(25) == Fate::kept);
  }

  std::uint64_t cut_of(const PageWrite& write) {
    const std::uint64_t first = write.begin / kSectorBytes;
    const std::uint64_t last = (write.end + kSectorBytes - 1) / kSectorBytes;
    const std::uint64_t cut = (first + random_() % (last - first + 1)) * kSectorBytes;
    return std::clamp(cut, write.begin, write.end);
  }

 private:
  [[nodiscard]] bool is_durable(std::size_t index) const { return log_.entries_[index].durable_from <= events_; }
  Fate coin(unsigned percent_kept) { return random_() % 100 < percent_kept ? Fate::kept : Fate::lost; }

  /// With `one_lost` and `one_kept`.
  [[nodiscard]] std::optional<Fate> one_fate(std::size_t index) const {
    if (kind_ == CrashKind::one_lost) return index == one_ ? Fate::lost : Fate::kept;
    if (kind_ == CrashKind::one_kept) return index == one_ ? Fate::kept : Fate::lost;
    return std::nullopt;
  }
  /// An earlier write to the page of the one that is kept: of one page's writes a prefix is.
  [[nodiscard]] bool is_before_one(std::size_t index, const std::pair<InodeId, std::uint64_t>& page) const {
    if (kind_ != CrashKind::one_kept || index >= one_ || one_ >= count_) return false;
    const auto* const write = std::get_if<PageWrite>(&log_.entries_[one_].operation);
    return write != nullptr && std::pair{write->file, write->page} == page;
  }

  Fate data_fate(std::size_t index) {
    if (const auto fate = one_fate(index)) return *fate;
    switch (kind_) {
      case CrashKind::all_lost:
      case CrashKind::data_lost_names_kept:
      case CrashKind::data_zeroed:
        return Fate::lost;
      case CrashKind::torn:
        return Fate::torn;
      case CrashKind::random:
      case CrashKind::random_reordered:
        return random_() % 8 == 0 ? Fate::torn : coin(percent_data_);
      default:
        return Fate::kept;
    }
  }
  Fate name_fate(std::size_t index) {
    if (const auto fate = one_fate(index)) return *fate;
    if (is_random(kind_)) return coin(percent_names_);
    return kind_ == CrashKind::all_lost || kind_ == CrashKind::names_lost_data_kept ? Fate::lost : Fate::kept;
  }

  /// Changes of names that are durable or the one to be kept, and those they need.
  void find_needed_names() {
    needed_.assign(count_, false);
    std::set<Place> needed_places;
    for (std::size_t i = count_; i-- > 0;) {
      const auto* const change = std::get_if<NameChange>(&log_.entries_[i].operation);
      if (change == nullptr) continue;
      const Place first{change->dir, change->name};
      const Place second{change->to_dir, change->to_name};
      const bool is_kept = is_durable(i) || (kind_ == CrashKind::one_kept && i == one_);
      if (!is_kept && !needed_places.contains(first) && !(change->has_two_places() && needed_places.contains(second))) continue;
      needed_[i] = true;
      needed_places.insert(first);
      if (change->has_two_places()) needed_places.insert(second);
    }
  }

  const SimLog& log_;
  std::size_t events_;
  std::size_t count_;
  CrashKind kind_;
  std::size_t one_ = kNever;  ///< what `one_lost` and `one_kept` are about
  std::mt19937_64 random_;
  unsigned percent_data_ = 0;
  unsigned percent_names_ = 0;
  std::vector<bool> needed_;
  std::set<std::pair<InodeId, std::uint64_t>> lost_pages_;
  std::set<Place> lost_places_;
  std::set<InodeId> lost_directories_;
};

void SimLog::start(const SimDisk& disk) {
  base_ = disk;
  event_names_.clear();
  entries_.clear();
  unsynced_.clear();
  unsynced_sources_.clear();
}

void SimLog::add(Operation operation) {
  MM_ASSERT(!event_names_.empty());
  const std::size_t index = entries_.size();
  if (const auto* const change = std::get_if<NameChange>(&operation)) {
    unsynced_[change->has_two_places() ? change->to_dir : change->dir].push_back(index);
    if (change->crosses_directories()) unsynced_sources_[change->dir].push_back(index);
  } else if (const auto* const write = std::get_if<PageWrite>(&operation)) {
    unsynced_[write->file].push_back(index);
  } else if (const auto* const size = std::get_if<SizeChange>(&operation)) {
    unsynced_[size->file].push_back(index);
  } else if (const auto* const attribute = std::get_if<AttributeChange>(&operation)) {
    unsynced_[attribute->inode].push_back(index);
  }
  entries_.push_back({std::move(operation), event_names_.size() - 1});
}

void SimLog::sync_inode(InodeId inode) {
  for (const std::size_t index : std::exchange(unsynced_[inode], {})) entries_[index].durable_from = event_count();
  for (const std::size_t index : std::exchange(unsynced_sources_[inode], {})) entries_[index].source_durable_from = event_count();
}

void SimLog::sync_all() {
  for (const auto& [inode, indexes] : std::exchange(unsynced_, {}))
    for (const std::size_t index : indexes) entries_[index].durable_from = event_count();
  for (const auto& [inode, indexes] : std::exchange(unsynced_sources_, {}))
    for (const std::size_t index : indexes) entries_[index].source_durable_from = event_count();
}

std::size_t SimLog::last_entry(std::size_t events) const {
  const auto end = std::partition_point(entries_.begin(), entries_.end(), [events](const Entry& entry) { return entry.event < events; });
  return static_cast<std::size_t>(end - entries_.begin());
}

std::vector<std::size_t> SimLog::losable(std::size_t events) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < last_entry(events); ++i)
    if (entries_[i].durable_from > events && !std::holds_alternative<Birth>(entries_[i].operation)) found.push_back(i);
  return found;
}

SimDisk SimLog::after_cut(std::size_t events, const CrashVariant& variant) const {
  SimDisk disk = base_;
  Chooser chooser(*this, events, variant);
  for (std::size_t i = 0; i < chooser.count(); ++i) {
    const Operation& operation = entries_[i].operation;
    const Fate fate = std::visit([&](const auto& one) { return chooser.fate(i, one); }, operation);
    if (fate == Fate::lost) continue;
    if (fate == Fate::torn) {
      PageWrite part = std::get<PageWrite>(operation);
      part.end = chooser.cut_of(part);
      if (part.after != nullptr && part.end > part.begin) disk.apply(part);
      continue;
    }
    const auto* const change = std::get_if<NameChange>(&operation);
    if (change != nullptr && chooser.leaves_source(i, *change, disk.inode(change->inode)))
      disk.apply_keeping_source(*change);
    else
      disk.apply(operation);
  }
  disk.repair();
  return disk;
}

}  // namespace metamori::test
