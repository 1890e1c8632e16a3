#pragma once

// Summaries of all records, kept from one look to the next, in memory and in `cache/history`.
//
// What is derived from the records stays sound though others write at the same time:
// - A record that is replaced (by a tombstone) gets a new inode. Listing the directory tells the inodes, and those that differ are read
//   again. Nothing is listed while the directory's stamp is the one the summaries were made under and was not fresh then.
// - An inode may come back after several replacements. So each is announced in `cache/replaced` before it is done, and what was announced
//   since the summaries were made is read again. One that can't be announced (the cache is not writable) is still seen by its inode, the
//   first time.

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "objects/record_log_cache.hpp"

namespace metamori {

/// Not thread-safe.
class RecordSummaries {
 public:
  RecordSummaries(RecordFiles& files, RecordLogCache& cache) : files_(files), cache_(cache) {}
  /// Of all records that can be read, ascending. They stay where they are while nothing changes.
  const std::vector<RecordSummary>& all();
  /// See RecordLog::damaged. `highest` tells the highest number published.
  std::vector<std::uint64_t> damaged(const std::function<std::uint64_t()>& highest);
  /// See RecordLog::keep_summaries.
  void keep();
  /// Looks at the directory again, whatever its times say: a record was replaced.
  void distrust() noexcept { history_.settled = false; }

 private:
  void load();
  void save();
  void forget_replaced(HistoryCache& next);
  bool is_damaged(std::uint64_t number);
  [[nodiscard]] bool is_known(const RecordPlace& place, std::size_t at) const;
  bool are_all_known(const std::vector<RecordPlace>& places, bool& all_sound);
  void read_places(const std::vector<RecordPlace>& places, HistoryCache& next, std::size_t& changed_count);
  void link_parents(const Record& tombstone, RecordSummary& summary, const HistoryCache& next);

  RecordFiles& files_;
  RecordLogCache& cache_;
  bool is_loaded_ = false;
  HistoryCache history_;
  std::optional<std::vector<std::uint64_t>> damaged_;  // told by damaged(), of this history
  std::size_t unsaved_count_ = 0;
  bool is_saved_settled_ = false;                            // what the file says
  std::unordered_map<CheckpointId, std::uint64_t> numbers_;  // of ids, while records are read
  std::size_t numbered_count_ = 0;
};

}  // namespace metamori
