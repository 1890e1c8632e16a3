#include "objects/pack_index_merge.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <queue>

namespace metamori {
namespace {

/// One sorted input of the merge: a pack's own index or a level, read in order.
class Source {
 public:
  Source(std::shared_ptr<const PackReader> pack, std::uint32_t number)
      : pack_(std::move(pack)), numbers_{number}, end_(pack_->entry_count()) {
    read();
  }
  Source(std::shared_ptr<const IndexLevel> level, std::vector<std::optional<std::uint32_t>> numbers)
      : level_(std::move(level)), numbers_(std::move(numbers)), end_(level_->row_count()) {
    read();
  }
  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
  [[nodiscard]] const LevelRow& current() const noexcept { return current_; }
  void next() {
    ++at_;
    read();
  }

 private:
  /// Stops at the next row that is wanted, with its pack's number in the result.
  void read() {
    for (; at_ != end_; ++at_) {
      current_ = pack_ ? LevelRow{pack_->entry(at_), 0} : level_->row(at_);
      if (const auto number = numbers_[current_.pack]) {
        current_.pack = *number;
        return;
      }
    }
  }

  std::shared_ptr<const PackReader> pack_;
  std::shared_ptr<const IndexLevel> level_;
  std::vector<std::optional<std::uint32_t>> numbers_;  ///< from the source's packs to the result's; nothing: not wanted
  std::uint64_t at_ = 0;
  std::uint64_t end_;
  LevelRow current_;
};

bool comes_later(const Source* a, const Source* b) noexcept {
  const int order = std::memcmp(a->current().entry.id.bytes.data(), b->current().entry.id.bytes.data(), ChunkTag::size_bytes);
  return order != 0 ? order > 0 : a->current().pack > b->current().pack;
}

/// Packs of the result with the input that gives each: packs first, then levels.
std::map<PackName, std::size_t> assign_packs(const MergeInput& input, const std::vector<PackName>& alive) {
  std::map<PackName, std::size_t> giver;
  for (std::size_t i = 0; i < input.packs.size(); ++i) giver.emplace(input.packs[i]->name(), i);
  for (std::size_t i = 0; i < input.levels.size(); ++i) {
    for (const PackName& name : input.levels[i]->packs()) {
      if (std::binary_search(alive.begin(), alive.end(), name)) giver.emplace(name, input.packs.size() + i);
    }
  }
  return giver;
}

}  // namespace

void merge_levels(const MergeInput& input, const std::vector<PackName>& alive, const LevelWriter::Write& write) {
  const std::map<PackName, std::size_t> giver = assign_packs(input, alive);
  std::vector<PackName> names;
  std::map<PackName, std::uint32_t> numbers;
  for (const auto& [name, unused] : giver) {
    numbers.emplace(name, static_cast<std::uint32_t>(names.size()));
    names.push_back(name);
  }
  std::vector<Source> sources;
  sources.reserve(input.packs.size() + input.levels.size());
  for (std::size_t i = 0; i < input.packs.size(); ++i) {
    if (giver.at(input.packs[i]->name()) == i) sources.emplace_back(input.packs[i], numbers.at(input.packs[i]->name()));
  }
  for (std::size_t i = 0; i < input.levels.size(); ++i) {
    std::vector<std::optional<std::uint32_t>> mapped;
    for (const PackName& name : input.levels[i]->packs()) {
      const auto found = giver.find(name);
      const bool ours = found != giver.end() && found->second == input.packs.size() + i;
      mapped.push_back(ours ? std::optional(numbers.at(name)) : std::nullopt);
    }
    sources.emplace_back(input.levels[i], std::move(mapped));
  }
  std::priority_queue<Source*, std::vector<Source*>, decltype(&comes_later)> queue(comes_later);
  for (Source& source : sources) {
    if (!source.at_end()) queue.push(&source);
  }
  LevelWriter writer(std::move(names), write);
  while (!queue.empty()) {
    Source* first = queue.top();
    queue.pop();
    writer.add(first->current());
    first->next();
    if (!first->at_end()) queue.push(first);
  }
  writer.finish();
}

}  // namespace metamori
