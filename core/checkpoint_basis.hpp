#pragma once

#include <optional>
#include <vector>

#include "core/scan.hpp"

namespace metamori {

/// What a checkpoint builds on: the record that HEAD names, and the number the new one would get. Both come from one read of the log.
struct Basis {
  Position head;
  std::uint64_t number = 1;
  std::optional<CheckpointRecord> parent;  ///< nothing also where it was forgotten and its content is gone
  /// Records that are damaged or missing and had to be passed over: HEAD is what the newest one says that can be read.
  std::vector<std::uint64_t> damaged;
};
Basis read_basis(Engine& engine);

/// How to scan for a checkpoint on `basis`. Throws corrupt if only some paths are wanted and the record that holds the rest is damaged.
ScanOptions scan_options(const CheckpointOptions& options, const Basis& basis);

}  // namespace metamori
