#pragma once

#include <set>
#include <unordered_set>
#include <utility>

#include "core/engine.hpp"

namespace metamori {

/// What would be copied: chunks that the target lacks, and the frames that hold them.
class CopyCount {
 public:
  CopyCount(Engine& source, Engine& target) : source_(source), target_(target) {}
  /// Throws corrupt if the source lacks it.
  void want(const ChunkId& id) {
    if (target_.store->index().find_pack(id) || !wanted_.insert(id).second) return;
    const auto where = source_.store->index().find(id, true);
    if (!where) throw Error(ErrorKind::corrupt, "chunk " + to_hex(id) + " is missing: no pack holds it");
    if (frames_.emplace(where->pack->name(), where->offset).second) bytes_ += where->pack->frame(where->offset).size();
  }
  [[nodiscard]] std::uint64_t chunks() const noexcept { return wanted_.size(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  Engine& source_;
  Engine& target_;
  std::unordered_set<ChunkId> wanted_;
  std::set<std::pair<PackName, std::uint64_t>> frames_;
  std::uint64_t bytes_ = 0;
};

}  // namespace metamori
