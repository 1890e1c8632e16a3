#include "objects/git/head_log.hpp"

#include <unordered_set>

namespace metamori {

std::vector<LogEntry> head_log(const std::vector<RecordSummary>& records) {
  std::unordered_set<std::uint64_t> forgotten;
  for (const RecordSummary& record : records)
    if (record.kind == RecordKind::tombstone) forgotten.insert(record.number);
  std::vector<LogEntry> log;
  std::int64_t time = 0;  // moves have none of their own: they follow their safety checkpoint
  for (const RecordSummary& record : records) {
    if (record.kind != RecordKind::move) time = record.time_seconds;
    const Position& head = record.head_after;
    if (record.kind == RecordKind::tombstone || head.number == 0 || forgotten.contains(head.number)) continue;
    if (log.empty() || log.back().position != head) log.push_back({head, time, record.number});
  }
  return log;
}

std::vector<LogEntry> line_log(const std::vector<RecordSummary>& records, std::string_view line) {
  std::vector<LogEntry> log;
  for (const RecordSummary& record : records)
    if (record.kind == RecordKind::checkpoint && record.line == line)
      log.push_back({{record.number, record.id}, record.time_seconds, record.number});
  return log;
}

}  // namespace metamori
