#pragma once

// What `HEAD` and the lines were in the past, derived from the records: the reflogs of this repository.

#include <string_view>
#include <vector>

#include "objects/record_log.hpp"

namespace metamori {

/// A value that a name took on, and when.
struct LogEntry {
  Position position;
  std::int64_t time_seconds = 0;
  std::uint64_t record = 0;  ///< number of the one that tells
};

/// Values of `HEAD`, oldest first, each differing from the one before. What was forgotten since is left out.
std::vector<LogEntry> head_log(const std::vector<RecordSummary>& records);
/// The checkpoints of a line, oldest first, without those forgotten.
std::vector<LogEntry> line_log(const std::vector<RecordSummary>& records, std::string_view line);

}  // namespace metamori
