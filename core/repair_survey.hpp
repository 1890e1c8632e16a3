#pragma once

// What stands in `checkpoints/`, and what records, references and caches say of each other.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/repair_run.hpp"
#include "objects/record_log_cache.hpp"
#include "objects/record_salvage.hpp"

namespace metamori {

/// Numbers that nobody has: a hostile file's name must not keep us for ever.
inline constexpr std::uint64_t kMaxGap = 1ULL << 17;

class RecordSurvey {
 public:
  /// What later ones have to know of a record.
  struct Seen {
    RecordKind kind = RecordKind::checkpoint;
    Position self;
    std::optional<Position> head_after;
    std::string line;
    std::int64_t time = 0;
  };

  explicit RecordSurvey(RepairRun& run);
  /// Takes notice of a record that is sound, or was made so.
  void note(const Record& record);
  /// Whole records that an earlier run put aside are among those found from now on.
  void look_in_quarantine();
  /// What is known of a record without reading it.
  [[nodiscard]] RecordHints hints_for(std::uint64_t number) const;
  /// Where HEAD was before record `number`: what that record says was its parent, if it was a checkpoint.
  [[nodiscard]] Position head_before(std::uint64_t number) const;
  [[nodiscard]] std::string line_of(std::uint64_t number) const;

  std::uint64_t highest = 0;                ///< number that was ever given, as far as anybody still knows
  std::set<std::uint64_t> sound;            ///< single records
  std::set<std::uint64_t> folded;           ///< in sound files
  std::map<std::uint64_t, Bytes> damaged;   ///< single ones, by the name of their file
  std::map<std::uint64_t, Bytes> found;     ///< whole ones, by their own number
  std::map<std::uint64_t, Bytes> salvaged;  ///< from damaged files of folded ones
  std::vector<std::string> damaged_folded;
  std::map<std::uint64_t, Seen> seen;
  std::map<std::uint64_t, CheckpointId> named;  ///< as others name them

 private:
  void gather();
  Bytes read(const std::string& name, std::uint64_t limit);
  void add_single(std::uint64_t number, const std::string& name);
  void add_folded(std::uint64_t first, std::uint64_t last, const std::string& name);
  void find_highest();
  void take(std::uint64_t number);
  void take_history(const HistoryCache& history);
  std::optional<Bytes> read_cache(const char* name);
  void take_apart(ByteView bytes);

  RepairRun& run_;
  Engine& engine_;
  std::uint64_t listed_ = 0;  ///< the highest number that a file is named after
  std::map<CheckpointId, std::uint64_t> numbers_;
  std::map<std::uint64_t, std::string> lines_;  ///< as what came after tells
  bool looked_in_quarantine_ = false;
};

}  // namespace metamori
