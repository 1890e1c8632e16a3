#include "core/copy_bases.hpp"

#include "core/describe.hpp"

namespace metamori {
namespace {

constexpr std::size_t kAncestorsMax = 10'000;  ///< looked at for one whose content is there

}  // namespace

CopyBases::CopyBases(Engine& source, Engine& target, CopyRecords& records) : target_(target), records_(records) {
  for (const RecordSummary& record : source.log->summaries())
    if (record.kind != RecordKind::move) parents_.emplace(record.number, record.parents);
}

void CopyBases::look_again() {
  roots_.clear();
  last_.reset();
  newest_ = records_.newest_root();
}

void CopyBases::add(std::uint64_t number, const ChunkId& root) {
  roots_[number] = root;
  last_ = root;
}

void CopyBases::drop(std::uint64_t number) {
  roots_.erase(number);
  last_.reset();
}

std::optional<ChunkId> CopyBases::base_of(std::uint64_t number) {
  std::vector<Position> open = parents_[number];
  for (std::size_t looked = 0; !open.empty() && looked < kAncestorsMax; ++looked) {
    const Position position = open.back();
    open.pop_back();
    if (const auto root = roots_.find(position.number); root != roots_.end()) return root->second;
    if (records_.was_live(position.id))
      if (const auto root = find_content_root(target_, records_.position_of(position.id))) return root;
    const auto above = parents_.find(position.number);
    if (above != parents_.end()) open.insert(open.end(), above->second.begin(), above->second.end());
  }
  return last_ ? last_ : newest_;
}

}  // namespace metamori
