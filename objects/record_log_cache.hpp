#pragma once

// `cache/latest`, `cache/history` and `cache/replaced`: derived from the records, checksummed, replaced by rename, never believed when
// anything is odd.

#include <optional>
#include <vector>

#include "objects/record_log.hpp"
#include "objects/record_log_files.hpp"

namespace metamori {

/// The highest number, and the state of `checkpoints/` in which it was seen.
struct LatestHint {
  std::uint64_t number = 0;
  DirectoryStamp stamp;
  friend bool operator==(const LatestHint&, const LatestHint&) = default;
};
Bytes encode_latest(const LatestHint& hint);
std::optional<LatestHint> decode_latest(ByteView bytes);

/// Which records were replaced, told before each replacement: inodes are used again, so a file's alone does not tell for sure that it is
/// the same.
struct ReplacedList {
  std::uint64_t token = 0;             ///< random, of this list; 0: there is none
  std::vector<std::uint64_t> numbers;  ///< in the order in which they were replaced
};
Bytes encode_replaced(const ReplacedList& list);
std::optional<ReplacedList> decode_replaced(ByteView bytes);

/// Summaries of the records, and which files they were read from.
struct HistoryCache {
  DirectoryStamp stamp;                  ///< of `checkpoints/`, taken before it was read
  bool settled = false;                  ///< nothing can have changed in the same tick as `stamp`
  std::uint64_t replaced_token = 0;      ///< of the list of replaced records
  std::uint64_t replaced_count = 0;      ///< how many of it were known
  std::vector<RecordSummary> summaries;  ///< ascending
  std::vector<std::uint64_t> inodes;     ///< of the files, one for each summary
};
Bytes encode_history(const HistoryCache& history);
std::optional<HistoryCache> decode_history(ByteView bytes);

/// The files. One that can't be read, or is not sound, is none; one that can't be written costs time, nothing else.
class RecordLogCache {
 public:
  RecordLogCache(System& system, const RepositoryDirs& dirs) : system_(system), dirs_(dirs) {}
  std::optional<LatestHint> latest();
  void keep(const LatestHint& latest);
  std::optional<HistoryCache> history();
  void keep(const HistoryCache& history);
  /// With token 0 if there is none.
  ReplacedList replaced();
  /// To be told before these records are replaced.
  void announce_replaced(const std::vector<std::uint64_t>& numbers);

 private:
  std::optional<Bytes> read(const char* name);
  void write(const char* name, ByteView bytes);
  System& system_;
  const RepositoryDirs& dirs_;
};

}  // namespace metamori
