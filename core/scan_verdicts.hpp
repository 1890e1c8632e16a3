#pragma once

// Verdicts of a scan as a whole: in order, and with what the parent has to say.

#include <vector>

#include "core/scan.hpp"

namespace metamori {

/// By path; of several for one path, the gravest.
void sort_verdicts(std::vector<PathVerdict>& verdicts);

/// The verdicts of the checkpoint that a scan builds on. Throws corrupt where they can't be read but are needed.
class ParentVerdicts {
 public:
  ParentVerdicts(Engine& engine, ChunkSource& source, const ScanOptions& options) : engine_(engine), source_(source), options_(options) {}
  /// What `grafts` did not replace in a scoped scan is the parent's, with its verdicts.
  void carry_over(const Grafts& grafts, std::vector<PathVerdict>& verdicts) const;
  /// The version that was kept may be a torn one: keeping it makes it no better.
  void judge_kept(std::vector<PathVerdict>& verdicts) const;

 private:
  [[nodiscard]] std::vector<PathVerdict> read() const;

  Engine& engine_;
  ChunkSource& source_;
  const ScanOptions& options_;
};

}  // namespace metamori
